"""Takes away what has been kept for as long as it should be: by itself in a server, or when a command says so."""

import logging
from collections.abc import Mapping
from datetime import timedelta

from ultra.config import Settings
from ultra.store.budgets import StoredBudgets
from ultra.store.database import Database
from ultra.store.purging import purge_accounts, purge_content
from ultra.store.upkeep import settle
from ultra.system import System

_log = logging.getLogger("ultra.services")

_FIRST_S = 60.0
_EVERY_S = 900.0
_ENDED = timedelta(days=1)
"""How long ended sessions, tokens and links, and answers that may be repeated, are kept."""
_SPARE = timedelta(minutes=5)
"""How long after the longest call what is still set aside is known to be nobody's."""


class Housekeeping:
    """Tidies a database. `retention` says how long ended runs and calls are kept; None keeps them for ever.

    No call lasts longer than `longest_call`: what is still set aside some minutes after that is counted as spent.

    Several processes may tidy at once: what one has removed the others do not find.
    """

    def __init__(
        self,
        *,
        database: Database,
        budgets: StoredBudgets,
        retention: timedelta | None,
        longest_call: timedelta,
        system: System,
    ) -> None:
        self._database = database
        self._budgets = budgets
        self._retention = retention
        self._stale = longest_call + _SPARE
        self._system = system

    async def tidy(self) -> Mapping[str, int]:
        """Remove what is over and return how many rows of each table; `reservations` were counted as spent.

        What was removed is also gone from the files of a SQLite database then, those that users removed included.
        """
        now = self._system.now()
        removed = dict(await purge_accounts(self._database, before=now - _ENDED))
        removed["reservations"] = await self._budgets.give_up(before=now - self._stale)
        if self._retention is not None:
            removed |= await purge_content(self._database, before=now - self._retention)
        await settle(self._database)
        return removed

    async def run(self) -> None:
        """Tidy a minute after the start, when everybody has come in, and then every quarter of an hour."""
        await self._system.sleep(_FIRST_S)
        while True:
            try:
                removed = await self.tidy()
            except Exception:  # noqa: BLE001 - the store is away: what could not be removed now is removed the next time
                _log.exception("the database could not be tidied")
            else:
                if any(removed.values()):
                    _log.info("tidied: %s", ", ".join(f"{rows} {name}" for name, rows in removed.items() if rows))
            await self._system.sleep(_EVERY_S)


def longest_call(settings: Settings) -> timedelta:
    """Return how long a completion, or a run with all its calls, may last."""
    return timedelta(seconds=max(settings.request_timeout_s, settings.run_max_deadline_s))


def retention_of(days: int) -> timedelta | None:
    """Return the span that ULTRA_RETENTION_DAYS means; 0 days is for ever."""
    return timedelta(days=days) if days else None
