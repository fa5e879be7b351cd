"""One circuit breaker, as a machine of states over a clock that is passed in."""

import random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from ultra.gateway.breaker import Breaker, Refusal, Ticket
from ultra.gateway.policy import Policy

POLICY = Policy(breaker_failures=3, breaker_minimum=10, breaker_ratio=0.5, open_base_s=4.0, open_cap_s=20.0)


def _breaker(policy: Policy = POLICY) -> Breaker:
    return Breaker(policy, random.Random(1))


def _fail(breaker: Breaker, now: float, times: int = 1) -> None:
    for _ in range(times):
        breaker.fail(breaker.enter(now), now, reason="upstream_failed")


def _reopened(breaker: Breaker) -> float:
    """Wait for the probe, let it fail, and return for how long it is open then."""
    assert breaker.retry_at is not None
    now = breaker.retry_at
    _fail(breaker, now)
    assert breaker.state == "open"
    return breaker.retry_at - now


def test_failures_in_a_row_open_it() -> None:
    """It opens at the third failure in a row, not before, and says why and until when."""
    breaker = _breaker()
    _fail(breaker, 0.0, 2)
    assert breaker.state == "closed"
    assert breaker.refusal(0.0) is None
    _fail(breaker, 0.0)
    assert (breaker.state, breaker.reason) == ("open", "upstream_failed")
    refusal = breaker.refusal(1.0)
    assert refusal is not None
    assert refusal.reason == "circuit_open"
    assert breaker.retry_at == pytest.approx(1.0 + refusal.retry_after)


def test_a_success_breaks_the_row() -> None:
    """Failures with a success between them are not in a row."""
    breaker = _breaker()
    _fail(breaker, 0.0, 2)
    breaker.succeed(breaker.enter(0.0), 0.0)
    _fail(breaker, 0.0, 2)
    assert breaker.state == "closed"


def test_a_high_share_of_failures_opens_it() -> None:
    """Half of the recent calls failing is too much, though never in a row, once there are enough of them."""
    breaker = _breaker()
    for _ in range(4):
        breaker.succeed(breaker.enter(0.0), 0.0)
        _fail(breaker, 0.0)
    assert breaker.state == "closed"
    breaker.succeed(breaker.enter(0.0), 0.0)
    _fail(breaker, 0.0)
    assert breaker.state == "open"


def test_old_failures_do_not_count_in_the_share() -> None:
    """Failures before the window are forgotten."""
    breaker = _breaker()
    for _ in range(4):
        breaker.succeed(breaker.enter(0.0), 0.0)
        _fail(breaker, 0.0)
    later = POLICY.breaker_window_s * 2
    breaker.succeed(breaker.enter(later), later)
    _fail(breaker, later)
    assert breaker.state == "closed"


def test_recovery_forgets_the_share() -> None:
    """Failures from before a good probe do not open it again."""
    breaker = _breaker(Policy(breaker_failures=100, breaker_minimum=4, breaker_ratio=0.5, open_base_s=4.0))
    _fail(breaker, 0.0, 4)
    assert breaker.retry_at is not None
    now = breaker.retry_at
    breaker.succeed(breaker.enter(now), now)
    _fail(breaker, now, 3)
    assert breaker.state == "closed"
    _fail(breaker, now)
    assert breaker.state == "open"


def test_one_failure_can_be_enough() -> None:
    """A failure that is sure to repeat opens it at once."""
    breaker = _breaker()
    breaker.fail(breaker.enter(0.0), 0.0, reason="upstream_refused_key", at_once=True)
    assert breaker.state == "open"


def test_one_probe_at_a_time() -> None:
    """When its time is over one caller may probe; the others are refused until he is back."""
    breaker = _breaker()
    _fail(breaker, 0.0, 3)
    assert breaker.retry_at is not None
    now = breaker.retry_at
    assert breaker.refusal(now - 0.01) is not None
    assert breaker.refusal(now) is None
    probe = breaker.enter(now)
    assert breaker.state == "half_open"
    assert breaker.refusal(now) == Refusal("circuit_open", POLICY.open_base_s)
    breaker.succeed(probe, now)
    assert (breaker.state, breaker.reason, breaker.retry_at) == ("closed", None, None)
    assert breaker.refusal(now) is None


def test_a_lost_probe_frees_its_place() -> None:
    """A probe that was cancelled decides nothing, and the next caller probes."""
    breaker = _breaker()
    _fail(breaker, 0.0, 3)
    assert breaker.retry_at is not None
    now = breaker.retry_at
    breaker.abandon(breaker.enter(now))
    assert breaker.state == "half_open"
    assert breaker.refusal(now) is None


def test_open_times_grow_with_jitter_up_to_a_cap() -> None:
    """Each failed probe doubles the time, a quarter of it left to chance, never beyond the cap."""
    breaker = _breaker()
    _fail(breaker, 0.0, 3)
    assert breaker.retry_at is not None
    assert 3.0 <= breaker.retry_at <= 4.0
    assert 6.0 <= _reopened(breaker) <= 8.0
    assert 12.0 <= _reopened(breaker) <= 16.0
    assert 15.0 <= _reopened(breaker) <= 20.0
    assert 15.0 <= _reopened(breaker) <= 20.0
    times = {Breaker(POLICY, random.Random(seed))._time_open() for seed in range(5)}
    assert len(times) == 5


