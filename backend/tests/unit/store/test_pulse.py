"""A file that is gone is noticed, though whoever has it open reads and writes on."""

from pathlib import Path

import pytest

from ultra.domain.errors import Unavailable
from ultra.store.database import open_database
from ultra.store.pulse import feel_pulse
from ultra.system import System


async def test_a_file_that_was_removed_is_a_database_that_is_gone(tmp_path: Path) -> None:
    """What would be written from now on could never be read again."""
    path = tmp_path / "ultra.db"
    async with open_database(url=f"sqlite:///{path}", system=System()) as database:
        assert (await feel_pulse(database)).kind == "sqlite"
        path.unlink()
        with pytest.raises(Unavailable) as gone:
            await feel_pulse(database)
        assert (gone.value.message, gone.value.code) == ("The database file is gone.", "store_unreachable")
