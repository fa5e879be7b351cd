"""The unit: read by systemd's own checker where there is one; it is not started here."""

import shutil
import subprocess
from pathlib import Path

import pytest

from ultra.cli.exits import EXITS

UNIT = Path(__file__).parents[3] / "deploy" / "systemd" / "ultra.service"


def test_the_checker_is_content(tmp_path: Path) -> None:
    """Only the program's path, which a site makes, is replaced by one that is here."""
    checker = shutil.which("systemd-analyze")
    if checker is None:
        pytest.skip("not run: there is no systemd here")
    unit = tmp_path / "ultra.service"
    unit.write_text(UNIT.read_text().replace("/opt/ultra/.venv/bin/ultra", "/bin/true"))
    done = subprocess.run([checker, "verify", unit], capture_output=True, text=True, check=False)
    complaints = [line for line in done.stderr.splitlines() if "ultra.service" in line and "User=" not in line]
    assert complaints == []


def test_a_wrong_configuration_is_not_tried_again() -> None:
    """Its exit code is named, and that of tables that have to be upgraded."""
    assert "RestartPreventExitStatus=66 78" in UNIT.read_text()
    assert (EXITS[66], EXITS[78]) == ("no such thing, or not possible", "configuration invalid")
