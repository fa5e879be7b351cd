"""Who asks for what is not there is counted by address."""

import pytest
from starlette.exceptions import HTTPException
from starlette.requests import Request

from tests.fakes.keepers import keepers
from tests.fakes.system import FakeSystem
from ultra.domain.errors import NotFound, RateLimited
from ultra.gate.flooding import Flooding
from ultra.gate.strays import Strays
from ultra.limits import LimitPolicy, MemoryLimiter, Rates


class Wood:
    """A place without any path."""

    def __init__(self, **rates: int) -> None:
        self.system = FakeSystem(jumps=False)
        self.limiter = MemoryLimiter(system=self.system)
        self._strays = Strays(flooding=Flooding(system=self.system))
        self._keepers = keepers(system=self.system, limiter=self.limiter, policy=LimitPolicy(rates=Rates(**rates)))

    async def ask(self, address: str = "192.0.2.1") -> Exception:
        """Ask for nothing that is there, and return what is said."""
        scope = {
            "type": "http",
            "path": "/nowhere",
            "ultra.address": address,
            "ultra.headers": {},
            "ultra.facts": {},
            "state": {"keepers": self._keepers},
        }
        with pytest.raises((NotFound, RateLimited)) as caught:
            await self._strays.refuse(Request(scope), HTTPException(404))
        return caught.value


async def test_looking_around_has_an_end() -> None:
    """An address may ask for as much as anybody without a name; others are not concerned, and time heals."""
    wood = Wood(anonymous=5)
    found = [await wood.ask() for _ in range(8)]
    assert [type(each) for each in found] == [NotFound] * 5 + [RateLimited] * 3
    assert isinstance(await wood.ask("198.51.100.1"), NotFound)
    wood.system.advance(60)
    assert isinstance(await wood.ask(), NotFound)


async def test_a_flood_is_turned_away_without_a_question() -> None:
    """Who has used up the whole share of the address is not even counted any more."""
    wood = Wood(anonymous=2, address=4)
    for _ in range(10):
        await wood.ask()
    asked = 0

    async def charge(*_: object, **__: object) -> None:
        nonlocal asked
        asked += 1

    wood.limiter.charge = charge  # type: ignore[method-assign,assignment]  # to see that nobody asks
    assert isinstance(await wood.ask(), RateLimited)
    assert asked == 0
