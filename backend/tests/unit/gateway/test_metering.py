"""Reserved before, settled after: one row and one observation per upstream call."""

from dataclasses import replace
from decimal import Decimal

import pytest

from tests.fakes.catalogue import model
from tests.fakes.ledger import FakeLedger
from tests.fakes.observer import FakeObserver
from tests.fakes.system import FakeSystem
from ultra.domain.chat import (
    ChatRequest,
    Delta,
    Event,
    Finished,
    Loss,
    Message,
    PartStarted,
    Started,
    Text,
    Usage,
    UsageReported,
)
from ultra.domain.errors import NetworkFailed, Overloaded, ProtocolViolated, RateLimited, TimedOut, Truncated, Upstream
from ultra.domain.models import Limits
from ultra.domain.ports import CallContext
from ultra.domain.pricing import Price
from ultra.gateway.metering import Meter, Till
from ultra.gateway.policy import Policy

PRICED = model("a/one", price=Price(Decimal(1), Decimal(2)), limits=Limits(max_output_tokens=1000))
REQUEST = ChatRequest("one", (Message("user", (Text("x" * 20),)),))
"""36 bytes with the frame of its message: ten tokens."""
CALL = CallContext("somebody", "req_1", 2000.0, "run_1", "ask", possible_double_charge=True)
MICRO = Decimal("0.000001")


class _Stand:
    """A till and what it writes to."""

    def __init__(self) -> None:
        self.system, self.ledger, self.observer = FakeSystem(), FakeLedger(), FakeObserver()
        self.till = Till(self.ledger, self.observer, self.system, Policy(assumed_output_tokens=5000))

    def meter(self, of=PRICED, request: ChatRequest = REQUEST, *heard: Event, attempt: int = 1) -> Meter:
        """Begin a call and let it hear events."""
        meter = Meter(self.till, of, request, CALL, attempt=attempt)
        for event in heard:
            meter.hear(event)
        return meter

    @property
    def settled(self):
        """The one settlement."""
        (settlement,) = self.ledger.settlements
        return settlement


@pytest.fixture
def stand() -> _Stand:
    """Return fresh books."""
    return _Stand()


BEGUN = Started("id-1", "a", "one", (Loss("seed", "dropped", "no such field"),))
SAID = (BEGUN, PartStarted(0, "text"), Delta(0, "y" * 36))
TOLD = Usage(input_total=50, output_total=7)


def test_the_reservation_says_whose_call_it_is(stand: _Stand) -> None:
    """Everything that is known before the call stands in its row, before anything is heard."""
    stand.meter(attempt=2)
    (row,) = stand.ledger.rows
    entry = row.entry
    assert (entry.principal, entry.request_id, entry.run_id, entry.stage) == ("somebody", "req_1", "run_1", "ask")
    assert (entry.provider, entry.model, entry.attempt, entry.possible_double_charge) == ("a", "a/one", 2, True)
    assert entry.at == stand.system.now()
    assert row.settlement is None


@pytest.mark.parametrize(
    ("limit", "wish", "tokens"),
    [(1000, None, 1000), (1000, 30, 30), (None, None, 5000)],
)
def test_the_worst_case_is_reserved(stand: _Stand, limit, wish, tokens) -> None:
    """The prompt in bytes, and as much output as was asked for, the model writes, or is assumed."""
    of = replace(PRICED, limits=Limits(max_output_tokens=limit))
    stand.meter(of, replace(REQUEST, max_output_tokens=wish))
    assert stand.ledger.rows[0].entry.reserved_usd == (10 + 2 * tokens) * MICRO


def test_an_unknown_price_reserves_and_costs_unknown(stand: _Stand) -> None:
    """Unknown is None, never zero."""
    stand.meter(model("a/one"), REQUEST, *SAID, UsageReported(TOLD)).settle("ok")
    assert stand.ledger.rows[0].entry.reserved_usd is None
    assert stand.settled.cost_usd is None
    assert stand.settled.usage == TOLD


def test_reported_usage_is_charged_as_it_is(stand: _Stand) -> None:
    """The last report wins and is not marked as an estimate."""
    stand.meter(PRICED, REQUEST, *SAID, UsageReported(Usage(50, output_total=1)), UsageReported(TOLD)).settle("ok")
    assert stand.settled.usage == TOLD
    assert stand.settled.cost_usd == (50 + 2 * 7) * MICRO


def test_missing_usage_is_estimated_and_says_so(stand: _Stand) -> None:
    """Without a report tokens come from bytes."""
    stand.meter(PRICED, REQUEST, *SAID, Finished("stop")).settle("ok")
    assert stand.settled.usage == Usage(input_total=10, output_total=10, estimated=True)
    assert stand.settled.cost_usd == (10 + 2 * 10) * MICRO


