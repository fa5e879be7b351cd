"""What the ledger tells of requests and of spending, on both databases."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete

from tests.twins.shelf import ShiftedSystem
from ultra.domain.analysis import Question, Run, RunOptions
from ultra.domain.chat import Usage
from ultra.domain.errors import InvalidRequest
from ultra.domain.ports import LedgerEntry, Settlement
from ultra.store.database import Database
from ultra.store.ledger import StoredLedger
from ultra.store.requests import StoredRequests, UsageRow
from ultra.store.runs import StoredRuns
from ultra.store.tables import LEDGER


@pytest.fixture
async def ledger(database: Database, system: ShiftedSystem) -> AsyncIterator[StoredLedger]:
    """Open a ledger."""
    async with StoredLedger(database=database, system=system) as opened:
        yield opened


@pytest.fixture
def requests(database: Database, ledger: StoredLedger, system: ShiftedSystem) -> StoredRequests:
    """Open what reads it."""
    return StoredRequests(database=database, system=system, ledger=ledger)


class Teller:
    """Writes calls into a ledger, each a second after the one before."""

    def __init__(self, ledger: StoredLedger, system: ShiftedSystem) -> None:
        self.start = system.now().replace(hour=12, minute=0, second=0, microsecond=5)
        self._ledger = ledger
        self._count = 0

    def call(self, **changes: Any) -> None:
        """Write one; `outcome` None leaves it open, `day` moves it."""
        self._count += 1
        told: dict[str, Any] = {"outcome": "ok", "cost_usd": Decimal("0.1"), "error_kind": None, "day": 0} | changes
        at = self.start + timedelta(days=told.pop("day"), seconds=self._count)
        outcome, cost, error = told.pop("outcome"), told.pop("cost_usd"), told.pop("error_kind")
        usage = told.pop("usage", Usage(input_total=10, output_total=3))
        fields: dict[str, Any] = {
            "id": f"call_{self._count:05d}",
            "at": at,
            "principal": "ada",
            "request_id": "req_1",
            "run_id": None,
            "stage": None,
            "provider": "mock",
            "model": "mock/a",
            "attempt": 1,
            "reserved_usd": None,
            "possible_double_charge": False,
            "credential_id": "key_1",
        }
        self._ledger.reserve(LedgerEntry(**fields | told))
        if outcome is not None:
            self._ledger.settle(
                Settlement(
                    f"call_{self._count:05d}", at, outcome, error, None, usage, cost, first_token_s=0.1, total_s=0.2
                )
            )


@pytest.fixture
def teller(ledger: StoredLedger, system: ShiftedSystem) -> Teller:
    """Write into that ledger."""
    return Teller(ledger, system)


async def test_a_request_is_told_by_its_attempts(requests: StoredRequests, teller: Teller) -> None:
    """In their order, with models, errors and what is known of the cost, at once after they were made."""
    teller.call(outcome="failed", error_kind="overloaded", cost_usd=Decimal(0), usage=None)
    teller.call(attempt=2, outcome="failed", error_kind="overloaded", cost_usd=None, usage=None)
    teller.call(model="mock/b", cost_usd=Decimal("0.000000123456789"), run_id="run_1", stage="ask")
    teller.call(request_id="req_2")
    told = await requests.get("req_1", principal="ada")
    assert told is not None
    assert (told.id, told.outcome, told.models, told.run_ids) == ("req_1", "ok", ("mock/a", "mock/b"), ("run_1",))
    assert (told.error_kinds, told.cost_usd, told.unknown) == (("overloaded",), Decimal("0.000000123456789"), 1)
    assert [(each.attempt, each.outcome, each.stage) for each in told.attempts] == [
        (1, "failed", None),
        (2, "failed", None),
        (1, "ok", "ask"),
    ]
    assert told.at == told.attempts[0].at == teller.start + timedelta(seconds=1)
    assert told.attempts[2].usage is not None
    assert told.attempts[2].usage["output_total"] == 3
    assert not told.has_more


async def test_requests_of_others_do_not_exist(requests: StoredRequests, teller: Teller) -> None:
    """Even under the same id each caller sees its own calls."""
    teller.call(principal="bob")
    assert await requests.get("req_1", principal="ada") is None
    assert await requests.get("req_9", principal="bob") is None
    teller.call()
    told = await requests.get("req_1", principal="ada")
    assert told is not None
    assert len(told.attempts) == 1


@pytest.mark.parametrize(
    ("outcomes", "told"), [((None,), "open"), (("failed", None), "open"), (("ok", None), "ok"), (("failed",), "failed")]
)
async def test_the_outcome_of_a_request(
    requests: StoredRequests, teller: Teller, outcomes: tuple[str | None, ...], told: str
) -> None:
    """One success is success; else what is under way keeps it open; else the last decides."""
    for outcome in outcomes:
        teller.call(outcome=outcome)
    record = await requests.get("req_1", principal="ada")
    assert record is not None
    assert record.outcome == told


async def test_what_another_worker_writes_is_waited_for_once(
    database: Database, ledger: StoredLedger, teller: Teller, system: ShiftedSystem
) -> None:
    """A call that is not there, or not settled, may be on its way: it is looked for again after the lag, then told."""
    other = StoredRequests(database=database, system=system, lag_s=0.2)
    for outcome in (None, "ok"):
        asking = asyncio.ensure_future(other.get("req_1", principal="ada"))
        await asyncio.sleep(0.1)
        assert not asking.done()
        teller.call(outcome=outcome)
        await ledger.flush()
        told = await asking
        assert told is not None
        assert told.outcome == (outcome or "open")
        await database.write(lambda connection: connection.execute(delete(LEDGER)))
    assert await other.get("req_1", principal="ada") is None


async def test_usage_by_everything(requests: StoredRequests, teller: Teller) -> None:
    """Each grouping adds up the same calls; what nobody knows is counted and left out."""
    teller.call()
    teller.call(model="mock/b", credential_id=None)
    teller.call(principal="bob", credential_id="key_2", cost_usd=None, usage=None, outcome="failed", day=1)
    teller.call(principal="bob", credential_id="key_2", outcome=None, cost_usd=None, day=1, reserved_usd=Decimal(2))
    since, until = teller.start, teller.start + timedelta(days=2)

    async def usage(by: Any, principal: str | None = None) -> tuple[UsageRow, ...]:
        return await requests.usage(by=by, since=since, until=until, principal=principal)

    tenth = Decimal("0.1")
    assert await usage("model") == (
        UsageRow("mock/a", 3, 1, 1, 10, 3, tenth, 1, Decimal(2)),
        UsageRow("mock/b", 1, 0, 0, 10, 3, tenth),
    )
    assert await usage("user") == (
        UsageRow("ada", 2, 0, 0, 20, 6, 2 * tenth),
        UsageRow("bob", 2, 1, 1, 0, 0, Decimal(0), 1, Decimal(2)),
    )
    first, second = teller.start.date(), (teller.start + timedelta(days=1)).date()
    assert await usage("day") == (
        UsageRow(first.isoformat(), 2, 0, 0, 20, 6, 2 * tenth),
        UsageRow(second.isoformat(), 2, 1, 1, 0, 0, Decimal(0), 1, Decimal(2)),
    )
    by_key = {row.key: row.calls for row in await usage("key")}
    assert by_key == {None: 1, "key_1": 1, "key_2": 2}
    assert await usage("user", "ada") == (UsageRow("ada", 2, 0, 0, 20, 6, 2 * tenth),)
    assert await usage("model", "eve") == ()


async def test_usage_is_of_a_time(requests: StoredRequests, teller: Teller) -> None:
    """From the first moment on, up to before the last."""
    for day in range(4):
        teller.call(day=day)
    since = teller.start + timedelta(days=1, seconds=2)
    rows = await requests.usage(by="day", since=since, until=since + timedelta(days=2, seconds=2), principal="ada")
    assert [row.calls for row in rows] == [1, 1]


async def test_an_unknown_grouping_is_refused(requests: StoredRequests, teller: Teller) -> None:
    """It says which there are."""
    with pytest.raises(InvalidRequest) as refused:
        await requests.usage(by="id; DROP", since=teller.start, until=teller.start, principal=None)  # type: ignore[arg-type]  # on purpose
    assert refused.value.hint == "Use one of model, key, user, day."


@given(
    amounts=st.lists(st.decimals(min_value=0, max_value=Decimal("99999999"), allow_nan=False, places=18), max_size=20)
)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
async def test_sums_are_exact(
    requests: StoredRequests, ledger: StoredLedger, database: Database, system: ShiftedSystem, amounts: list[Decimal]
) -> None:
    """To the last decimal, whatever is added."""
    await database.write(lambda connection: connection.execute(delete(LEDGER)))
    teller = Teller(ledger, system)
    for amount in amounts:
        teller.call(cost_usd=amount)
    rows = await requests.usage(by="user", since=teller.start, until=teller.start + timedelta(days=1), principal="ada")
    assert [row.cost_usd for row in rows] == ([sum(amounts)] if amounts else [])


async def test_a_run_remembers_what_it_was_asked_for_with(database: Database, system: ShiftedSystem) -> None:
    """Its calls are charged to that credential, also after another worker took it up."""
    runs = StoredRuns(database=database, system=system)
    run = Run("run_1", "ada", Question("?"), RunOptions(), (), "queued", system.now(), credential_id="key_1")
    await runs.create(run)
    claimed = await runs.claim("run_1", worker="w1", until=system.now() + timedelta(seconds=60))
    assert claimed is not None
    assert claimed.credential_id == "key_1"


async def test_a_call_that_cannot_be_kept_does_not_block_the_others(
    requests: StoredRequests, ledger: StoredLedger, teller: Teller, caplog: pytest.LogCaptureFixture
) -> None:
    """It is dropped aloud."""
    teller.call(principal="a\x00da")
    teller.call()
    told = await requests.get("req_1", principal="ada")
    assert told is not None
    assert len(told.attempts) == 1
    assert ledger.lost == 1
    assert "call_00001" in caplog.text
