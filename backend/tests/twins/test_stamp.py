"""The stamp, on both databases."""

import asyncio

import pytest

from tests.twins.shelf import ShiftedSystem
from ultra.domain.errors import Conflict
from ultra.store.database import Database, open_database
from ultra.store.stamp import claim_stamp, read_stamp


async def test_the_first_environment_owns_the_database(database: Database) -> None:
    """It may come again; another one is refused with a way out."""
    assert await read_stamp(database) is None
    await claim_stamp(database, environment="development")
    await claim_stamp(database, environment="development")
    with pytest.raises(Conflict, match=r"'development'.*'production'") as refused:
        await claim_stamp(database, environment="production")
    assert refused.value.code == "wrong_environment"
    assert refused.value.hint is not None
    assert "DATABASE_URL" in refused.value.hint
    assert await read_stamp(database) == "development"


async def test_two_environments_at_once_do_not_both_get_it(database_url: str, system: ShiftedSystem) -> None:
    """Exactly one of two that open a fresh database at the same moment owns it."""
    async with (
        open_database(url=database_url, system=system) as one,
        open_database(url=database_url, system=system) as other,
    ):
        outcomes = await asyncio.gather(
            claim_stamp(one, environment="development"),
            claim_stamp(other, environment="testing"),
            return_exceptions=True,
        )
        assert sorted(type(outcome) for outcome in outcomes if outcome is not None) == [Conflict]
