"""Whoever was here a moment ago is counted and known by one question; whoever has changed since is asked again."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.unit.gate.test_guard import KNOWN, Gate
from ultra.domain.errors import Unauthenticated
from ultra.domain.identity import Permission, Role
from ultra.gate.need import Need
from ultra.limits import Rates


def recalled(who: str, **changes: Any) -> Gate:
    """Return a gate that was passed by somebody a moment ago, as the person they were then."""
    gate = Gate(Need(Permission.RUNS_READ, "completion"), rates=Rates(concurrency=1))
    gate.authenticator.recalls[who] = replace(KNOWN[who], **changes)
    return gate


async def test_whoever_was_here_a_moment_ago_is_counted_and_known_by_one_question() -> None:
    """The counter's word about the version is enough; where it knows none it is asked for."""
    gate = recalled("member", version=3)
    told: list[int | None] = [3, None]
    charge = gate.limiter.charge

    async def tells(charges, *, places=(), whose=None):
        assert whose == "user_member"
        return replace(await charge(charges, places=places), version=told.pop(0))

    gate.limiter.charge = tells
    for _ in range(2):
        exchange = await gate.ask(who="member")
        assert exchange.scope["ultra.principal"].version == 3
        assert exchange.scope["ultra.facts"]["principal"] == "user_member"
    assert (gate.served, gate.authenticator.asked, told) == (2, [], [])


@pytest.mark.parametrize("is_told", [True, False])
async def test_whoever_has_changed_is_asked_again(is_told: bool) -> None:
    """Another version, told by the counter or asked for, is another person; the place taken meanwhile is free again."""
    gate = recalled("member", role=Role.ADMIN, version=-1)
    gate.authenticator.present["user_member"] = 0
    if is_told:
        charge = gate.limiter.charge

        async def tells(charges, *, places=(), whose=None):
            del whose
            return replace(await charge(charges, places=places), version=0)

        gate.limiter.charge = tells
    exchange = await gate.ask(who="member")
    assert exchange.scope["ultra.principal"].role is Role.MEMBER
    assert len(gate.authenticator.asked) == 1
    assert gate.served == 1


async def test_whoever_was_revoked_is_refused_though_a_moment_ago_they_were_let_in() -> None:
    """The refusal is that of a bad credential, also where nothing more would be allowed."""
    gate = recalled("member", version=-1)
    gate.authenticator.present["user_member"] = 0
    gate.authenticator.known = {}
    async with asyncio.timeout(5):
        with pytest.raises(Unauthenticated):
            await gate.ask(who="member")
    assert gate.served == 0


async def test_a_failing_question_gives_the_place_back() -> None:
    """Whoever could not be told apart holds nobody's place."""
    gate = recalled("member")

    async def fails(_recalled, *, version):
        del version
        raise OSError("the store is away")

    gate.authenticator.stands = fails
    with pytest.raises(OSError, match="away"):
        await gate.ask(who="member")
    gate.authenticator.recalls.clear()
    assert (await gate.ask(who="member")).status == 200


async def test_whoever_may_not_is_refused_as_if_never_seen() -> None:
    """A permission that is missing is looked for in who they are now, and browsers always show their pages."""
    gate = recalled("viewer", permissions=frozenset())
    assert (await gate.ask(who="viewer")).status == 200
    gate.authenticator.recalls["browser"] = KNOWN["browser"]
    await gate.ask(who="browser")
    assert len(gate.authenticator.asked) == 2
