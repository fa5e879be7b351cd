"""The shell scripts are thin doors that open from anywhere."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
SCRIPTS = sorted([*(ROOT / "scripts").glob("*.sh"), ROOT / ".ci/run"])
NAMES = [str(path.relative_to(ROOT)) for path in SCRIPTS]


@pytest.mark.parametrize("path", SCRIPTS, ids=NAMES)
def test_a_script_begins_as_all_do(path: Path) -> None:
    """It can be run, by bash, stops at the first failure, and its second line says what it is for."""
    lines = path.read_text().splitlines()
    assert lines[0] == "#!/usr/bin/env bash"
    assert lines[1].startswith("# ")
    assert "set -euo pipefail" in lines
    assert os.access(path, os.X_OK)


@pytest.mark.parametrize("path", [path for path in SCRIPTS if path.suffix == ".sh"], ids=lambda path: path.name)
def test_a_script_stands_in_the_repository(path: Path) -> None:
    """It goes there first, whatever the working directory is, and follows the links it was called by."""
    assert 'cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/.."' in path.read_text().splitlines()


def test_shellcheck_finds_nothing() -> None:
    """No script has a fault that shellcheck knows."""
    shellcheck = Path(sys.executable).with_name("shellcheck")
    done = subprocess.run([shellcheck, *SCRIPTS], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
