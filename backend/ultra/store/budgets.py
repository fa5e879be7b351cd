"""Money that may be spent in a day or a month, counted in UTC and kept to the last decimal.

What is set aside counts as spent until it is settled. A reservation whose process died is never settled: it stays
counted, so that a crash can cost a caller a little budget but nobody money. `give_up` turns what is left of such
into spending for good, and takes the old periods away.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, insert, select, tuple_, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import IntegrityError

from ultra.domain.errors import Conflict
from ultra.domain.limits import Purse
from ultra.store.database import Database
from ultra.store.spending_tables import BUDGETS, RESERVATIONS
from ultra.system import System

STALE_AFTER_S = 24 * 3600.0
"""After this long no call is under way any more: what is still set aside was left by a crash."""

_NOTHING = Decimal(0)
_PLACE = (BUDGETS.c.purse, BUDGETS.c.period, BUDGETS.c.since)


class StoredBudgets:
    """Keeps `limits.Budgets`."""

    def __init__(self, *, database: Database, system: System) -> None:
        self._database = database
        self._system = system

    async def reserve(self, purses: Sequence[Purse], amount_usd: Decimal, *, reservation: str) -> Purse | None:
        """Set the amount aside in all purses or none; returns the first purse that has too little, else None.

        Raises `ValueError` for an amount that is no amount, `Conflict` for a reservation that is there already.
        """
        if not amount_usd.is_finite() or amount_usd < 0:
            raise ValueError(f"{amount_usd} cannot be set aside.")
        if not purses:
            return None
        now = self._system.now()
        places = {_place(purse, now) for purse in purses}

        def reserve(connection: Connection) -> Purse | None:
            self._open_purses(connection, places)
            used = _lock(connection, places)
            for purse in purses:
                if used[_place(purse, now)] + amount_usd > purse.limit_usd:
                    return purse
            rows = [_reserved(reservation, place, at=now, amount=amount_usd) for place in places]
            connection.execute(insert(RESERVATIONS), rows)
            for place in places:
                _add(connection, place, aside=amount_usd)
            return None

        try:
            return await self._database.write(reserve)
        except IntegrityError as error:
            raise Conflict("There is such a reservation already.", code="reservation_exists") from error

    async def settle(self, reservation: str, spent_usd: Decimal) -> None:
        """Replace what was set aside by what was spent; harmless when repeated, and when nothing was set aside."""
        if not spent_usd.is_finite() or spent_usd < 0:
            raise ValueError(f"{spent_usd} cannot have been spent.")
        mine = RESERVATIONS.c.id == reservation
        await self._database.write(lambda connection: _settle(connection, mine, spent_usd))

    async def spent(self, purse: Purse) -> Decimal:
        """Return what was spent and set aside in the present period."""
        place = _place(purse, self._system.now())
        wanted = select(BUDGETS.c.spent_usd, BUDGETS.c.aside_usd).where(tuple_(*_PLACE) == place)
        row = await self._database.read(lambda connection: connection.execute(wanted).first())
        return _NOTHING if row is None else row.spent_usd + row.aside_usd

    async def give_up(self, *, before: datetime) -> int:
        """Count what was set aside before then, and never settled, as spent; returns how many rows that were.

        `before` lies at least `STALE_AFTER_S` back: a call that still went on could otherwise not be settled.
        """
        left = RESERVATIONS.c.at < before
        return await self._database.write(lambda connection: _settle(connection, left, None))

    def _open_purses(self, connection: Connection, places: Iterable[tuple[str, str, str]]) -> None:
        """Make the rows that are missing, always in one order, so that nobody waits in a circle."""
        rows = [
            dict(zip(("purse", "period", "since"), place, strict=True)) | {"spent_usd": _NOTHING, "aside_usd": _NOTHING}
            for place in sorted(places)
        ]
        dialect = sqlite if self._database.is_sqlite else postgresql
        connection.execute(dialect.insert(BUDGETS).on_conflict_do_nothing(), rows)


def _place(purse: Purse, now: datetime) -> tuple[str, str, str]:
    """Return purse, period, and the day or month it is now."""
    return purse.key, purse.period, now.strftime("%Y-%m-%d" if purse.period == "day" else "%Y-%m")


def _lock(connection: Connection, places: Iterable[tuple[str, str, str]]) -> dict[tuple[str, str, str], Decimal]:
    """Keep others from these purses until the transaction ends; return what is used of each."""
    wanted = select(BUDGETS).where(tuple_(*_PLACE).in_(sorted(places))).order_by(*_PLACE).with_for_update()
    rows = connection.execute(wanted).all()
    return {(row.purse, row.period, row.since): row.spent_usd + row.aside_usd for row in rows}


def _reserved(reservation: str, place: tuple[str, str, str], *, at: datetime, amount: Decimal) -> dict[str, Any]:
    purse, period, since = place
    return {"id": reservation, "purse": purse, "period": period, "since": since, "at": at, "amount_usd": amount}


def _settle(connection: Connection, which: ColumnElement[bool], spent: Decimal | None) -> int:
    """Take reservations away and count `spent`, or with None all they had set aside; return how many there were."""
    columns = (RESERVATIONS.c.purse, RESERVATIONS.c.period, RESERVATIONS.c.since)
    places = {tuple(row) for row in connection.execute(select(*columns).where(which))}
    if not places:
        return 0
    _lock(connection, places)
    rows = connection.execute(delete(RESERVATIONS).where(which).returning(*RESERVATIONS.c)).all()
    for row in rows:
        cost = row.amount_usd if spent is None else spent
        _add(connection, (row.purse, row.period, row.since), aside=-row.amount_usd, spent=cost)
    return len(rows)


def _add(connection: Connection, place: tuple[str, str, str], *, aside: Decimal, spent: Decimal = _NOTHING) -> None:
    """Change a purse that is locked. Sums are made here: SQLite would make them with floats."""
    mine = tuple_(*_PLACE) == place
    row = connection.execute(select(BUDGETS.c.spent_usd, BUDGETS.c.aside_usd).where(mine)).one()
    sums = {"spent_usd": row.spent_usd + spent, "aside_usd": row.aside_usd + aside}
    connection.execute(update(BUDGETS).where(mine).values(sums))
