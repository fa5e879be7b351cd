"""Room for what is written."""

import re
import shutil
from pathlib import Path

import pytest

from ultra.checks.conditions.disk import DiskCondition


async def test_room_is_told_in_bytes(tmp_path: Path) -> None:
    """What the file system says of the folder."""
    found = await DiskCondition(folder=tmp_path, warn_below=0, fail_below=0).look()
    assert (found.health, found.facts["total_bytes"]) == ("pass", shutil.disk_usage(tmp_path).total)


@pytest.mark.parametrize(("warn", "fail", "health"), [(1.5, 0.5, "warn"), (2.0, 1.5, "fail")])
async def test_little_room_is_told_before_there_is_none(tmp_path: Path, warn: float, fail: float, health: str) -> None:
    """Below one bound it warns, below the other it fails, and the reason says how much is left and what to do."""
    free = shutil.disk_usage(tmp_path).free
    found = await DiskCondition(folder=tmp_path, warn_below=int(free * warn), fail_below=int(free * fail)).look()
    assert found.health == health
    assert found.reason is not None
    assert re.fullmatch(r"Only \d+ MiB are left for the data folder: .* ULTRA_RETENTION_DAYS\.", found.reason)


async def test_a_folder_that_is_gone_is_a_failure(tmp_path: Path) -> None:
    """Nothing can be written to it."""
    found = await DiskCondition(folder=tmp_path / "gone").look()
    assert (found.health, found.reason) == ("fail", "The data folder cannot be looked at: No such file or directory.")
