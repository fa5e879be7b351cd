"""Which errors move which breaker, and who is told."""

import pytest

from tests.fakes.catalogue import model
from tests.fakes.observer import FakeObserver
from tests.fakes.system import FakeSystem
from ultra.domain.errors import (
    CircuitOpen,
    ContextTooLong,
    InvalidRequest,
    NetworkFailed,
    Overloaded,
    ProtocolViolated,
    QuotaExhausted,
    RateLimited,
    TimedOut,
    Truncated,
    UltraError,
    UpstreamFailed,
    UpstreamRefusedKey,
)
from ultra.gateway.breakers import Breakers
from ultra.gateway.policy import Policy

ONE, TWO, ELSEWHERE = model("a/one"), model("a/two"), model("b/one")


class _Stand:
    """Breakers with what they need."""

    def __init__(self) -> None:
        self.system = FakeSystem()
        self.observer = FakeObserver()
        self.policy = Policy(breaker_failures=2)
        self.breakers = Breakers(observer=self.observer, system=self.system, policy=self.policy)

    def end(self, error: UltraError | None = None, *, of=ONE, deadline: float = 1e9, took: float = 0.0) -> None:
        """Let one call through and end it."""
        permit = self.breakers.admit(of, deadline=deadline)
        self.system.advance(took)
        permit.end("ok" if error is None else "failed", error)


@pytest.fixture
def stand() -> _Stand:
    """Return fresh breakers."""
    return _Stand()


@pytest.mark.parametrize("kind", [UpstreamFailed, NetworkFailed, ProtocolViolated, Truncated, TimedOut, Overloaded])
def test_the_vendors_failures_count(stand: _Stand, kind: type[UltraError]) -> None:
    """Two of them open that model's breaker and no other."""
    stand.end(kind("x"))
    assert stand.breakers.refusal(ONE) is None
    stand.end(kind("x"))
    refusal = stand.breakers.refusal(ONE)
    assert isinstance(refusal, CircuitOpen)
    assert refusal.retry_after is not None
    assert (refusal.provider, refusal.model) == ("a", "a/one")
    assert stand.breakers.refusal(TWO) is None


@pytest.mark.parametrize("kind", [InvalidRequest, ContextTooLong, QuotaExhausted, RateLimited])
def test_other_errors_do_not_count(stand: _Stand, kind: type[UltraError]) -> None:
    """What the caller asked, owes, or asked too often says nothing about the vendor's health."""
    for _ in range(5):
        stand.end(kind("x"))
    assert stand.breakers.refusal(ONE) is None
    assert stand.observer.moves == []


def test_cancelled_calls_do_not_count(stand: _Stand) -> None:
    """A caller who leaves is no failure."""
    for _ in range(5):
        stand.breakers.admit(ONE, deadline=1e9).end("cancelled", None)
    assert stand.breakers.state("a/one").state == "closed"


def test_a_refused_key_closes_the_whole_provider_at_once(stand: _Stand) -> None:
    """One refusal is enough, for all models of that provider; a good call after the probe's time opens the way."""
    stand.end(UpstreamRefusedKey("x"))
    assert isinstance(stand.breakers.refusal(TWO), CircuitOpen)
    assert stand.breakers.refusal(ELSEWHERE) is None
    state = stand.breakers.state("a/two")
    assert (state.state, state.scope, state.reason) == ("open", "provider", "upstream_refused_key")
    stand.system.advance(stand.policy.open_base_s)
    assert stand.breakers.refusal(TWO) is None
    stand.end(of=TWO)
    assert stand.breakers.refusal(ONE) is None
    assert [(move.model, move.state) for move in stand.observer.moves] == [
        ("a/*", "open"),
        ("a/*", "half_open"),
        ("a/*", "closed"),
    ]


@pytest.mark.parametrize("code", ["permission_denied", "region_blocked"])
def test_a_model_that_is_refused_does_not_close_its_provider(stand: _Stand, code: str) -> None:
    """A key that may not use one model may use the others."""
    stand.end(UpstreamRefusedKey("x", code=code))
    assert stand.breakers.refusal(TWO) is None
    assert stand.breakers.state("a/two").state == "closed"


def test_a_failed_probe_of_a_model_does_not_hold_the_providers_place(stand: _Stand) -> None:
    """While the provider is probed, a failure that says nothing about the key leaves the place to the next caller."""
    stand.end(UpstreamRefusedKey("x"))
    stand.system.advance(stand.policy.open_base_s)
    stand.end(NetworkFailed("x"), of=TWO)
    assert stand.breakers.refusal(ONE) is None


