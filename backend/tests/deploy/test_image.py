"""The image: linted, and made of all that is needed and nothing else. It is built where there is Docker, not here."""

import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
DOCKERFILE = ROOT / "deploy" / "Dockerfile"
IGNORE = ROOT / ".dockerignore"


def test_the_linter_is_content() -> None:
    """Hadolint finds nothing."""
    linter = Path(sys.executable).with_name("hadolint")
    done = subprocess.run([linter, DOCKERFILE], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (0, "")


def _copied() -> list[str]:
    """Return what the first stage copies from the repository."""
    lines = [line.split()[1:-1] for line in DOCKERFILE.read_text().splitlines() if line.startswith("COPY ")]
    return [source for line in lines if not line[0].startswith("--from") for source in line]


def test_what_is_copied_is_let_through_and_nothing_else_is() -> None:
    """The list of what docker may see is the list of what the Dockerfile copies: no secret of this folder is sent."""
    rules = [line for line in IGNORE.read_text().splitlines() if line and not line.startswith("#")]
    assert rules[0] == "*"
    assert sorted(rule.removeprefix("!") for rule in rules if rule.startswith("!")) == sorted(_copied())
    assert not [source for source in _copied() if not (ROOT / source).exists()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the package as the image does, from what the image has."""
    source, target = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in _copied():
        if (ROOT / name).is_dir():
            made = [path for path in (ROOT / name).rglob("*") if path.is_file() and "__pycache__" not in path.parts]
        else:
            made = [ROOT / name]
        for path in made:
            place = source / path.relative_to(ROOT)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(path.read_bytes())
    uv = Path(sys.executable).with_name("uv")
    command = [uv, "build", "--quiet", "--offline", "--wheel", "--no-build-isolation", "--python", sys.executable]
    subprocess.run([*command, "--out-dir", target, source], check=True)
    return next(target.glob("*.whl"))


def test_everything_that_the_program_reads_is_in_the_package(wheel: Path) -> None:
    """Templates, lenses and facts come along, and no file of anything else does."""
    package = ROOT / "backend"
    ours = {
        str(path.relative_to(package))
        for path in (package / "ultra").rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    with zipfile.ZipFile(wheel) as archive:
        packed = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert packed == ours