def test_recovery_starts_the_open_times_over() -> None:
    """After a good probe, the next opening is as short as the first."""
    breaker = _breaker()
    _fail(breaker, 0.0, 3)
    _reopened(breaker)
    assert breaker.retry_at is not None
    now = breaker.retry_at
    breaker.succeed(breaker.enter(now), now)
    _fail(breaker, now, 3)
    assert breaker.retry_at is not None
    assert breaker.retry_at - now <= 4.0


def test_latecomers_of_an_earlier_state_count_for_nothing() -> None:
    """A call let in before the breaker moved neither closes nor reopens it."""
    breaker = _breaker()
    early, other = breaker.enter(0.0), breaker.enter(0.0)
    _fail(breaker, 0.0, 3)
    until = breaker.retry_at
    assert until is not None
    breaker.succeed(early, 1.0)
    breaker.fail(other, 1.0, reason="late", at_once=True)
    assert (breaker.state, breaker.retry_at, breaker.reason) == ("open", until, "upstream_failed")
    probe = breaker.enter(until)
    breaker.abandon(early)
    assert breaker.refusal(until) is not None
    breaker.succeed(probe, until)
    assert breaker.state == "closed"


def test_a_rate_limit_blocks_without_opening() -> None:
    """Until the given time callers are told `rate_limited`; the longest such time wins; the state stays."""
    breaker = _breaker()
    breaker.block(breaker.enter(0.0), 30.0)
    breaker.block(breaker.enter(0.0), 10.0)
    assert breaker.state == "closed"
    assert breaker.refusal(20.0) == Refusal("rate_limited", 10.0)
    assert breaker.refusal(30.0) is None


def test_a_rate_limited_probe_frees_its_place() -> None:
    """A probe told to wait leaves the breaker half open, for the next one after that time."""
    breaker = _breaker()
    _fail(breaker, 0.0, 3)
    assert breaker.retry_at is not None
    now = breaker.retry_at
    breaker.block(breaker.enter(now), now + 5)
    assert breaker.refusal(now + 1) == Refusal("rate_limited", 4.0)
    assert breaker.refusal(now + 5) is None
    assert breaker.state == "half_open"


class BreakerMachine(RuleBasedStateMachine):
    """Any order of callers, endings and time."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.breaker = _breaker()
        self.inside: list[tuple[Ticket, str]] = []
        self.row = 0
        self.blocked_until = 0.0

    @rule(seconds=st.floats(0.0, 12.0))
    def wait(self, seconds: float) -> None:
        """Time passes."""
        self.now += seconds

    @precondition(lambda self: self.breaker.refusal(self.now) is None)
    @rule()
    def enter(self) -> None:
        """Let a caller in."""
        if self.breaker.state == "half_open":
            self.inside = [each for each in self.inside if each[1] != "half_open"]
        ticket = self.breaker.enter(self.now)
        assert self.breaker.state != "open"
        if self.breaker.state == "half_open":
            assert self.breaker.refusal(self.now) is not None
        self.inside.append((ticket, self.breaker.state))

    @precondition(lambda self: self.inside)
    @rule(which=st.integers(0, 100), how=st.sampled_from(["succeed", "fail", "abandon", "block"]))
    def leave(self, which: int, how: str) -> None:
        """Let a caller come back."""
        ticket, entered = self.inside.pop(which % len(self.inside))
        before, era = self.breaker.state, self.breaker._era
        if how == "succeed":
            self.breaker.succeed(ticket, self.now)
        elif how == "fail":
            self.breaker.fail(ticket, self.now, reason="x")
        elif how == "abandon":
            self.breaker.abandon(ticket)
        else:
            self.blocked_until = max(self.blocked_until, self.now + 3)
            self.breaker.block(ticket, self.now + 3)
        self._judge(how, entered=entered, before=before, is_current=ticket.era == era)

    def _judge(self, how: str, *, entered: str, before: str, is_current: bool) -> None:
        after = self.breaker.state
        if not is_current or how in ("abandon", "block"):
            assert after == before
            return
        assert entered == before
        if how == "succeed":
            assert after == "closed"
            self.row = 0
        elif before == "half_open":
            assert after == "open"
        else:
            self.row += 1
            assert after == "open" or self.row < POLICY.breaker_failures
        if after == "open":
            self.row = 0

    @invariant()
    def an_open_one_has_an_end(self) -> None:
        """Open means refused until a time that lies at most the cap ahead."""
        if self.breaker.state == "open":
            assert self.breaker.retry_at is not None
            assert self.breaker.retry_at <= self.now + POLICY.open_cap_s
            if self.now < self.breaker.retry_at:
                assert self.breaker.refusal(self.now) is not None
            else:
                assert self.breaker.refusal(self.now) is None or self.now < self.blocked_until
        else:
            assert self.breaker.retry_at is None

    @invariant()
    def a_closed_one_refuses_only_for_a_rate_limit(self) -> None:
        """Let everybody in, unless the vendor asked for a pause."""
        if self.breaker.state == "closed":
            assert (self.breaker.refusal(self.now) is None) == (self.now >= self.blocked_until)

    @invariant()
    def a_half_open_one_waits_for_somebody(self) -> None:
        """Never be stuck: either somebody probes, or the next caller may."""
        if self.breaker.state == "half_open" and self.now >= self.blocked_until:
            probes = sum(ticket.era == self.breaker._era for ticket, _ in self.inside)
            assert probes <= 1
            assert (self.breaker.refusal(self.now) is None) == (probes == 0)


TestBreakerMachine = BreakerMachine.TestCase
TestBreakerMachine.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
