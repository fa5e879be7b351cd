"""`ultra env` on the command line: what it prints, what it writes, and with which exit code."""

import io
import json
import os
import stat
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from ultra.cli.main import run

SECRET = "a-secret-of-the-tests-that-is-long-enough-0123"


@dataclass(frozen=True, slots=True)
class Said:
    """What a command left behind."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """What it printed, as JSON."""
        return json.loads(self.out)


Env = Callable[..., Said]


@pytest.fixture
def env(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Env:
    """Run `ultra env` in an empty folder, with nothing in the environment and nobody at the terminal."""
    for name in os.environ:
        if (
            name.startswith("ULTRA_")
            or name.endswith(("_API_KEY", "_URL"))
            or name in ("ENVIRONMENT", "EDITOR", "VISUAL")
        ):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)

    def command(*arguments: str, stdin: str | bytes = "") -> Said:
        data = stdin.encode() if isinstance(stdin, str) else stdin
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(data)))
        code = run(["env", *arguments])
        out, err = capsys.readouterr()
        return Said(code, out, err)

    return command


def local(environment: str = "development") -> Path:
    """Return the local file of an environment in the current folder."""
    return Path(f".env.{environment}.local")


def test_a_value_is_read_from_standard_input(env: Env) -> None:
    """A secret stands on no command line, and is not shown."""
    said = env("set", "OPENAI_API_KEY", stdin=f"{SECRET}\n")
    assert (said.code, said.err) == (0, "")
    assert said.out.startswith("OPENAI_API_KEY=******** is written to .env.development.local.")
    assert local().read_text().endswith(f"OPENAI_API_KEY={SECRET}\n")
    assert stat.S_IMODE(local().stat().st_mode) == 0o600


def test_a_secret_on_the_command_line_is_warned_of(env: Env) -> None:
    """It is written all the same; a setting that is no secret gets no warning."""
    said = env("set", f"OPENAI_API_KEY={SECRET}", "ULTRA_PORT=9000")
    assert said.code == 0
    assert said.err.count("stood on the command line") == 1
    assert SECRET not in said.out + said.err
    assert "ULTRA_PORT=9000" in said.out


@pytest.mark.parametrize(
    "arguments",
    [
        ["set", "ULTRA_PROT=1"],
        ["set", ""],
        ["set", "=1"],
        ["set", "../../etc=1"],
        ["set", "; touch pwn=1"],
        ["set", "ENVIRONMENT=production"],
        ["set", "ULTRA_PORT=1", "ULTRA_PORT=2"],
        ["set", "ULTRA_PORT=1", "--environment", ""],
        ["set", "ULTRA_PORT=1", "--environment", "../../etc"],
        ["set", "ULTRA_PORT=1", "--environment", "; touch pwn"],
        ["set", "OPENAI_API_KEY"],
        ["set", "OPENAI_API_KEY", "GEMINI_API_KEY"],
        ["set"],
        ["get", "ULTRA_PROT"],
        ["unset", "../../etc"],
        ["unset", ""],
        ["init", "-e", "Production"],
        ["generate", "ULTRA_PORT"],
        ["generate", "--rotate"],
        ["generate", "ULTRA_TEST_MODE_SECRET", "-e", "production"],
        ["diff", "development", "staging"],
        ["switch", ""],
        ["switch", "staging"],
        ["switch", "; touch pwn"],
        ["switch", "../../etc"],
        ["switch", "production", "--force", "extra"],
    ],
)
def test_wrong_usage_writes_nothing(env: Env, arguments: list[str]) -> None:
    """Unknown names and environments are refused with 2, and no file is made."""
    said = env(*arguments)
    assert said.code == 2
    assert said.err
    assert not list(Path().iterdir())


def test_an_unknown_name_says_what_was_meant(env: Env) -> None:
    """The nearest setting is suggested, or where a name of one's own comes from."""
    assert "Did you mean ULTRA_PORT?" in env("set", "ULTRA_PROT=1").err
    assert "ultra.toml" in env("set", "QQQQ=1").err
    assert "Did you mean ULTRA_CSRF_KEY?" in env("generate", "ULTRA_CSRF").err


