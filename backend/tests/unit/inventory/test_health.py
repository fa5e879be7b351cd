"""What own calls say of a model: states, reasons, figures."""

from datetime import timedelta
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.system import FakeSystem
from ultra.domain.chat import Usage
from ultra.domain.models import Reason, State
from ultra.domain.observations import BreakerMoved, CallSettled, Observation
from ultra.inventory import Health
from ultra.inventory.health import FINDINGS, find

MODEL = "openai/gpt-6-sol"


def settled(
    system: FakeSystem,
    kind: str | None = None,
    *,
    code: str | None = None,
    retry_after: float | None = None,
    first: float | None = 0.5,
    total: float = 1.5,
    model: str = MODEL,
    outcome: str | None = None,
) -> CallSettled:
    """Make a call that went well, or failed with this kind of error."""
    return CallSettled(
        provider=model.partition("/")[0],
        model=model,
        at=system.now(),
        outcome=outcome or ("failed" if kind else "ok"),  # type: ignore[arg-type]  # a word of the literal
        error_kind=kind,
        error_detail=f"detail of {kind}" if kind else None,
        retry_after=retry_after,
        first_token_s=None if kind else first,
        total_s=total,
        usage=None if kind else Usage(output_total=100),
        cost_usd=None,
        error_code=code,
    )


def state_of(health: Health) -> State | None:
    """Return the present state of the model."""
    found = health.availability(MODEL)
    return None if found is None else found.state


@pytest.fixture
def system() -> FakeSystem:
    """Return a clock that stands still."""
    return FakeSystem(jumps=False)


@pytest.fixture
def health(system: FakeSystem) -> Health:
    """Return an empty table."""
    return Health(system=system)


def test_nothing_is_known_of_a_model_that_was_never_asked(health: Health) -> None:
    """None, not a guess."""
    assert health.availability(MODEL) is None
    assert health.latency(MODEL) is None


@pytest.mark.parametrize(("kind", "finding"), FINDINGS.items())
def test_an_error_gives_its_state_and_reason(
    health: Health, system: FakeSystem, kind: str, finding: tuple[State, Reason]
) -> None:
    """Each kind that speaks about the vendor is found in the table."""
    health.notice(settled(system, kind))
    found = health.availability(MODEL)
    assert found is not None
    assert (found.state, found.reason) == finding
    assert found.checked_at == system.now()
    assert found.detail == f"detail of {kind}"


@pytest.mark.parametrize("kind", ["invalid_request", "context_too_long", "too_large", "forbidden", "cancelled"])
def test_the_callers_own_faults_say_nothing_of_the_model(health: Health, system: FakeSystem, kind: str) -> None:
    """A bad request is not an outage."""
    health.notice(settled(system))
    health.notice(settled(system, kind))
    found = health.availability(MODEL)
    assert found is not None
    assert found.state == "available"


CODES = [
    "no_api_key",
    "permission_denied",
    "region_blocked",
    "billing",
    "dns",
    "tls",
    "deprecated",
    "retired",
    "model_not_found",
]


@pytest.mark.parametrize("code", CODES)
def test_a_code_says_more_than_its_kind(code: str) -> None:
    """A code that is a reason is the reason."""
    assert find("upstream_failed", code) == ("degraded", code)


def test_every_reason_can_be_reached() -> None:
    """Each reason comes from a kind, a code, a breaker, or from the inventory's own judgement."""
    own = {"circuit_open", "quorum_not_met", "never_checked", "disabled_by_operator", "retired", "no_api_key"}
    reached = {reason for _, reason in FINDINGS.values()} | set(CODES) | own
    assert reached == set(get_args(Reason))


def test_a_bad_key_shuts_out_the_whole_provider_until_a_call_goes_well(health: Health, system: FakeSystem) -> None:
    """Another model of the same provider has the same key."""
    health.notice(settled(system, "upstream_refused_key"))
    other = health.availability("openai/another")
    assert other is not None
    assert (other.state, other.reason) == ("unavailable", "auth_failed")
    assert health.availability("gemini/gemini-4-argon") is None
    health.notice(settled(system))
    assert health.availability("openai/another") is None


def test_a_rate_limit_ends_when_the_vendor_said(health: Health, system: FakeSystem) -> None:
    """Until then the model is rate limited, with the time to come back."""
    health.notice(settled(system, "rate_limited", retry_after=30))
    found = health.availability(MODEL)
    assert found is not None
    assert found.retry_at == system.now() + timedelta(seconds=30)
    system.advance(30)
    assert health.availability(MODEL) is None


def test_a_skewed_clock_bans_nobody_for_long(health: Health, system: FakeSystem) -> None:
    """A vendor that says "tomorrow" is asked again after ten minutes."""
    health.notice(settled(system, "rate_limited", retry_after=86_400))
    system.advance(601)
    assert health.availability(MODEL) is None


@pytest.mark.parametrize("kind", ["not_found", "quota_exhausted", "timed_out", "upstream_refused_key"])
def test_a_bad_finding_fades(health: Health, system: FakeSystem, kind: str) -> None:
    """Nothing is shut out for ever: without news it is unknown again."""
    health.notice(settled(system, kind))
    system.advance(301)
    assert health.availability(MODEL) is None


def test_since_is_when_the_state_began(health: Health, system: FakeSystem) -> None:
    """The same finding again moves the check, not the beginning."""
    began = system.now()
    health.notice(settled(system))
    system.advance(60)
    health.notice(settled(system))
    found = health.availability(MODEL)
    assert found is not None
    assert (found.since, found.checked_at) == (began, system.now())


