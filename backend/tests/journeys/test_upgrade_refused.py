"""A start that may not upgrade a database says what to do, and starts once that was done."""

import asyncio
import subprocess
import sys
from pathlib import Path

import pytest

from tests.journeys.programs import at, environment, fetch, mock_process, ultra_process
from tests.twins.test_upgrading import write_as_before
from ultra.store import migrating
from ultra.store.database import open_database
from ultra.system import System


async def leave_behind(url: str) -> None:
    """Make a database of the first revision that holds something."""
    async with open_database(url=url, system=System()) as database:
        await migrating.upgrade(database)
        await migrating.downgrade(database, to="0001")
        await write_as_before(database)


@pytest.mark.parametrize("command", [["serve", "--port", "0"], ["users", "list"]])
def test_it_is_refused_until_somebody_upgrades(tmp_path: Path, command: list[str]) -> None:
    """Exit code 66 and a hint; nothing is changed; after `ultra db upgrade` it serves what was there."""
    (tmp_path / "var").mkdir()
    asyncio.run(leave_behind(f"sqlite:///{tmp_path / 'var' / 'ultra.db'}"))
    settings = {"ULTRA_AUTO_MIGRATE": "false"}
    with mock_process() as mock:
        variables = environment(tmp_path, **(at(mock) | settings))

        def ultra(*words: str) -> "subprocess.CompletedProcess[str]":
            return subprocess.run(
                [sys.executable, "-m", "ultra", *words],
                cwd=tmp_path, env=variables, capture_output=True, text=True, timeout=90, check=False,
            )  # fmt: skip

        refused = ultra(*command)
        assert (refused.returncode, refused.stdout) == (66, "")
        assert "ultra db upgrade" in refused.stderr
        assert "r0001" in ultra("db", "status").stdout
        assert ultra("db", "backup", "before.backup").returncode == 0
        assert ultra("db", "upgrade").returncode == 0
        with ultra_process(tmp_path, mock, settings=settings) as served:
            assert fetch(f"{served.url}/health/ready")[0] == 200