@pytest.mark.parametrize("word", ["ULTRA_PORT=70000", "ULTRA_CSRF_KEY=short", "ULTRA_SIGNING_KEYS=k1:short"])
def test_a_bad_value_is_refused(env: Env, word: str) -> None:
    """A value out of bounds and a weak secret are refused with 78, a sentence, and without the value."""
    said = env("set", word)
    assert said.code == 78
    assert word.partition("=")[2] not in said.err.replace("shorter", "")
    assert not list(Path().iterdir())


def test_what_is_possible_and_would_not_start_is_said(env: Env) -> None:
    """A setting may wait for another one: it is written, and the error is shown."""
    said = env("set", "ULTRA_WORKERS=2", "--environment", "production")
    assert said.code == 0
    assert "needs PostgreSQL" in said.err
    assert "would not start like this" in said.err


def test_a_higher_source_is_named(env: Env, monkeypatch: pytest.MonkeyPatch) -> None:
    """Writing what something else overrides would look like a change and be none."""
    monkeypatch.setenv("ULTRA_PORT", "1")
    assert "process environment gives ULTRA_PORT, too, and wins" in env("set", "ULTRA_PORT=2").err


def test_values_are_shown_masked(env: Env) -> None:
    """`show` and `get` mask secrets unless they are told otherwise, and say where a value stands."""
    env("set", "OPENAI_API_KEY", stdin=SECRET)
    env("set", "ULTRA_PORT=9000")
    shown = env("show")
    assert SECRET not in shown.out
    assert "ULTRA_PORT" in shown.out
    assert env("get", "OPENAI_API_KEY").out == "********\n"
    assert env("get", "OPENAI_API_KEY", "--reveal").out == f"{SECRET}\n"
    assert env("get", "ULTRA_PORT", "--json").json == {
        "name": "ULTRA_PORT", "value": "9000", "place": ".env.development.local, line 4"
    }  # fmt: skip
    assert env("show", "--json", "--reveal").json["OPENAI_API_KEY"]["value"] == SECRET
    assert "every setting has its default" in env("show", "-e", "testing").out
    missing = env("get", "ULTRA_HOST")
    assert (missing.code, missing.out) == (66, "")
    assert "ultra config explain" in missing.err


def test_a_file_with_a_bad_line_is_shown_as_far_as_it_goes(env: Env) -> None:
    """What can be read is, and the line is named beside it; nothing a terminal would obey gets through."""
    local().write_text("ULTRA_HOST='a\x1b[2Jb'\nnot a line\n")
    said = env("show")
    assert "line 2" in said.err
    assert "a[2Jb" in said.out


def test_settings_are_removed(env: Env) -> None:
    """A name that does not stand there is an error that suggests one that does; a misspelt one that does goes, too."""
    local().write_text("ULTRA_PORT=9000\nULTRA_PROT=1\n")
    said = env("unset", "ULTRA_PORTT")
    assert said.code == 2
    assert "Did you mean ULTRA_PORT?" in said.err
    assert env("unset", "ULTRA_HOST").code == 66
    assert env("unset", "ULTRA_PROT").code == 0
    assert "is removed" in env("unset", "ULTRA_PORT").out
    assert "ULTRA_PORT" not in local().read_text()


def test_missing_secrets_are_made_once(env: Env) -> None:
    """Production gets three that it accepts; a second time there is nothing to make, and nothing is shown."""
    made = env("generate", "-e", "production", "--json").json
    assert made["made"] == ["ULTRA_SIGNING_KEYS", "ULTRA_CSRF_KEY", "ULTRA_KEY_PEPPER"]
    before = local("production").read_text()
    again = env("generate", "-e", "production")
    assert "nothing was changed" in again.out
    assert local("production").read_text() == before
    env("set", "ULTRA_PUBLIC_ORIGIN=https://ultra.example", "-e", "production")
    assert env("validate", "-e", "production").code == 0