def moved(
    system: FakeSystem, state: str, *, reason: str | None = "upstream_failed", model: str = MODEL, after: float = 15
) -> BreakerMoved:
    """Make a breaker's move."""
    retry_at = system.now() + timedelta(seconds=after) if state == "open" else None
    return BreakerMoved("openai", model, system.now(), state, reason, retry_at)  # type: ignore[arg-type]  # a word


def test_an_open_breaker_shuts_out_until_its_time_and_then_lets_a_probe_in(health: Health, system: FakeSystem) -> None:
    """Open, due, half open and closed again: unavailable, degraded, degraded, available."""
    health.notice(settled(system, "timed_out"))
    health.notice(moved(system, "open", reason="timed_out"))
    found = health.availability(MODEL)
    assert found is not None
    assert (found.state, found.reason, found.detail) == ("unavailable", "circuit_open", "detail of timed_out")
    system.advance(15)
    assert state_of(health) == "degraded"
    health.notice(moved(system, "half_open"))
    assert state_of(health) == "degraded"
    health.notice(settled(system))
    health.notice(moved(system, "closed"))
    assert state_of(health) == "available"


def test_a_providers_breaker_speaks_for_its_models(health: Health, system: FakeSystem) -> None:
    """The breaker of a refused key is named `provider/*`."""
    health.notice(moved(system, "open", reason="upstream_refused_key", model="openai/*"))
    found = health.availability("openai/another")
    assert found is not None
    assert (found.state, found.reason) == ("unavailable", "auth_failed")
    health.notice(moved(system, "closed", model="openai/*"))
    assert health.availability("openai/another") is None


def test_a_provider_on_probation_keeps_its_models_there(health: Health, system: FakeSystem) -> None:
    """Until a key that was refused has proved good, its models are not told as well."""
    health.notice(moved(system, "open", reason="upstream_refused_key", model="openai/*"))
    health.notice(moved(system, "half_open", reason="upstream_refused_key", model="openai/*"))
    found = health.availability("openai/another")
    assert found is not None
    assert (found.state, found.reason) == ("degraded", "auth_failed")


def test_figures_need_five_samples(health: Health, system: FakeSystem) -> None:
    """Below that they are None, and the number of samples says why."""
    for _ in range(4):
        health.notice(settled(system))
    few = health.latency(MODEL)
    assert few is not None
    assert (few.samples, few.ttft_p50_ms, few.success_rate) == (4, None, None)
    health.notice(settled(system))
    enough = health.latency(MODEL)
    assert enough is not None
    assert (enough.samples, enough.ttft_p50_ms, enough.total_p95_ms, enough.success_rate) == (5, 500, 1500, 1.0)
    assert enough.output_tokens_per_s == 100.0


def test_percentiles_are_nearest_rank(health: Health, system: FakeSystem) -> None:
    """Of 1 to 100 hundredths of a second, half are at most 0.50 and 95 at most 0.95."""
    for hundredths in range(1, 101):
        health.notice(settled(system, first=hundredths / 100, total=2.0))
    system.advance(1)
    latency = health.latency(MODEL)
    assert latency is not None
    assert (latency.ttft_p50_ms, latency.ttft_p95_ms) == (500, 950)


def test_old_samples_leave_the_window(health: Health, system: FakeSystem) -> None:
    """An hour later nothing of it counts."""
    for _ in range(6):
        health.notice(settled(system))
    system.advance(3601)
    latency = health.latency(MODEL)
    assert latency is not None
    assert (latency.samples, latency.ttft_p50_ms) == (0, None)


def test_failures_count_against_the_success_rate_and_cancellations_do_not(health: Health, system: FakeSystem) -> None:
    """Six of the eight that ended by themselves went well."""
    for kind in (None, None, None, "timed_out", None, None, None, "upstream_failed"):
        health.notice(settled(system, kind))
    health.notice(settled(system, "cancelled", outcome="cancelled"))
    latency = health.latency(MODEL)
    assert latency is not None
    assert (latency.samples, latency.success_rate) == (8, 0.75)


def test_the_table_does_not_grow_without_end(health: Health, system: FakeSystem) -> None:
    """Names of models are the callers' choice; the oldest are forgotten."""
    for number in range(2100):
        health.notice(settled(system, model=f"home/model-{number}"))
    assert health.availability("home/model-0") is None
    assert health.availability("home/model-2099") is not None


_KINDS = st.sampled_from([None, *FINDINGS, "invalid_request", "something_new"])


@given(
    st.lists(
        st.tuples(_KINDS, st.sampled_from(["call", "open", "half_open", "closed"]), st.floats(0, 400)), max_size=30
    )
)
def test_whatever_is_heard_the_answer_is_in_the_vocabulary(facts: list[tuple[str | None, str, float]]) -> None:
    """No order of observations raises, or leads to a word that is not in the closed lists."""
    system = FakeSystem(jumps=False)
    health = Health(system=system)
    for kind, what, wait in facts:
        heard: Observation = settled(system, kind) if what == "call" else moved(system, what, reason=kind)
        health.notice(heard)
        system.advance(wait)
        found = health.availability(MODEL)
        if found is not None:
            assert found.state in get_args(State)
            assert found.reason is None or found.reason in get_args(Reason)
            assert (found.state == "available") == (found.reason is None)
