"""Nonces of signed headers, kept where every worker sees them."""

from datetime import datetime

from ultra.store.account_tables import NONCES
from ultra.store.database import Database
from ultra.store.inserting import inserting


class StoredNonces:
    """Keeps `access.Nonces`."""

    def __init__(self, *, database: Database) -> None:
        self._database = database

    async def spend(self, nonce: str, *, until: datetime, at: datetime) -> bool:
        """Use a nonce up until that moment; False when it is used up already."""
        taken = inserting(NONCES, is_sqlite=self._database.is_sqlite).values(nonce=nonce, until=until)
        taken = taken.on_conflict_do_update(
            index_elements=[NONCES.c.nonce], set_={"until": until}, where=NONCES.c.until <= at
        )
        spent = taken.returning(NONCES.c.nonce)
        return await self._database.write(lambda connection: connection.scalar(spent) is not None)