def test_a_probe_with_a_refused_key_does_not_hold_the_models_place(stand: _Stand) -> None:
    """When the key is accepted again, the model is probed again."""
    stand.end(UpstreamFailed("x"))
    stand.end(UpstreamFailed("x"))
    stand.system.advance(stand.policy.open_base_s)
    stand.end(UpstreamRefusedKey("x"))
    stand.system.advance(stand.policy.open_base_s)
    assert stand.breakers.refusal(ONE) is None
    stand.end()
    assert stand.breakers.state("a/one").state == "closed"


def test_a_rate_limit_blocks_until_its_time(stand: _Stand) -> None:
    """Callers are told `rate_limited` and when to return; the breaker stays closed."""
    stand.end(RateLimited("x", retry_after=30))
    stand.system.advance(10)
    refusal = stand.breakers.refusal(ONE)
    assert isinstance(refusal, RateLimited)
    assert refusal.retry_after == pytest.approx(20)
    assert stand.breakers.state("a/one").state == "closed"
    stand.system.advance(20)
    assert stand.breakers.refusal(ONE) is None


def test_an_absurd_retry_after_does_not_ban_a_model(stand: _Stand) -> None:
    """A skewed clock at the vendor keeps callers away for no longer than the cap."""
    stand.end(RateLimited("x", retry_after=1e9))
    stand.system.advance(stand.policy.block_cap_s)
    assert stand.breakers.refusal(ONE) is None


def test_a_hasty_caller_cannot_open_a_breaker(stand: _Stand) -> None:
    """A deadline that left the vendor hardly a chance does not count; one that left it fair time does."""
    for _ in range(5):
        stand.end(TimedOut("x"), deadline=stand.system.monotonic() + 1, took=1)
    assert stand.breakers.refusal(ONE) is None
    for _ in range(2):
        stand.end(TimedOut("x"), deadline=stand.system.monotonic() + 3, took=3)
    assert stand.breakers.refusal(ONE) is not None


def test_a_vendors_own_silence_counts_however_short(stand: _Stand) -> None:
    """A time-out before the caller's deadline is the vendor's."""
    for _ in range(2):
        stand.end(TimedOut("x"), deadline=stand.system.monotonic() + 60, took=1)
    assert stand.breakers.refusal(ONE) is not None


def test_moves_are_told_with_reason_and_time(stand: _Stand) -> None:
    """The observer hears each move once: open with its end, half open, closed."""
    stand.end(Overloaded("x"))
    stand.end(Overloaded("x"))
    (opened,) = stand.observer.moves
    assert (opened.provider, opened.model, opened.state, opened.reason) == ("a", "a/one", "open", "overloaded")
    assert opened.retry_at is not None
    assert opened.at == stand.system.now()
    assert stand.breakers.state("a/one").retry_at == opened.retry_at
    stand.system.advance((opened.retry_at - opened.at).total_seconds() + 0.001)
    stand.end()
    assert [move.state for move in stand.observer.moves] == ["open", "half_open", "closed"]
    assert stand.observer.moves[-1].retry_at is None


def test_a_permit_ends_once(stand: _Stand) -> None:
    """Only the first ending of a call counts."""
    permit = stand.breakers.admit(ONE, deadline=1e9)
    for _ in range(5):
        permit.end("failed", UpstreamFailed("x"))
    assert stand.breakers.state("a/one").state == "closed"


def test_an_unknown_model_is_closed(stand: _Stand) -> None:
    """A model nobody has asked yet has nothing against it."""
    assert stand.breakers.state("c/never").state == "closed"


def test_a_refused_key_gets_another_chance(stand: _Stand) -> None:
    """Closing the providers' breakers lets them be asked again and tells so; those of models stay as they are."""
    stand.end(UpstreamRefusedKey("x"))
    stand.end(UpstreamFailed("x"), of=ELSEWHERE)
    stand.end(UpstreamFailed("x"), of=ELSEWHERE)
    assert stand.breakers.refusal(TWO) is not None
    stand.breakers.close_providers()
    assert stand.breakers.refusal(TWO) is None
    assert stand.breakers.refusal(ELSEWHERE) is not None
    moved = [each for each in stand.observer.moves if each.model == "a/*"]
    assert [each.state for each in moved] == ["open", "closed"]
