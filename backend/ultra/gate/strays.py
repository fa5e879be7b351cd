"""Those who ask for what is not there: nobody looks who they are, so they are counted as nobody."""

from typing import NoReturn

from starlette.requests import Request

from ultra.gate.flooding import Flooding
from ultra.gate.keepers import keepers_of
from ultra.gate.limiting import settled
from ultra.gate.problems import refuse_route


class Strays:
    """Answers for the router where it has no route or another method, within what an address may ask without a name."""

    def __init__(self, *, flooding: Flooding) -> None:
        self._flooding = flooding

    async def refuse(self, request: Request, error: Exception) -> NoReturn:
        """Raise `RateLimited`, or what was wrong with the address or the method."""
        address, keepers = request.scope["ultra.address"], keepers_of(request.scope)
        self._flooding.refuse(address)
        charges = keepers.policy.anonymous(address)
        settled(await self._flooding.charge(keepers.limiter, charges, address=address), request.scope)
        await refuse_route(request, error)