def test_an_empty_line_is_a_missing_secret(env: Env) -> None:
    """It is filled in its place."""
    local("production").write_text("ULTRA_CSRF_KEY= # forms\nULTRA_PORT=1\n")
    env("generate", "-e", "production")
    lines = local("production").read_text().splitlines()
    assert lines[0].startswith("ULTRA_CSRF_KEY=")
    assert lines[0].endswith(" # forms")
    assert len(lines) == 4


def test_secrets_are_made_anew_on_purpose_only(env: Env) -> None:
    """`--rotate` keeps what still has to be checked, `--force` keeps nothing, and without them it is refused."""
    env("generate", "-e", "production")
    first = env("get", "ULTRA_SIGNING_KEYS", "-e", "production", "--reveal").out.strip()
    refused = env("generate", "ULTRA_SIGNING_KEYS", "-e", "production")
    assert refused.code == 66
    assert "--rotate" in refused.err
    rotated = env("generate", "--rotate", "ULTRA_SIGNING_KEYS", "-e", "production")
    assert "still checks" in rotated.out
    both = env("get", "ULTRA_SIGNING_KEYS", "-e", "production", "--reveal").out.strip()
    assert both.endswith(f",{first}")
    forced = env("generate", "--force", "ULTRA_SIGNING_KEYS", "-e", "production")
    assert "access tokens" in forced.out
    assert first not in env("get", "ULTRA_SIGNING_KEYS", "-e", "production", "--reveal").out
    assert "," not in env("get", "ULTRA_SIGNING_KEYS", "-e", "production", "--reveal").out
    assert env("generate", "--rotate", "ULTRA_CSRF_KEY", "-e", "production").code == 0


def test_a_secret_from_elsewhere_is_changed_there(env: Env, monkeypatch: pytest.MonkeyPatch) -> None:
    """A fresh one in the file would never count."""
    monkeypatch.setenv("ULTRA_CSRF_KEY", SECRET)
    said = env("generate", "--force", "ULTRA_CSRF_KEY", "-e", "production")
    assert said.code == 66
    assert "process environment" in said.err
    assert not list(Path().iterdir())


def test_the_secret_of_the_test_mode_is_made_when_it_is_named(env: Env) -> None:
    """Testing alone has one, and needs none."""
    assert "ULTRA_TEST_MODE_SECRET" not in env("generate", "-e", "testing").out
    assert env("generate", "ULTRA_TEST_MODE_SECRET", "-e", "testing").code == 0
    assert "ULTRA_TEST_MODE_SECRET=" in local("testing").read_text()


def test_a_file_is_begun_once(env: Env) -> None:
    """The second time it stays as it is."""
    assert "Made .env.production.local" in env("init", "-e", "production").out
    before = local("production").read_text()
    assert "stays as it is" in env("init", "-e", "production").out
    assert local("production").read_text() == before


def editor(text: str, code: int = 0) -> str:
    """Return an editor that writes `text` into its file and ends with `code`."""
    Path("editor.py").write_text(
        f"import sys, pathlib\npathlib.Path(sys.argv[1]).write_text({text!r})\nsys.exit({code})\n"
    )
    return f"{sys.executable} {Path('editor.py').resolve()}"


