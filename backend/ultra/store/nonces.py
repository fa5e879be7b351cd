"""Nonces of signed headers, kept where every worker sees them."""

from datetime import datetime

from sqlalchemy.dialects import postgresql, sqlite

from ultra.store.account_tables import NONCES
from ultra.store.database import Database


class StoredNonces:
    """Keeps `access.Nonces`."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    async def spend(self, nonce: str, *, until: datetime, at: datetime) -> bool:
        """Use a nonce up until that moment; False when it is used up already."""
        dialect = sqlite if self._database.is_sqlite else postgresql
        taken = dialect.insert(NONCES).values(nonce=nonce, until=until)
        taken = taken.on_conflict_do_update(
            index_elements=[NONCES.c.nonce], set_={"until": until}, where=NONCES.c.until <= at
        )
        spent = taken.returning(NONCES.c.nonce)
        return await self._database.write(lambda connection: connection.scalar(spent) is not None)
