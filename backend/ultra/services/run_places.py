"""The places of runs: a caller's concurrency counts a run from before it is kept until it has ended.

A request's place ends with the request, but a run outlives its connection, and may never have had one that waits. So
its place is held by whoever conducts it. A process that dies renews nothing: its places end by themselves, and whoever
takes its runs up takes places for them, however many are taken, for they were let in once already.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Self

from ultra.domain.analysis import Run
from ultra.domain.errors import RateLimited, UltraError
from ultra.domain.identity import LOCAL_OPERATOR, Principal
from ultra.domain.limits import Lease, Limiter, Place, whole
from ultra.domain.ports import Runs
from ultra.limits import LimitPolicy
from ultra.services.allowances import Allowances
from ultra.services.purses import caller_of
from ultra.system import System

_LOG = logging.getLogger(__name__)
_EVERY_S = 10.0
"""How often places are renewed: three times before they end."""
_ALWAYS = 2**31
"""So many are never taken: a run that is under way has its place whatever has become of the counter."""

Conduct = Callable[[Run, str], Awaitable[None]]


@dataclass(slots=True)
class _Seat:
    """The places of one run, and whether it is conducted here; one that is not waits to be."""

    held: list[tuple[Place, Lease]]
    is_conducted: bool = False


class HeldPlaces:
    """Keeps the promise `RunPlaces` for the runs of one bench; open it with `async with`, which renews what is held.

    Leaving gives everything back: what is not done by then is done by others, who take places for it. A run that ends
    with its client (one that may not be resumed) has its request's place and takes none here.
    """

    def __init__(
        self, *, limiter: Limiter, policy: LimitPolicy, allowances: Allowances, runs: Runs, system: System
    ) -> None:
        self._limiter = limiter
        self._policy = policy
        self._allowances = allowances
        self._runs = runs
        self._system = system
        self._seats: dict[str, _Seat] = {}
        self._renewing: asyncio.Future[None] | None = None

    async def __aenter__(self) -> Self:
        """Begin to renew."""
        self._renewing = asyncio.ensure_future(self._renew_all())
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Renew nothing any more, and give everything back."""
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.wait({self._renewing})
        for run_id in tuple(self._seats):
            await self.give_back(run_id)

    async def take(self, principal: Principal, run: Run) -> None:
        """Take the places of a run that is about to be kept; raises `RateLimited` where one of them is not free."""
        places = self._policy.places(principal) if run.options.resumable else ()
        if not places:
            return
        decision = await self._limiter.charge((), places=places)
        if not decision.allowed:
            raise RateLimited(
                f"Too much at once: {', '.join(decision.violated)}.",
                hint="Wait until one of your runs has ended, or cancel one.",
                retry_after=decision.retry_after_s,
                violated=decision.violated,
            )
        self._seats[run.id] = _Seat(list(zip(places, decision.leases, strict=True)))

    async def give_back(self, run_id: str) -> None:
        """Give back the places of a run that is not conducted here any more, nor will be; harmless when repeated."""
        seat = self._seats.pop(run_id, None)
        for _, lease in () if seat is None else tuple(seat.held):
            await self._limiter.leave(lease)

    def conducting(self, conduct: Conduct) -> Conduct:
        """Return `conduct` with the run's places held from its beginning to its end."""

        async def placed(run: Run, worker: str) -> None:
            await self._sit_down(run)
            try:
                await conduct(run, worker)
            finally:
                await whole(self.give_back(run.id), by=self._limiter)

        return placed

    async def _renew_all(self) -> None:
        """Renew what is held, for ever. A run that waited here and is conducted elsewhere has its places there."""
        while True:
            await self._system.sleep(_EVERY_S)
            for run_id, seat in tuple(self._seats.items()):
                try:
                    await self._keep(run_id, seat)
                except UltraError as error:
                    _LOG.warning("The places of run %s cannot be renewed: %s", run_id, error.message)

    async def _sit_down(self, run: Run) -> None:
        if (seat := self._seats.get(run.id)) is not None:
            seat.is_conducted = True
        elif run.options.resumable and run.owner != LOCAL_OPERATOR.id:
            allowed = await self._allowances.of(run.owner, run.credential_id)
            seat = self._seats[run.id] = _Seat([], is_conducted=True)
            for place in self._policy.places(caller_of(run.owner, run.credential_id, allowed)):
                await self._take_anyway(run.id, seat, place)

    async def _keep(self, run_id: str, seat: _Seat) -> None:
        if not seat.is_conducted and not await self._waits(run_id):
            if not seat.is_conducted:  # nor meanwhile
                await self.give_back(run_id)
            return
        for place, lease in tuple(seat.held):
            if not await self._limiter.renew(lease, ttl_s=place.ttl_s):
                seat.held.remove((place, lease))
                await self._take_anyway(run_id, seat, place)

    async def _waits(self, run_id: str) -> bool:
        run = await self._runs.get(run_id, owner=None)
        return run is not None and run.status == "queued"

    async def _take_anyway(self, run_id: str, seat: _Seat, place: Place) -> None:
        lease = await self._limiter.enter(place.key, most=_ALWAYS, ttl_s=place.ttl_s)
        if lease is None:
            return
        if self._seats.get(run_id) is seat:
            seat.held.append((place, lease))
        else:  # it has ended meanwhile
            await self._limiter.leave(lease)
