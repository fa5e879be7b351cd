"""Open streams end, in their own words, when their reader has lost the right to them."""

import asyncio

import pytest

from tests.fakes.asgi import Exchange
from tests.fakes.keepers import FakeAuthenticator
from tests.fakes.system import FakeSystem
from ultra.api.journals import trouble
from ultra.domain.errors import Unauthenticated, Unavailable
from ultra.domain.identity import LOCAL_OPERATOR, Principal, Role
from ultra.gate.events import EventResponse
from ultra.gate.vigil import Vigil, Watched

ANNA = Principal(id="user_a", kind="user", role=Role.MEMBER, credential="session", credential_id="s1", version=1)
BERT = Principal(id="user_b", kind="user", role=Role.MEMBER, credential="token", credential_id="t1", version=1)


class Streams:
    """A route that streams until it is stopped, and what watches over it."""

    def __init__(self) -> None:
        self.system = FakeSystem(jumps=False)
        self.standing = FakeAuthenticator()
        self.vigil = Vigil(standing=self.standing, system=self.system)
        self.tidied = 0
        self.end = asyncio.Event()

    async def __call__(self, scope, receive, send) -> None:
        try:
            async with EventResponse(send, system=self.system, keepalive=None, explain=trouble) as response:
                await response.write([b"data: 1\n\n"])
                await self.end.wait()
        finally:
            self.tidied += 1

    def open(self, principal: Principal | None) -> tuple[Exchange, "asyncio.Task[Exchange]"]:
        """Begin a stream for somebody."""
        exchange = Exchange(scope={"ultra.principal": principal})
        return exchange, asyncio.ensure_future(exchange(Watched(self, vigil=lambda _: self.vigil, at_once=False)))


async def test_a_stream_ends_within_fifteen_seconds_of_its_session() -> None:
    """It is cancelled, says `session_ended` as its last event, and is a whole response; others go on."""
    streams = Streams()
    async with streams.vigil:
        mine, ending = streams.open(ANNA)
        others, going_on = streams.open(BERT)
        await streams.system.tick(4)
        streams.standing.gone.add(ANNA)
        await streams.system.tick(11)
        await asyncio.wait_for(ending, 5)
        assert mine.answer.startswith(b'data: 1\n\nevent: error\ndata: {"type":"session_ended"')
        assert mine.sent[-1] == {"type": "http.response.body", "body": b"", "more_body": False}
        assert mine.scope["ultra.facts"]["error"] == "session_ended"
        assert (streams.tidied, going_on.done()) == (1, False)
        streams.end.set()
        await going_on
        assert b"error" not in others.answer


async def test_a_store_that_is_away_ends_nothing() -> None:
    """While nobody can say who may go on, streams go on; afterwards they are judged again."""
    streams = Streams()
    failures = iter([True, True])

    async def ended(principals):
        if next(failures, False):
            raise OSError("no database")
        return await FakeAuthenticator.ended(streams.standing, principals)

    streams.standing.ended = ended
    streams.standing.gone.add(ANNA)
    async with streams.vigil:
        _, stream = streams.open(ANNA)
        await streams.system.tick(11)
        assert not stream.done()
        await streams.system.tick(5)
        await asyncio.wait_for(stream, 5)


async def test_a_server_that_leaves_says_so_in_the_stream() -> None:
    """Cancelling from outside writes `shutting_down` as the last event."""
    streams = Streams()
    exchange, stream = streams.open(ANNA)
    await streams.system.settled()
    stream.cancel()
    with pytest.raises(Unavailable):
        await stream
    assert b'event: error\ndata: {"type":"shutting_down"' in exchange.answer


async def test_the_routes_own_timeout_is_its_own() -> None:
    """A TimeoutError from inside rises as it is."""

    async def slow(scope, receive, send) -> None:
        raise TimeoutError("inside")

    streams = Streams()
    with pytest.raises(TimeoutError, match="inside"):
        await Exchange(scope={"ultra.principal": ANNA})(Watched(slow, vigil=lambda _: streams.vigil, at_once=True))


async def test_a_stream_without_words_breaks_off() -> None:
    """What is no stream of events is not ended as if it were whole."""

    async def download(scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"half", "more_body": True})
        await asyncio.Event().wait()

    streams = Streams()
    exchange = Exchange(scope={"ultra.principal": ANNA})
    streams.standing.gone.add(ANNA)
    async with streams.vigil:
        task = asyncio.ensure_future(exchange(Watched(download, vigil=lambda _: streams.vigil, at_once=True)))
        await streams.system.tick(6)
        await asyncio.wait_for(task, 5)
    assert exchange.sent[-1]["more_body"] is True


@pytest.mark.parametrize("principal", [None, LOCAL_OPERATOR])
async def test_nobody_in_particular_is_not_ended(principal: Principal | None) -> None:
    """Open routes and this machine's operator stream on."""
    streams = Streams()
    async with streams.vigil:
        _, stream = streams.open(principal)
        await streams.system.tick(20)
        assert not stream.done()
        streams.end.set()
        await stream


async def test_ended_streams_are_forgotten() -> None:
    """Nothing is asked about those who have left."""
    streams = Streams()
    streams.end.set()
    async with streams.vigil:
        _, stream = streams.open(ANNA)
        await stream
        assert streams.vigil._watched == {}


async def silent(scope, receive, send) -> None:
    """Answer nothing for a long time."""
    await asyncio.Event().wait()


async def test_who_has_ended_is_not_answered() -> None:
    """A request that waits for its first byte is refused as soon as that is known; others wait on."""
    streams = Streams()
    app = Watched(silent, vigil=lambda _: streams.vigil, at_once=True)
    async with streams.vigil:
        mine, others = (asyncio.ensure_future(Exchange(scope={"ultra.principal": each})(app)) for each in (ANNA, BERT))
        await streams.system.tick(4)
        streams.standing.gone.add(ANNA)
        await streams.system.tick(11)
        with pytest.raises(Unauthenticated) as refusal:
            await asyncio.wait_for(mine, 5)
        assert refusal.value.code == "session_ended"
        assert not others.done()
        others.cancel()
        with pytest.raises(Unavailable):
            await others
    assert streams.vigil._watched == {}


async def test_whoever_ends_themselves_is_told_that_it_is_done() -> None:
    """Signing out is answered although who asked for it is nobody any more."""
    streams = Streams()
    async with streams.vigil:
        app = Watched(silent, vigil=lambda _: streams.vigil, at_once=False)
        task = asyncio.ensure_future(Exchange(scope={"ultra.principal": ANNA})(app))
        streams.standing.gone.add(ANNA)
        await streams.system.tick(20)
        assert not task.done()
        task.cancel()
        with pytest.raises(Unavailable):
            await task
