"""Money that may be spent in a day or a month, counted in UTC and kept to the last decimal.

What is set aside counts as spent until it is settled. A reservation whose process died is never settled: it stays
counted, so that a crash can cost a caller a little budget but nobody money. `give_up` turns what is left of such
into spending for good: of a process known to be gone at once, of all others when no call can be under way any more.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, TypeAlias

from sqlalchemy import ColumnElement, Connection, bindparam, delete, insert, select, tuple_, update
from sqlalchemy.exc import IntegrityError

from ultra.domain.errors import Conflict
from ultra.domain.limits import Purse, Reached, reached
from ultra.store.database import LONG_PATIENCE_S, Database
from ultra.store.inserting import inserting
from ultra.store.spending_tables import BUDGETS, RESERVATIONS
from ultra.system import System

_NOTHING = Decimal(0)
_PLACE = (BUDGETS.c.purse, BUDGETS.c.period, BUDGETS.c.since)
_REWRITE = (
    update(BUDGETS)
    .where(
        BUDGETS.c.purse == bindparam("the_purse"),
        BUDGETS.c.period == bindparam("the_period"),
        BUDGETS.c.since == bindparam("the_since"),
    )
    .values(spent_usd=bindparam("the_spent"), aside_usd=bindparam("the_aside"))
)

_Place: TypeAlias = tuple[str, str, str]
_Moved: TypeAlias = tuple[_Place, Decimal, Decimal]
"""What was spent somewhere, before and after."""
_Sums: TypeAlias = tuple[Decimal, Decimal]


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
            sums = _lock(connection, places)
            if len(sums) < len(places):
                raise _Unopened
            for purse in purses:
                if sum(sums[_place(purse, now)]) + amount_usd > purse.limit_usd:
                    return purse
            rows = [_reserved(reservation, place, at=now, amount=amount_usd) for place in places]
            connection.execute(insert(RESERVATIONS), rows)
            _write(connection, {place: (spent, aside + amount_usd) for place, (spent, aside) in sums.items()})
            return None

        try:
            try:
                return await self._database.write(reserve)
            except _Unopened:
                await self._open(places)
                return await self._database.write(reserve)
        except IntegrityError as error:
            raise Conflict("There is such a reservation already.", code="reservation_exists") from error

    async def settle(
        self, reservation: str, spent_usd: Decimal, *, purses: Sequence[Purse] = ()
    ) -> tuple[Reached, ...]:
        """Replace what was set aside by what was spent; harmless when repeated, and when nothing was set aside.

        Returns what `purses` reached by this; the rows are locked meanwhile, so nobody else sees the same line crossed.
        """
        if not spent_usd.is_finite() or spent_usd < 0:
            raise ValueError(f"{spent_usd} cannot have been spent.")
        mine = RESERVATIONS.c.id == reservation
        moved = await self._settled(mine, spent_usd)
        known: dict[tuple[str, str], Purse] = {(purse.key, purse.period): purse for purse in purses}
        return tuple(
            line
            for (key, period, _), before, after in moved
            if (key, period) in known
            for line in reached(known[key, period], before=before, after=after)
        )

    async def spent(self, purse: Purse) -> Decimal:
        """Return what was spent and set aside in the present period."""
        place = _place(purse, self._system.now())
        wanted = select(BUDGETS.c.spent_usd, BUDGETS.c.aside_usd).where(tuple_(*_PLACE) == place)
        row = await self._database.read(lambda connection: connection.execute(wanted).first())
        return _NOTHING if row is None else row.spent_usd + row.aside_usd

    async def give_up(self, *, before: datetime) -> int:
        """Count what was set aside before then, and never settled, as spent; returns how many rows that were.

        `before` lies further back than any call may last: one that still went on could otherwise not be settled.
        """
        left = RESERVATIONS.c.at < before
        return len(await self._settled(left, None))

    async def give_up_of(self, owner: str) -> int:
        """Count what a process that is gone had set aside as spent: reservations named `owner.…`; returns how many."""
        left = RESERVATIONS.c.id.startswith(f"{owner}.", autoescape=True)
        return len(await self._settled(left, None))

    async def _settled(self, which: ColumnElement[bool], spent_usd: Decimal | None) -> Sequence[_Moved]:
        """Settle patiently: the money is spent already."""
        return await self._database.write(
            lambda connection: _settle(connection, which, spent_usd), patience_s=LONG_PATIENCE_S
        )

    async def _open(self, places: set[_Place]) -> None:
        """Begin a period, in a transaction of its own and in one order: who holds a purse never waits in a circle."""
        rows = [
            dict(zip(("purse", "period", "since"), place, strict=True)) | {"spent_usd": _NOTHING, "aside_usd": _NOTHING}
            for place in sorted(places)
        ]
        opening = inserting(BUDGETS, is_sqlite=self._database.is_sqlite).on_conflict_do_nothing()
        await self._database.write(lambda connection: connection.execute(opening, rows))


class _Unopened(Exception):
    """A purse has no row for this period yet."""


def _place(purse: Purse, now: datetime) -> _Place:
    """Return purse, period, and the day or month it is now."""
    return purse.key, purse.period, now.strftime("%Y-%m-%d" if purse.period == "day" else "%Y-%m")


def _lock(connection: Connection, places: set[_Place]) -> dict[_Place, _Sums]:
    """Keep others from these purses until the transaction ends; return what was spent and is aside in each."""
    wanted = select(BUDGETS).where(tuple_(*_PLACE).in_(sorted(places))).order_by(*_PLACE).with_for_update()
    rows = connection.execute(wanted).all()
    return {(row.purse, row.period, row.since): (row.spent_usd, row.aside_usd) for row in rows}


def _write(connection: Connection, sums: Mapping[_Place, _Sums]) -> None:
    """Change purses that are locked. Sums are made here: SQLite would make them with floats."""
    rows = [
        {"the_purse": purse, "the_period": period, "the_since": since, "the_spent": spent, "the_aside": aside}
        for (purse, period, since), (spent, aside) in sums.items()
    ]
    connection.execute(_REWRITE, rows)


def _reserved(reservation: str, place: _Place, *, at: datetime, amount: Decimal) -> dict[str, Any]:
    purse, period, since = place
    return {"id": reservation, "purse": purse, "period": period, "since": since, "at": at, "amount_usd": amount}


def _settle(connection: Connection, which: ColumnElement[bool], spent: Decimal | None) -> list[_Moved]:
    """Take reservations away and count `spent`, or with None all they had set aside.

    Returns for each of them its place, and what was spent there before and after.
    """
    columns = (RESERVATIONS.c.purse, RESERVATIONS.c.period, RESERVATIONS.c.since)
    places = {(row.purse, row.period, row.since) for row in connection.execute(select(*columns).where(which))}
    if not places:
        return []
    moved = []
    sums = _lock(connection, places)
    rows = connection.execute(delete(RESERVATIONS).where(which).returning(*RESERVATIONS.c)).all()
    for row in rows:
        place = (row.purse, row.period, row.since)
        before, aside = sums[place]
        after = before + (row.amount_usd if spent is None else spent)
        sums[place] = (after, aside - row.amount_usd)
        moved.append((place, before, after))
    _write(connection, sums)
    return moved
