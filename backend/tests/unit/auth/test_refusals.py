"""Writing down refusals."""

import pytest

from tests.fakes.audit import FakeAudit
from tests.fakes.observer import FakeObserver
from tests.fakes.system import FakeSystem
from ultra.auth.refusals import LIMIT_TRIP, Refusals
from ultra.domain.observations import CredentialRefused, SignInFailed


async def test_a_refusal_is_written_with_its_cause() -> None:
    """Who, what, from where and why."""
    system = FakeSystem(jumps=False)
    audit = FakeAudit(system=system)
    refusals = Refusals(audit=audit, observer=FakeObserver(), system=system)
    await refusals.write(
        "key_rejected", cause="secret", actor="user_ann", credential="key", address="203.0.113.9", request_id="req_1"
    )
    (entry,) = audit.entries
    assert (entry.action, entry.outcome, entry.actor, entry.credential) == (
        "key_rejected",
        "refused",
        "user_ann",
        "key",
    )
    assert (entry.address, entry.request_id, entry.facts) == ("203.0.113.9", "req_1", {"cause": "secret"})


async def test_a_limit_that_tripped_is_no_credential() -> None:
    """It has its row, with what was reached for where there is something; the limits themselves tell whoever counts."""
    system, observer = FakeSystem(), FakeObserver()
    audit = FakeAudit(system=system)
    refusals = Refusals(audit=audit, observer=observer, system=system)
    await refusals.write(LIMIT_TRIP, cause="principal", actor="user_ann", target="run_1", request_id="req_1")
    (entry,) = audit.entries
    assert (entry.action, entry.outcome, entry.target, entry.facts) == (
        "limit.trip", "refused", "run_1", {"cause": "principal"}
    )  # fmt: skip
    assert observer.noticed == []


async def test_a_flood_is_counted_and_not_written() -> None:
    """After a burst only so many a second are written; the next row says how many were not."""
    system = FakeSystem(jumps=False)
    audit = FakeAudit(system=system)
    observer = FakeObserver()
    refusals = Refusals(audit=audit, observer=observer, system=system, burst=3, per_second=2)
    for _ in range(10):
        await refusals.write("key_rejected", cause="secret")
    assert (len(audit.entries), refusals.unwritten) == (3, 7)
    assert len(observer.noticed) == 10, "what is not written is heard all the same"
    system.advance(0.5)
    await refusals.write("key_rejected", cause="secret")
    await refusals.write("key_rejected", cause="secret")
    assert (len(audit.entries), refusals.unwritten) == (4, 1)
    assert audit.entries[-1].facts == {"cause": "secret", "unwritten": 7}
    system.advance(1000)
    for _ in range(4):
        await refusals.write("key_rejected", cause="secret")
    assert len(audit.entries) == 7, "a long silence does not save up more than the burst"


@pytest.mark.parametrize(
    ("action", "is_sign_in"), [("sign_in", True), ("link.redeem", True), ("key_rejected", False), ("denied", False)]
)
async def test_whoever_listens_hears_what_kind_of_refusal_it_was(action: str, is_sign_in: bool) -> None:
    """Attempts to come in are told apart from credentials that are no good, and nothing says whose they were."""
    system, observer = FakeSystem(jumps=False), FakeObserver()
    refusals = Refusals(audit=FakeAudit(system=system), observer=observer, system=system)
    await refusals.write(action, cause="password", actor="user_ann", address="203.0.113.9")
    heard = (
        SignInFailed(system.now(), "password") if is_sign_in else CredentialRefused(system.now(), action, "password")
    )
    assert observer.noticed == [heard]
