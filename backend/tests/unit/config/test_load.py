"""Every source, in order; every problem at once; no value in any problem."""

import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.system import FakeSystem
from ultra import config
from ultra.config import ConfigurationInvalid, Loaded, declarations, load


def write(path: Path, text: str, mode: int = 0o600) -> Path:
    """Make a file with its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)
    return path


def read(folder: Path, environ: Mapping[str, str] | None = None, **overrides: object) -> Loaded:
    """Load with nothing else given."""
    return load(environ=environ or {}, folder=folder, overrides=overrides, system=FakeSystem())


def problems(folder: Path, environ: Mapping[str, str] | None = None, **overrides: object) -> dict[str, str]:
    """Load, expecting a refusal; return each problem under its setting."""
    with pytest.raises(ConfigurationInvalid) as caught:
        read(folder, environ, **overrides)
    return {problem.setting: str(problem) for problem in caught.value.problems}


def test_nothing_given_is_development_with_its_defaults(tmp_path: Path) -> None:
    """An empty folder and an empty environment give a working development configuration."""
    settings = read(tmp_path).settings
    assert (settings.environment, settings.host, settings.port, settings.mock_servers) == (
        "development",
        "127.0.0.1",
        8080,
        True,
    )
    assert settings.data_dir == tmp_path / "var"
    assert settings.database_url.reveal() == f"sqlite:///{tmp_path}/var/ultra.db"


SOURCES = ("override", "process", "secrets", "local", "template", "default")


@pytest.mark.parametrize("highest", range(len(SOURCES)))
def test_the_highest_source_wins_and_says_what_it_overrode(tmp_path: Path, highest: int) -> None:
    """With a setting in this source and in all lower ones, this one is in force and the lower ones are overridden."""
    present = SOURCES[highest:]
    environ = {"ULTRA_SECRETS_DIR": str(tmp_path / "secrets")}
    (tmp_path / "secrets").mkdir(mode=0o700)
    overrides: dict[str, object] = {}
    if "override" in present:
        overrides["ULTRA_PORT"] = 1001
    if "process" in present:
        environ["ULTRA_PORT"] = "1002"
    if "secrets" in present:
        write(tmp_path / "secrets" / "ULTRA_PORT", "1003\n")
    if "local" in present:
        write(tmp_path / ".env.development.local", "ULTRA_PORT=1004\n")
    if "template" in present:
        write(tmp_path / ".env.development", "ULTRA_PORT=1005\n")
    loaded = read(tmp_path, environ, **overrides)
    origin = loaded.origins["ULTRA_PORT"]
    expected = {"override": 1001, "process": 1002, "secrets": 1003, "local": 1004, "template": 1005, "default": 8080}
    assert loaded.settings.port == expected[present[0]]
    assert origin.in_force.kind == present[0]
    assert tuple(each.kind for each in origin.overrode) == present[1:]


def test_dotenv_chooses_the_environment_and_the_process_overrules_it(tmp_path: Path) -> None:
    """`.env` says which environment it is unless the process environment does."""
    write(tmp_path / ".env", "ENVIRONMENT=testing\n")
    write(tmp_path / ".env.testing", "ULTRA_PORT=9001\n")
    write(tmp_path / ".env.production", "ULTRA_PORT=9002\n")
    assert read(tmp_path).settings.port == 9001
    assert read(tmp_path, {"ENVIRONMENT": "production"}).settings.port == 9002


@pytest.mark.parametrize("name", ["Development", "prod", "TESTING", "", " development", "staging"])
def test_any_other_environment_refuses(tmp_path: Path, name: str) -> None:
    """Only three exact words are environments."""
    assert "exactly" in problems(tmp_path, {"ENVIRONMENT": name})["ENVIRONMENT"]


def test_dotenv_holds_the_environment_only(tmp_path: Path) -> None:
    """Another name in `.env` is refused with the files it belongs into."""
    write(tmp_path / ".env", "ENVIRONMENT=testing\nULTRA_PORT=1\n")
    assert ".env.testing.local" in problems(tmp_path)["ULTRA_PORT"]


@pytest.mark.parametrize("where", ["process", "template", "secrets", "override"])
def test_an_unknown_name_is_refused_with_the_nearest(tmp_path: Path, where: str) -> None:
    """A misspelt setting is an error wherever it stands, and the nearest name is suggested."""
    environ = {}
    overrides: dict[str, object] = {}
    if where == "process":
        environ["ULTRA_PROT"] = "1"
    if where == "template":
        write(tmp_path / ".env.development", "ULTRA_PROT=1\n")
    if where == "secrets":
        environ["ULTRA_SECRETS_DIR"] = str(write(tmp_path / "s" / "ULTRA_PROT", "1").parent)
    if where == "override":
        overrides["ULTRA_PROT"] = 1
    assert "ULTRA_PORT" in problems(tmp_path, environ, **overrides)["ULTRA_PROT"]


def test_foreign_names_are_ignored_in_the_process_and_refused_in_files(tmp_path: Path) -> None:
    """PATH is none of our business; OPENAI_APIKEY in a file of ours is a mistake that would lose a key."""
    assert read(tmp_path, {"PATH": "/bin", "OPENAI_APIKEY": "x"}).settings.openai_api_key.reveal() is None
    write(tmp_path / ".env.development.local", "OPENAI_APIKEY=x\n")
    assert "OPENAI_API_KEY" in problems(tmp_path)["OPENAI_APIKEY"]


def test_a_file_may_hold_a_variable_that_the_toml_refers_to(tmp_path: Path) -> None:
    """`api_key = "env:GROQ_API_KEY"` makes that name known, and the key is read from the file."""
    write(tmp_path / ".env.development.local", "GROQ_API_KEY=gsk-canary\n")
    write(tmp_path / "ultra.toml", '[[providers]]\nname = "groq"\npreset = "groq"\napi_key = "env:GROQ_API_KEY"\n')
    assert read(tmp_path).keys["groq"].reveal() == "gsk-canary"


def test_every_problem_is_named_at_once_and_none_shows_a_value(tmp_path: Path) -> None:
    """Types, bounds, unknown names, files and the toml are judged together; the values stay out of it."""
    canaries = ["CANARY1", "CANARY2", "CANARY3", "CANARY4", "CANARY5"]
    write(tmp_path / ".env.development", "ULTRA_WORKERS=CANARY1\nOPENAI_API_KEY=CANARY2\nnonsense line here\n")
    write(tmp_path / ".env.development.local", "ULTRA_LOG_LEVEL=CANARY3\n", 0o644)
    write(tmp_path / "ultra.toml", '[aliases]\nfast = "CANARY4"\n')
    environ = {"ULTRA_OPENAI_BASE_URL": "ftp://CANARY5", "ULTRA_NOPE": "1", "ULTRA_RUN_BUDGET_USD": "-3"}
    with pytest.raises(ConfigurationInvalid) as caught:
        read(tmp_path, environ)
    text = str(caught.value) + repr(caught.value.problems)
    named = {problem.setting for problem in caught.value.problems}
    assert {
        "ULTRA_WORKERS",
        "OPENAI_API_KEY",
        ".env.development",
        ".env.development.local",
        "ULTRA_LOG_LEVEL",
        "ultra.toml, aliases.fast[0]",
        "ULTRA_OPENAI_BASE_URL",
        "ULTRA_NOPE",
        "ULTRA_RUN_BUDGET_USD",
    } <= named
    assert not [canary for canary in canaries if canary in text]
    assert caught.value.exit_code == 78


SAMPLES = [each for each in declarations() if each.name not in ("ENVIRONMENT", "ULTRA_SECRETS_DIR")]


@given(st.sampled_from(SAMPLES), st.text(min_size=6, max_size=30).filter(str.isprintable))
def test_a_bad_value_never_shows_in_its_problem(tmp_path_factory: pytest.TempPathFactory, declared, value: str) -> None:
    """Whatever is written into whichever setting, no problem repeats it."""
    canary = f"zq{value}qz"
    try:
        load(environ={declared.name: canary}, folder=Path("/nonexistent/folder"))
    except ConfigurationInvalid as invalid:
        assert canary not in str(invalid)  # noqa: PT017 - valid values are welcome too


def test_the_local_file_must_be_closed(tmp_path: Path) -> None:
    """A file of secrets that others may read is refused with the command to run."""
    path = write(tmp_path / ".env.development.local", "ULTRA_PORT=1\n", 0o640)
    assert f"chmod 600 {path}" in problems(tmp_path)[".env.development.local"]


def test_a_secrets_directory_that_others_may_write_to_is_refused(tmp_path: Path) -> None:
    """Somebody else could put a key there."""
    folder = write(tmp_path / "s" / "OPENAI_API_KEY", "sk").parent
    folder.chmod(0o777)
    assert "chmod go-w" in problems(tmp_path, {"ULTRA_SECRETS_DIR": str(folder)})["ULTRA_SECRETS_DIR"]


def test_mounted_files_may_be_symlinks_in_lower_case_beside_foreign_ones(tmp_path: Path) -> None:
    """Docker names them in lower case, Kubernetes links them through `..data`, and both mount other things too."""
    target = write(tmp_path / "s" / "..data" / "key", "sk-mounted\n", 0o644)
    (tmp_path / "s" / "openai_api_key").symlink_to(target)
    write(tmp_path / "s" / "postgres-password", "x")
    loaded = read(tmp_path, {"ULTRA_SECRETS_DIR": str(tmp_path / "s")})
    assert loaded.settings.openai_api_key.reveal() == "sk-mounted"
    assert loaded.origins["OPENAI_API_KEY"].in_force.kind == "secrets"


def test_a_committed_template_holds_no_secret(tmp_path: Path) -> None:
    """A key, or a password in an address, is refused there; an address without one is fine."""
    write(tmp_path / ".env.development", "DATABASE_URL=postgresql://u:CANARY@h/d\nGEMINI_API_KEY=CANARY\n")
    found = problems(tmp_path)
    assert ".env.development.local" in found["DATABASE_URL"]
    assert ".env.development.local" in found["GEMINI_API_KEY"]
    write(tmp_path / ".env.development", "DATABASE_URL=postgresql://h/d\n")
    assert read(tmp_path).settings.database_url.scheme == "postgresql"


@dataclass(frozen=True)
class Known:
    """A compatible server that is known by name."""

    base_url: str
    key_setting: str | None = None


def test_a_preset_says_where_its_key_usually_is(tmp_path: Path) -> None:
    """Known by its name alone, a preset says nothing of keys."""
    write(tmp_path / "ultra.toml", '[[providers]]\nname = "lc"\npreset = "llamacpp"\n')
    presets = {"llamacpp": Known("http://127.0.0.1:8081/v1", "LLAMA_KEY")}
    made = load(environ={"LLAMA_KEY": "k"}, folder=tmp_path, presets=presets)
    assert made.keys["lc"].reveal() == "k"
    assert load(environ={}, folder=tmp_path, presets=["llamacpp"]).keys == {}


def test_a_broken_configuration_is_read_as_far_as_it_goes(tmp_path: Path) -> None:
    """Wrong values have their defaults, so that the rest can be judged; a wrong environment ends the reading."""
    reading = config.read(environ={"ULTRA_PORT": "many", "ULTRA_WORKERS": "3"}, folder=tmp_path)
    assert [each.setting for each in reading.problems] == ["ULTRA_PORT"]
    assert (reading.loaded.settings.port, reading.loaded.settings.workers) == (8080, 3)
    assert config.read(environ={"ENVIRONMENT": "prod"}, folder=tmp_path).loaded is None


def test_an_empty_value_unsets_and_wins(tmp_path: Path) -> None:
    """`OPENAI_API_KEY= ultra serve` runs without the key of the file below; a setting that needs a value refuses."""
    write(tmp_path / ".env.development.local", "OPENAI_API_KEY=sk-file\nULTRA_CA_FILE=/x.pem\n")
    settings = read(tmp_path, {"OPENAI_API_KEY": "", "ULTRA_CA_FILE": ""}).settings
    assert settings.openai_api_key.reveal() is None
    assert settings.ca_file is None
    assert "empty" in problems(tmp_path, {"ULTRA_PORT": ""})["ULTRA_PORT"]


def test_testing_gets_a_fresh_database_each_time(tmp_path: Path) -> None:
    """Two readings in testing never share a file."""
    system = FakeSystem()
    urls = {
        load(environ={"ENVIRONMENT": "testing"}, folder=tmp_path, system=system).settings.database_url.reveal()
        for _ in range(2)
    }
    assert len(urls) == 2


def test_relative_paths_count_from_the_folder(tmp_path: Path) -> None:
    """Where Ultra is started from does not matter."""
    settings = read(tmp_path, {"ULTRA_LENS_DIR": "lenses", "DATABASE_URL": "sqlite:///db/x.db"}).settings
    assert settings.lens_dir == tmp_path / "lenses"
    assert settings.database_url.reveal() == f"sqlite:///{tmp_path}/db/x.db"


def test_settings_are_frozen(tmp_path: Path) -> None:
    """What was read stays as it is."""
    settings = read(tmp_path).settings
    with pytest.raises(ValueError, match="frozen"):
        settings.port = 1


def test_no_secret_shows_in_any_form(tmp_path: Path) -> None:
    """repr, str, JSON and origins of loaded settings hold masks where secrets are."""
    names = [each.name for each in declarations() if each.setting.secret]
    environ = {name: f"CANARY-{name}-{secrets.token_urlsafe(32)}" for name in names} | {
        "DATABASE_URL": "postgresql://me:CANARY@h/d",
        "REDIS_URL": "redis://:CANARY@h/0",
    }
    loaded = read(tmp_path, environ)
    settings = loaded.settings
    forms = [repr(loaded), str(loaded), repr(settings), settings.model_dump_json(), str(settings.model_dump())]
    forms += [json.dumps(settings.model_dump(mode="json")), repr(loaded.origins), str(settings.database_url)]
    assert not [form for form in forms if "CANARY" in form]
    assert settings.database_url.reveal() == "postgresql://me:CANARY@h/d"


@given(st.binary(max_size=200))
def test_any_bytes_in_an_env_file_are_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """No content of a file makes reading fail in another way than by naming problems."""
    folder = tmp_path_factory.mktemp("any")
    (folder / ".env.development").write_bytes(content)
    try:
        load(environ={}, folder=folder)
    except ConfigurationInvalid as invalid:
        assert invalid.problems  # noqa: PT017 - valid files are welcome too


def test_a_line_is_named_by_its_number(tmp_path: Path) -> None:
    """Blank lines and comments before it are counted."""
    write(tmp_path / ".env.development", "# one\n\n\nULTRA_WORKERS=many\n")
    assert "line 4" in problems(tmp_path)["ULTRA_WORKERS"]


def test_a_name_given_twice_is_refused(tmp_path: Path) -> None:
    """Nobody should have to know which of two lines counts."""
    write(tmp_path / ".env.development", "ULTRA_PORT=1\nULTRA_PORT=2\n")
    assert "twice" in problems(tmp_path)["ULTRA_PORT"]
