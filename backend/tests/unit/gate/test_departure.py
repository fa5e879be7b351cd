"""When the client leaves, the work for it ends."""

import asyncio

import pytest

from tests.fakes.asgi import Exchange
from ultra.gate.departure import Departure


class Work:
    """Runs until it is allowed to end, and notes how it ended."""

    def __init__(self) -> None:
        self.began = asyncio.Event()
        self.may_end = asyncio.Event()
        self.outcome = "running"

    async def __call__(self, scope, receive, send) -> None:
        self.began.set()
        try:
            await self.may_end.wait()
            self.outcome = "ended"
        except asyncio.CancelledError:
            self.outcome = "cancelled"
            raise


async def test_leaving_cancels_the_work() -> None:
    """A disconnect cancels the route, and the request ends without an error."""
    work, exchange = Work(), Exchange()
    request = asyncio.create_task(exchange(Departure(work)))
    await work.began.wait()
    exchange.leave()
    await asyncio.wait_for(request, 5)
    assert work.outcome == "cancelled"
    assert exchange.scope["ultra.facts"] == {"client_left": True}


async def test_staying_lets_the_work_end() -> None:
    """Without a disconnect the route ends by itself."""
    work, exchange = Work(), Exchange()
    work.may_end.set()
    await exchange(Departure(work))
    assert work.outcome == "ended"
    assert exchange.scope["ultra.facts"] == {}


async def test_tidying_after_the_answer_is_not_cut_short() -> None:
    """A client that leaves with its whole answer does not cancel what still has to be put away."""
    tidied = asyncio.Event()

    async def route(scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"whole"})
        exchange.leave()
        await asyncio.sleep(0.01)
        tidied.set()

    exchange = Exchange()
    await exchange(Departure(route))
    assert tidied.is_set()
    assert exchange.scope["ultra.facts"] == {}


async def test_errors_of_the_work_rise() -> None:
    """What the route raises reaches the skin above."""

    async def broken(scope, receive, send) -> None:
        raise ValueError("from the route")

    with pytest.raises(ValueError, match="from the route"):
        await Exchange()(Departure(broken))


async def test_being_cancelled_from_outside_passes_on() -> None:
    """Whoever else cancels the request hears of it, and the client has not left."""
    work, exchange = Work(), Exchange()
    request = asyncio.create_task(exchange(Departure(work)))
    await work.began.wait()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    assert work.outcome == "cancelled"
    assert exchange.scope["ultra.facts"] == {}


async def test_nothing_is_sent_to_who_has_left() -> None:
    """Last words that a route has for a client that is gone stay unsent."""

    async def route(scope, receive, send) -> None:
        exchange.leave()
        try:
            await asyncio.Future()
        finally:
            await send({"type": "http.response.start", "status": 200, "headers": []})

    exchange = Exchange()
    await exchange(Departure(route))
    assert exchange.sent == []
