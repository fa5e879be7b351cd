"""What a start costs that has nothing to migrate."""

import asyncio
import sys
from pathlib import Path

from ultra.store import migrating
from ultra.store.database import open_database
from ultra.system import System

_START = """
import asyncio, sys
from ultra.store import migrating
from ultra.store.database import open_database
from ultra.system import System

async def start():
    async with open_database(url=sys.argv[1], system=System()) as database:
        assert await migrating.upgrade(database) == ()
        await migrating.check(database)

asyncio.run(start())
print("alembic" in sys.modules)
"""


async def test_an_up_to_date_database_needs_no_alembic(tmp_path: Path) -> None:
    """Importing it takes longer than everything else that a start does with the store."""
    url = f"sqlite:///{tmp_path}/a.db"
    async with open_database(url=url, system=System()) as database:
        await migrating.upgrade(database)
    done = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        _START,
        url,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd="backend",
    )
    said, _ = await done.communicate()
    assert said.decode().strip() == "False"