def test_an_edited_copy_takes_the_place_of_the_file(env: Env, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was edited is judged, written, and closed to others."""
    monkeypatch.setenv("EDITOR", editor("ULTRA_PORT=9000\n"))
    assert env("edit").code == 0
    assert local().read_text() == "ULTRA_PORT=9000\n"
    assert stat.S_IMODE(local().stat().st_mode) == 0o600
    assert "Nothing was changed" in env("edit").out


@pytest.mark.parametrize(("text", "code", "exits"), [("ULTRA_PORT=none\n", 0, 78), ("ULTRA_PORT=2\n", 1, 66)])
def test_a_bad_edit_changes_nothing(
    env: Env, monkeypatch: pytest.MonkeyPatch, text: str, code: int, exits: int
) -> None:
    """A value that is wrong, or an editor that gives up, leaves the file alone, and no copy behind."""
    local().write_text("ULTRA_PORT=1\n")
    local().chmod(0o600)
    monkeypatch.setenv("VISUAL", editor(text, code))
    said = env("edit")
    assert said.code == exits
    assert "Nothing was changed" in said.out + said.err
    assert local().read_text() == "ULTRA_PORT=1\n"
    assert {each.name for each in Path().iterdir()} == {local().name, "editor.py"}


def test_without_an_editor_nothing_hangs(env: Env, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where nobody sits and none is named, or the one that is named is not there, that is said."""
    assert "EDITOR=" in env("edit").err
    monkeypatch.setenv("EDITOR", "/no/such/editor")
    said = env("edit")
    assert said.code == 66
    assert "cannot be started" in said.err


def test_environments_are_compared(env: Env) -> None:
    """Defaults count, secrets are masked."""
    env("generate", "-e", "production")
    found = env("diff", "development", "production", "--json").json
    assert found["ULTRA_MOCK_SERVERS"] == {"development": "true", "production": "false"}
    assert found["ULTRA_CSRF_KEY"] == {"development": None, "production": "********"}
    assert "ULTRA_PORT" not in found
    assert "ULTRA_MOCK_SERVERS" in env("diff", "development", "production").out


def test_the_environments_are_listed(env: Env) -> None:
    """Which is in force, which files are there, and which could start."""
    env("set", "ULTRA_PORT=9000", "-e", "testing")
    told = env("list", "--json").json
    assert (told["in_force"], told["place"]) == ("development", "default")
    facts = {each["environment"]: each for each in told["environments"]}
    assert (facts["testing"]["mode"], facts["testing"]["settings"]) == ("0600", ["ULTRA_PORT"])
    assert facts["development"]["errors"] == 0 < facts["production"]["errors"]
    said = env("list").out
    assert "in force" in said
    assert "no: 4 errors" in said


def test_a_switch_is_refused_with_all_that_is_missing(env: Env) -> None:
    """Each missing thing is named, with the command that makes it; nothing is written."""
    said = env("switch", "production")
    assert said.code == 78
    for word in ("ULTRA_PUBLIC_ORIGIN", "ULTRA_SIGNING_KEYS", "set-env.sh generate", "set-env.sh set", "--force"):
        assert word in said.err
    assert "ULTRA_MOCK_SERVERS" in said.out
    assert not list(Path().iterdir())
    assert env("switch", "production", "--json").json["outcome"] == "refused"


def test_a_switch_is_made(env: Env) -> None:
    """Forced or not, `.env` names the target; a second time there is nothing to do."""
    assert "Switched" in env("switch", "testing").out
    assert "nothing was changed" in env("switch", "testing").out
    forced = env("switch", "production", "--force", "--json")
    assert (forced.code, forced.json["outcome"], forced.json["from"]) == (0, "switched", "testing")
    assert Path(".env").read_text().endswith("ENVIRONMENT=production\n")
    assert env("switch").out.startswith("production is in force (.env, line 2).")
    assert env("switch", "--json").json == {"in_force": "production", "place": ".env, line 2", "env_file": "production"}


def test_a_variable_that_wins_is_named(env: Env, monkeypatch: pytest.MonkeyPatch) -> None:
    """`.env` is written, but this shell would not notice."""
    monkeypatch.setenv("ENVIRONMENT", "development")
    assert "unset ENVIRONMENT" in env("switch", "testing").err
    assert "unset ENVIRONMENT" in env("switch").out


def test_a_word_that_is_no_environment_can_be_left(env: Env) -> None:
    """Where one stands is said; what needs an environment asks for it; a switch leads out."""
    Path(".env").write_text("ENVIRONMENT=prod\n")
    assert env("switch").code == 78
    assert env("show").code == 78
    assert "None is in force" in env("list").err
    assert env("show", "-e", "testing").code == 0
    assert "no environment" in env("switch", "testing").out
    assert Path(".env").read_text() == "ENVIRONMENT=testing\n"


def test_a_file_that_cannot_be_written_is_named(env: Env) -> None:
    """The operating system's reason is passed on."""
    local().symlink_to(local())
    for arguments in (["set", "ULTRA_PORT=1"], ["generate"], ["init"], ["unset", "ULTRA_PORT"]):
        said = env(*arguments)
        assert said.code == 66
        assert ".env.development.local cannot be written: " in said.err
