"""What happened to a request, and what was spent, read from the ledger.

Calls of this process are seen at once. Those of other workers are seen when these have written them, within `LAG_S`
as long as the database answers; whoever asks for a request that is not there yet, or not settled, waits that long once.
Sums do not wait: they may lack what other workers did in the last fifth of a second.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from sqlalchemy import ColumnElement, Row, case, func, select

from ultra.domain.errors import InvalidRequest
from ultra.store.database import LONG_PATIENCE_S, Database
from ultra.store.ledger import StoredLedger
from ultra.store.sums import day_of, joined, member_sum, money_sums
from ultra.store.tables import LEDGER
from ultra.system import System

Grouping: TypeAlias = Literal["model", "key", "user", "day"]

MOST_ATTEMPTS = 1000
"""Rows of one request that are shown; a run makes some dozens."""

MOST_GROUPS = 10_000
"""Rows of one table of usage."""

LAG_S = 0.2
"""How long a worker may take to write a call down: twice as long as its rows gather."""

_TOKENS = ("input_total", "output_total")


@dataclass(frozen=True, slots=True)
class Attempt:
    """One upstream call. `outcome` None is still open, or was left open by a crash; `cost_usd` None is unknown."""

    id: str
    at: datetime
    provider: str
    model: str
    attempt: int
    run_id: str | None
    stage: str | None
    outcome: str | None
    error_kind: str | None
    usage: Mapping[str, Any] | None
    cost_usd: Decimal | None
    possible_double_charge: bool
    first_token_s: float | None
    total_s: float | None


@dataclass(frozen=True, slots=True)
class RequestRecord:
    """One request by its attempts, oldest first.

    `outcome` is `ok` when one succeeded, `open` while one is under way, else that of the last. `cost_usd` adds what is
    known; `unknown` counts settled calls of which nobody knows, and `has_more` says that not all are shown.
    """

    id: str
    at: datetime
    outcome: str
    models: tuple[str, ...]
    run_ids: tuple[str, ...]
    error_kinds: tuple[str, ...]
    cost_usd: Decimal
    unknown: int
    attempts: tuple[Attempt, ...]
    has_more: bool = False


@dataclass(frozen=True, slots=True)
class UsageRow:
    """What was spent in one group: `key` is the model, the credential's id, the user's id or the day (UTC).

    `key` is None for calls that name no credential. `cost_usd` is exact and leaves out the `unknown` calls, and those
    that are `open`: under way, or left so by a crash. These may cost `open_usd` at most, as far as prices are known.
    """

    key: str | None
    calls: int
    failed: int
    unknown: int
    input_tokens: int
    output_tokens: int
    cost_usd: Decimal
    open: int = 0
    open_usd: Decimal = Decimal(0)


class StoredRequests:
    """Reads the ledger by request and by sums. With `ledger`, what still waits there to be written is seen too.

    `lag_s` is how far other workers may lag behind; 0 where there are none.
    """

    def __init__(
        self, *, database: Database, system: System, ledger: StoredLedger | None = None, lag_s: float = 0.0
    ) -> None:
        self._database = database
        self._system = system
        self._ledger = ledger
        self._lag_s = lag_s

    async def get(self, request_id: str, *, principal: str) -> RequestRecord | None:
        """Return one's own request; None when it made no call, or is somebody else's.

        Callers may send the same request id again: then all calls under it are told together.
        """
        await self._catch_up()
        rows = await self._calls(request_id, principal)
        if self._lag_s and (not rows or any(row.settled_at is None for row in rows)):
            await self._system.sleep(self._lag_s)
            rows = await self._calls(request_id, principal)
        return _record(request_id, rows) if rows else None

    async def _calls(self, request_id: str, principal: str) -> Sequence[Row[Any]]:
        mine = select(LEDGER).where(LEDGER.c.request_id == request_id, LEDGER.c.principal == principal)
        oldest_first = mine.order_by(LEDGER.c.at, LEDGER.c.id).limit(MOST_ATTEMPTS + 1)
        return await self._database.read(lambda connection: connection.execute(oldest_first).all())

    async def usage(
        self, *, by: Grouping, since: datetime, until: datetime, principal: str | None
    ) -> tuple[UsageRow, ...]:
        """Add up calls made in `since <= at < until`, of one principal or (None) of all, in the order of keys.

        Raises `InvalidRequest` for another grouping, and for more than 10,000 groups.
        """
        await self._catch_up()
        is_sqlite = self._database.is_sqlite
        key = self._key(by)
        is_open = LEDGER.c.settled_at.is_(None)
        counts = (
            func.count(),
            _count(LEDGER.c.outcome == "failed"),
            _count(~is_open & LEDGER.c.cost_usd.is_(None)),
            _count(is_open),
        )
        money = [
            *money_sums(LEDGER.c.cost_usd, is_sqlite=is_sqlite),
            *money_sums(case((is_open, LEDGER.c.reserved_usd)), is_sqlite=is_sqlite),
        ]
        tokens = [member_sum(LEDGER.c.usage, member, is_sqlite=is_sqlite) for member in _TOKENS]
        wanted = select(key, *counts, *tokens, *money)
        wanted = wanted.where(LEDGER.c.at >= since, LEDGER.c.at < until).group_by(key).order_by(key)
        if principal is not None:
            wanted = wanted.where(LEDGER.c.principal == principal)
        rows = await self._database.read(
            lambda connection: connection.execute(wanted.limit(MOST_GROUPS + 1)).all(), patience_s=LONG_PATIENCE_S
        )
        if len(rows) > MOST_GROUPS:
            raise InvalidRequest("These are too many groups for one table.", param="since", hint="Ask for less time.")
        return tuple(_usage_row(tuple(row)) for row in rows)

    async def _catch_up(self) -> None:
        if self._ledger is not None:
            await self._ledger.flush()

    def _key(self, by: Grouping) -> ColumnElement[Any]:
        keys: Mapping[str, ColumnElement[Any]] = {
            "model": LEDGER.c.model,
            "key": LEDGER.c.credential_id,
            "user": LEDGER.c.principal,
            "day": day_of(LEDGER.c.at, is_sqlite=self._database.is_sqlite),
        }
        if by not in keys:
            raise InvalidRequest(f"Usage is not told by {by!r}.", param="by", hint=f"Use one of {', '.join(keys)}.")
        return keys[by].label("key")


def _count(condition: ColumnElement[bool]) -> ColumnElement[int]:
    return func.count(case((condition, 1)))


def _record(request_id: str, rows: Sequence[Row[Any]]) -> RequestRecord:
    attempts = tuple(_attempt(row) for row in rows[:MOST_ATTEMPTS])
    outcomes = [each.outcome for each in attempts]
    ranked = [word for word in ("ok", None, outcomes[-1]) if word in outcomes]
    return RequestRecord(
        id=request_id,
        at=attempts[0].at,
        outcome=ranked[0] or "open",
        models=_distinct(each.model for each in attempts),
        run_ids=_distinct(each.run_id for each in attempts),
        error_kinds=_distinct(each.error_kind for each in attempts),
        cost_usd=sum((each.cost_usd for each in attempts if each.cost_usd is not None), Decimal(0)),
        unknown=sum(each.outcome is not None and each.cost_usd is None for each in attempts),
        attempts=attempts,
        has_more=len(rows) > MOST_ATTEMPTS,
    )


def _usage_row(values: tuple[Any, ...]) -> UsageRow:
    key, calls, failed, unknown, still_open, given, made, *money = values
    half = len(money) // 2
    return UsageRow(
        key, calls, failed, unknown, int(given), int(made), joined(money[:half]), still_open, joined(money[half:])
    )


def _distinct(values: Any) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value is not None))


def _attempt(row: Row[Any]) -> Attempt:
    return Attempt(**{name: getattr(row, name) for name in Attempt.__slots__})