@pytest.mark.parametrize("outcome", ["cancelled", "failed"])
def test_a_call_that_breaks_off_costs_what_came(stand: _Stand, outcome) -> None:
    """An early report is raised to what was received since, and marked as an estimate."""
    early = UsageReported(Usage(input_total=50, input_cached=20, output_total=1))
    error = Truncated("x") if outcome == "failed" else None
    stand.meter(PRICED, REQUEST, BEGUN, early, *SAID[1:]).settle(outcome, error)
    assert stand.settled.usage == Usage(input_total=50, input_cached=20, output_total=10, estimated=True)


def test_a_vendor_that_began_and_then_refused_has_worked(stand: _Stand) -> None:
    """An error inside the stream does not undo what came before it."""
    stand.meter(PRICED, REQUEST, *SAID).settle("failed", Overloaded("x"))
    assert stand.settled.usage == Usage(input_total=10, output_total=10, estimated=True)


def test_a_report_without_the_prompt_is_completed(stand: _Stand) -> None:
    """Where a broken-off call has reported only output, the prompt is estimated."""
    stand.meter(PRICED, REQUEST, *SAID, UsageReported(Usage(output_total=40))).settle("cancelled")
    assert stand.settled.usage == Usage(input_total=10, output_total=40, estimated=True)


def test_a_call_left_before_the_first_event_may_have_cost_its_prompt(stand: _Stand) -> None:
    """Nobody knows whether the vendor had begun, so the prompt is counted."""
    stand.meter().settle("cancelled")
    assert stand.settled.usage == Usage(input_total=10, estimated=True)
    assert stand.settled.cost_usd == 10 * MICRO


@pytest.mark.parametrize("error", [Overloaded("x"), RateLimited("x"), NetworkFailed("x")])
def test_a_call_turned_away_costs_nothing(stand: _Stand, error) -> None:
    """A vendor that did not begin does not charge, whatever its price."""
    stand.meter(model("a/one")).settle("failed", error)
    assert stand.settled.usage is None
    assert stand.settled.cost_usd == 0


@pytest.mark.parametrize(
    "error",
    [
        TimedOut("x"),
        Truncated("x"),
        ProtocolViolated("x"),
        NetworkFailed("x", upstream=Upstream(started=True)),
    ],
)
def test_a_call_the_vendor_may_have_begun_costs_its_prompt(stand: _Stand, error) -> None:
    """Silence after the request was sent may have been work."""
    stand.meter().settle("failed", error)
    assert stand.settled.cost_usd == 10 * MICRO


def test_a_vendor_that_had_not_started_says_so(stand: _Stand) -> None:
    """The provider's own knowledge is believed."""
    stand.meter().settle("failed", TimedOut("x", upstream=Upstream(started=False)))
    assert stand.settled.cost_usd == 0


def test_times_run_from_the_reservation(stand: _Stand) -> None:
    """First token is the first delta, not the vendor's greeting; total is until the end."""
    meter = stand.meter()
    stand.system.advance(1)
    meter.hear(BEGUN)
    stand.system.advance(2)
    meter.hear(Delta(0, "a"))
    stand.system.advance(3)
    meter.hear(Delta(0, "b"))
    meter.settle("ok")
    assert (stand.settled.first_token_s, stand.settled.total_s) == (3, 6)


def test_the_observer_hears_the_same(stand: _Stand) -> None:
    """One observation per call, with the error in words and its time to return."""
    error = RateLimited("slow down", retry_after=7, upstream=Upstream(429, request_id="up-1"))
    stand.meter().settle("failed", error)
    (heard,) = stand.observer.calls
    assert (heard.provider, heard.model, heard.outcome) == ("a", "a/one", "failed")
    assert (heard.error_kind, heard.error_detail, heard.retry_after) == ("rate_limited", "slow down", 7)
    assert (heard.cost_usd, heard.usage, heard.first_token_s, heard.total_s) == (0, None, None, 0)
    assert (stand.settled.error_kind, stand.settled.upstream_request_id) == ("rate_limited", "up-1")


def test_the_vendors_id_of_a_good_answer_is_kept(stand: _Stand) -> None:
    """The row can be matched with the vendor's bill."""
    stand.meter(PRICED, REQUEST, *SAID).settle("ok")
    assert stand.settled.upstream_request_id == "id-1"


def test_a_call_is_settled_once(stand: _Stand) -> None:
    """Whoever comes second changes nothing."""
    meter = stand.meter(PRICED, REQUEST, *SAID, UsageReported(TOLD))
    meter.settle("ok")
    meter.settle("cancelled")
    assert [each.outcome for each in stand.ledger.settlements] == ["ok"]
    assert len(stand.observer.calls) == 1
