"""Refusals that only show further in stand in the audit, and are passed on as they are."""

from dataclasses import replace

import pytest

from tests.fakes.asgi import Exchange
from tests.fakes.keepers import FakeRefusals, keepers
from tests.fakes.system import FakeSystem
from ultra.domain.errors import NotFound, NotTheirs, QuotaExhausted, RateLimited, UltraError
from ultra.domain.identity import Principal
from ultra.gate.reporting import Reporting

ANN = Principal("user_ann", "user", credential="token")


class Gate:
    """The middleware around a route that refuses everybody."""

    def __init__(self) -> None:
        self.system = FakeSystem(jumps=False)
        self.refusals = FakeRefusals()
        self.reporting = Reporting(self._refuse, system=self.system)
        self._error: UltraError = NotFound("No.")

    async def refuse(self, error: UltraError, *, principal: Principal | None = ANN) -> list[tuple[str, str]]:
        """Ask, and return what was written so far: action and cause."""
        self._error = error
        exchange = Exchange()
        exchange.scope |= {"ultra.principal": principal, "ultra.address": "203.0.113.9"}
        exchange.scope["state"] = {"keepers": keepers(system=self.system, refusals=self.refusals)}
        with pytest.raises(type(error)) as caught:
            await exchange(self.reporting)
        assert caught.value is error
        return [(each["action"], each["cause"]) for each in self.refusals.written]

    async def _refuse(self, *_: object) -> None:
        raise self._error


async def test_a_limit_that_trips_is_told_once_a_minute_a_caller() -> None:
    """Others, and other limits, are told of by themselves; the row says who, from where, and in which request."""
    gate = Gate()
    tripped = RateLimited("Too much.", violated=["principal"])
    for _ in range(3):
        assert await gate.refuse(tripped) == [("limit.trip", "principal")]
    (row,) = gate.refusals.written
    assert (row["actor"], row["credential"], row["request_id"]) == ("user_ann", "token", "req_test0001")
    assert len(await gate.refuse(RateLimited("Too much.", violated=["cost", "tokens"]))) == 2
    assert len(await gate.refuse(tripped, principal=replace(ANN, id="user_bob"))) == 3
    assert len(await gate.refuse(tripped, principal=None)) == 4
    assert gate.refusals.written[-1]["actor"] is None
    gate.system.advance(61)
    assert len(await gate.refuse(tripped)) == 5


async def test_a_budget_and_failed_sign_ins_are_limits_too() -> None:
    """The one has its own word, the other does not say which of them it was."""
    gate = Gate()
    await gate.refuse(QuotaExhausted("Used up.", code="budget_exceeded"))
    assert await gate.refuse(RateLimited("Too many failed attempts."), principal=None) == [
        ("limit.trip", "budget"),
        ("limit.trip", "sign-in"),
    ]


@pytest.mark.parametrize(
    "error",
    [
        RateLimited("The vendor is busy.", provider="acme"),
        QuotaExhausted("The vendor wants money.", provider="acme"),
        QuotaExhausted("Nobody knows the price.", code="price_unknown"),
        NotFound("No such thing."),
    ],
)
async def test_what_is_no_limit_of_ours_is_not_told(error: UltraError) -> None:
    """A vendor's limits are in the log, and what nobody has been refused is nobody's."""
    assert await Gate().refuse(error) == []


async def test_reaching_for_what_is_somebody_elses_is_told_each_time() -> None:
    """With what was reached for."""
    gate = Gate()
    for _ in range(2):
        await gate.refuse(NotTheirs("There is no run 'run_1'.", target="run_1"))
    assert [(each["action"], each["cause"], each["target"]) for each in gate.refusals.written] == [
        ("denied", "not_theirs", "run_1")
    ] * 2
