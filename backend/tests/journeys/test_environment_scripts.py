"""`scripts/set-env.sh` and `scripts/toggle_environment.sh`, run in a clone as somebody fresh at it would."""

import re
import shlex
import shutil
import stat
import subprocess
import sys
from pathlib import Path

import pytest

import ultra
from tests.journeys.programs import Mock
from tests.twins.servers import running_postgres
from tests.twins.valkeys import free_port, running_valkey

ROOT = Path(__file__).parents[3]
BACKEND = Path(ultra.__file__).parents[1]


class Clone:
    """A clone in which everything is installed already, run with a bare environment."""

    def __init__(self, folder: Path, tools: Path) -> None:
        self.folder, self._tools = folder, tools

    def run(
        self, script: str | Path, *arguments: str, stdin: str = "", cwd: Path | None = None, **variables: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run a script of the clone from `cwd`, with nobody at the terminal."""
        return subprocess.run(
            [self.folder / script, *arguments],
            cwd=cwd or self.folder,
            env={"PATH": f"{self._tools}:/usr/bin:/bin", "HOME": str(self.folder), **variables},
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            timeout=110,
        )

    def files(self) -> dict[str, bytes]:
        """Return the env files with what is in them."""
        return {path.name: path.read_bytes() for path in self.folder.glob(".env*")}


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    """Copy what a clone has into a folder with blanks in its name, and pretend that its installation is done.

    Installing for real takes the package index; the stamp of one that is done is made as the installer makes it.
    """
    folder, tools = tmp_path / "a clone of ultra", tmp_path / "tools"
    (folder / ".venv/bin").mkdir(parents=True)
    tools.mkdir()
    shutil.copytree(ROOT / "scripts", folder / "scripts")
    shutil.copytree(ROOT / "requirements", folder / "requirements")
    for name in ("pyproject.toml", ".gitignore", ".env.development", ".env.testing", ".env.production"):
        shutil.copy(ROOT / name, folder / name)
    base = Path(sys.base_prefix) / "bin" / f"python{sys.version_info[0]}.{sys.version_info[1]}"
    (tools / "python3").symlink_to(base)
    (folder / ".venv/bin/python").symlink_to(base)
    door = folder / ".venv/bin/ultra"
    door.write_text(f'#!/bin/sh\nPYTHONPATH="{BACKEND}" exec "{sys.executable}" -m ultra "$@"\n')
    door.chmod(0o755)
    program = "import sys; sys.path.insert(0, 'scripts'); import install; print(install.fingerprint('serve'), end='')"
    command = [tools / "python3", "-B", "-c", program]
    stamp = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout
    (folder / ".venv/.installed-serve").write_text(stamp)
    return Clone(folder, tools)


def test_from_a_fresh_clone_to_production(clone: Clone) -> None:
    """Told what is missing, somebody makes it and switches; nothing is changed before that."""
    fresh = clone.files()
    assert clone.run("scripts/toggle_environment.sh").stdout.startswith("development is in force")
    refused = clone.run("scripts/toggle_environment.sh", "production")
    assert refused.returncode == 78
    assert "ULTRA_SIGNING_KEYS" in refused.stderr
    assert "scripts/set-env.sh generate --environment production" in refused.stderr
    assert clone.files() == fresh

    assert clone.run("scripts/set-env.sh", "generate", "-e", "production").returncode == 0
    origin = "ULTRA_PUBLIC_ORIGIN=https://ultra.example"
    assert clone.run("scripts/set-env.sh", "set", origin, "--environment", "production").returncode == 0
    key = clone.run("scripts/set-env.sh", "set", "OPENAI_API_KEY", "-e", "production", stdin="sk-of-the-tests\n")
    assert key.returncode == 0
    assert "sk-of-the-tests" not in key.stdout + key.stderr
    switched = clone.run("scripts/toggle_environment.sh", "production")
    assert (switched.returncode, "Switched" in switched.stdout) == (0, True), switched.stderr
    assert clone.files()[".env"].endswith(b"\nENVIRONMENT=production\n")
    local = clone.folder / ".env.production.local"
    assert stat.S_IMODE(local.stat().st_mode) == 0o600
    assert {name: text for name, text in clone.files().items() if name in fresh} == fresh
    assert clone.run("scripts/set-env.sh", "get", "OPENAI_API_KEY").stdout == "********\n"


@pytest.mark.parametrize("word", ["", '"; touch pwn"', "$(touch pwn)", "../../etc"])
def test_a_bad_name_touches_nothing(clone: Clone, word: str) -> None:
    """Wrong usage is 2; no file is made, and those that are there keep every byte and their mode."""
    for name in (".env", ".env.production.local"):
        (clone.folder / name).write_text("# mine\nENVIRONMENT=production")
        (clone.folder / name).chmod(0o600)
    before, everything = clone.files(), sorted(clone.folder.rglob("*"))
    for done in (
        clone.run("scripts/toggle_environment.sh", word),
        clone.run("scripts/set-env.sh", "set", "ULTRA_PORT=1", "--environment", word),
        clone.run("scripts/set-env.sh", "set", f"{word}=1"),
    ):
        assert done.returncode == 2, done.stdout + done.stderr
        assert done.stderr
    assert clone.files() == before
    assert sorted(clone.folder.rglob("*")) == everything
    assert stat.S_IMODE((clone.folder / ".env").stat().st_mode) == 0o600


def test_the_scripts_are_found_from_anywhere(clone: Clone, tmp_path: Path) -> None:
    """Through a link, from another folder and with a CDPATH, they work on the clone they belong to."""
    elsewhere = tmp_path / "elsewhere"
    (elsewhere / "scripts").mkdir(parents=True)
    link = elsewhere / "set-env"
    link.symlink_to(clone.folder / "scripts/set-env.sh")
    assert clone.run(link, "set", "ULTRA_PORT=9000", cwd=elsewhere).returncode == 0
    assert clone.run("scripts/toggle_environment.sh", "testing", cwd=elsewhere, CDPATH=str(elsewhere)).returncode == 0
    assert b"ULTRA_PORT=9000" in clone.files()[".env.development.local"]
    assert b"ENVIRONMENT=testing" in clone.files()[".env"]
    assert sorted(path.name for path in elsewhere.iterdir()) == ["scripts", "set-env"]


def test_the_scripts_explain_themselves(clone: Clone) -> None:
    """`--help` lists the words of one and the options of the other, and without a word one gets the same."""
    explained = clone.run("scripts/set-env.sh", "--help")
    assert explained.returncode == 0
    for word in ("list", "show", "get", "set", "unset", "diff", "init", "generate", "validate", "edit"):
        assert f"\n  {word} " in explained.stdout
    assert "--force" in clone.run("scripts/toggle_environment.sh", "--help").stdout
    assert "generate" in "".join((bare := clone.run("scripts/set-env.sh")).stdout + bare.stderr)


def test_the_tutorial_leads_to_a_production_that_may_serve(clone: Clone, tmp_path: Path, running_mock: Mock) -> None:
    """Its commands are run in their order on a real PostgreSQL and Valkey; at the end nothing is wrong."""
    (clone.folder / "ultra.toml").write_text('[[providers]]\nname = "openai"\nprivate = true\n')
    page = (ROOT / "docs/tutorial/laptop-to-production.md").read_text(encoding="utf-8")
    commands = re.findall(r"^\$ (.*)$", page, re.MULTILINE)
    assert len(commands) == 9
    with running_postgres("tutorial") as postgres, running_valkey(tmp_path / "valkey") as valkey:
        secret = {
            "DATABASE_URL": postgres.url(postgres.template),
            "REDIS_URL": f"redis://127.0.0.1:{valkey.port}/0",
            "OPENAI_API_KEY": "sk-of-the-tests",
        }
        base = {"ULTRA_OPENAI_BASE_URL": running_mock.base("openai"), "ULTRA_PORT": str(free_port())}
        for command in commands:
            script, *arguments = shlex.split(command)
            done = clone.run(script, *arguments, stdin=secret.get(arguments[-1], ""), **base)
            assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
            assert "sk-of-the-tests" not in done.stdout + done.stderr
    assert "https://ultra.example/set-password?link=ultra_ln_r_" in done.stdout


def test_the_page_about_switching_is_true(clone: Clone) -> None:
    """Every command of the how-to is run, in its order, and says what the page shows."""
    page = (ROOT / "docs/how-to/switch-environments.md").read_text(encoding="utf-8")
    commands = 0
    for block in re.findall(r"^```console\n(.*?)^```$", page, re.MULTILINE | re.DOTALL):
        for command, shown in re.findall(r"^\$ (.*)\n((?:[^$].*\n)*)", block, re.MULTILINE):
            script, *arguments = shlex.split(command)
            done = clone.run(script, *arguments, stdin="sk-of-the-tests")
            said = [line.split() for line in (done.stdout + done.stderr).splitlines()]
            missing = [line for line in shown.splitlines() if line.strip() != "..." and line.split() not in said]
            assert not missing, f"{command}\n{done.stdout}{done.stderr}"
            commands += 1
    assert commands == 7
