"""Connections never hand one caller's reply to another, whatever is cancelled, late or broken."""

import asyncio
import random
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from tests.twins.limits.slow_line import slow_line
from tests.twins.valkeys import Valkey, free_port
from ultra.domain.errors import Unavailable
from ultra.domain.limits import Charge, Limit
from ultra.limits.connections import Connections
from ultra.limits.redis import RedisLimiter
from ultra.system import System

OPERATIONS = 1500


@asynccontextmanager
async def _open(url: str, **settings: float) -> AsyncIterator[Connections]:
    connections = Connections(url=url, **{"timeout_s": 20.0, **settings})  # type: ignore[arg-type]  # settings of several types, by name
    try:
        yield connections
    finally:
        await connections.aclose()


async def test_no_value_of_another_key_is_ever_read(valkey: Valkey) -> None:
    """Thousands of reads and writes over a slow line, a third of them cancelled or too late: each reply is its own."""
    dice = random.Random(25)
    for number in range(50):
        valkey.client.set(f"key-{number}", f"value of key-{number}")
    seen = {"read": 0, "gone": 0}

    async def ask(connections: Connections) -> None:
        key = f"key-{dice.randrange(50)}"
        if dice.random() < 0.3:
            assert await connections.ask("SET", key, f"value of {key}") == b"OK"
        else:
            assert await connections.ask("GET", key) == f"value of {key}".encode()
        seen["read"] += 1

    async def work(connections: Connections) -> None:
        for _ in range(OPERATIONS // 30):
            task = asyncio.create_task(ask(connections))
            if dice.random() < 0.3:
                await asyncio.sleep(dice.uniform(0, 0.008))
                task.cancel()
            for result in await asyncio.gather(task, return_exceptions=True):
                if isinstance(result, asyncio.CancelledError | Unavailable):
                    seen["gone"] += 1
                elif result is not None:
                    raise result

    async with slow_line(valkey.port, dice=dice, most_s=0.004) as port:
        url = f"redis://127.0.0.1:{port}"
        async with _open(url, timeout_s=0.02, most=20) as hasty, _open(url, most=10) as patient:
            await asyncio.gather(*[work(hasty if number % 3 else patient) for number in range(30)])
    assert seen["read"] + seen["gone"] == OPERATIONS
    assert seen["read"] > OPERATIONS / 20
    assert seen["gone"] > OPERATIONS / 20


async def test_no_decision_of_another_charge_is_ever_given(valkey: Valkey) -> None:
    """The same with the limiter: every charge has a weight of its own, and the decision speaks of that weight."""
    dice = random.Random(26)
    decided = 0

    async def charge(limiter: RedisLimiter, number: int) -> None:
        nonlocal decided
        limit = Limit("large", 1_000_000, 86_400.0)
        decision = await limiter.charge([Charge(limit, str(number), number)])
        assert decision.standings[0].remaining == pytest.approx(1_000_000 - number, abs=0.4)
        decided += 1

    async with slow_line(valkey.port, dice=dice, most_s=0.003) as port:
        limiter = RedisLimiter(url=f"redis://127.0.0.1:{port}", system=System(), timeout_s=20.0, connections=20)
        for start in range(1, 600, 40):
            tasks = [asyncio.create_task(charge(limiter, 10 * number)) for number in range(start, start + 40)]
            await asyncio.sleep(dice.uniform(0, 0.01))
            for task in dice.sample(tasks, 12):
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
            assert [each for each in results if each and not isinstance(each, asyncio.CancelledError)] == []
        await limiter.aclose()
    assert decided > 300


async def test_a_cancelled_command_closes_its_connection(valkey: Valkey) -> None:
    """The connection whose reply is still on the way is not kept; one whose reply was read is."""
    async with _open(valkey.url) as connections:
        await connections.ask("PING")
        assert len(connections._idle) == 1
        waiting = asyncio.create_task(connections.ask("BLPOP", "nothing", 0))
        await asyncio.sleep(0.05)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        assert connections._idle == []
        assert await connections.ask("PING") == b"PONG"


async def test_a_slow_server_is_not_waited_for(valkey: Valkey) -> None:
    """After the timeout it is out of reach, for whoever waits for a connection too, and soon usable again."""
    async with _open(valkey.url, timeout_s=0.2, most=2) as connections:
        await connections.ask("PING")
        with valkey.paused():
            began = time.monotonic()
            results = await asyncio.gather(
                *[connections.ask("SET", "a", "b") for _ in range(6)], return_exceptions=True
            )
            assert {getattr(each, "code", None) for each in results} == {"TimeoutError"}
            assert time.monotonic() - began >= 0.2
        assert connections._idle == []
    async with _open(valkey.url) as connections:
        assert await connections.ask("PING") == b"PONG"


async def test_a_process_that_stood_still_does_not_blame_the_server(valkey: Valkey) -> None:
    """When the event loop was blocked for longer than the timeout, the reply that has arrived is read."""
    async with _open(valkey.url, timeout_s=0.2) as connections:
        await connections.ask("PING")
        asked = asyncio.create_task(connections.ask("PING"))
        await asyncio.sleep(0)
        time.sleep(0.4)  # noqa: ASYNC251 - blocking the loop is the subject
        assert await asked == b"PONG"


async def test_errors_of_the_server_have_their_names(valkey: Valkey) -> None:
    """A command that the server refuses is out of reach under the refusal's name, and no text of it is told."""
    async with _open(valkey.url) as connections:
        valkey.client.set("text", "x")
        with pytest.raises(Unavailable) as failure:
            await connections.ask("ZADD", "text", 1, "a")
        assert failure.value.code == "ResponseError"
        assert "WRONGTYPE" not in str(failure.value)
        assert connections._idle == []


async def test_nobody_listening_is_out_of_reach() -> None:
    """A refused connection says so, without its address."""
    port = free_port()
    async with _open(f"redis://user:hunter2@127.0.0.1:{port}/0") as connections:
        with pytest.raises(Unavailable) as failure:
            await connections.ask("PING")
        assert failure.value.code == "ConnectionError"
        assert "hunter2" not in repr(failure.value) + repr(failure.value.__cause__)
        assert str(port) not in str(failure.value)


async def test_connections_that_the_server_closed_are_replaced(valkey: Valkey) -> None:
    """A restart of the server, or its idle timeout, costs no caller a failure."""
    async with _open(valkey.url) as connections:
        await asyncio.gather(*[connections.ask("PING") for _ in range(3)])
        valkey.client.client_kill_filter(_type="normal", skipme=True)
        await asyncio.sleep(0.05)
        assert await asyncio.gather(*[connections.ask("PING") for _ in range(3)]) == [b"PONG"] * 3


async def test_a_closed_one_asks_no_more(valkey: Valkey) -> None:
    """After closing, questions fail at once and nothing is opened; what was under way ends and is closed."""
    async with _open(valkey.url) as connections:
        under_way = asyncio.create_task(connections.ask("BLPOP", "soon", 20))
        await asyncio.sleep(0.05)
        await connections.aclose()
        valkey.client.rpush("soon", "x")
        assert await under_way == [b"soon", b"x"]
        assert connections._idle == []
        with pytest.raises(Unavailable):
            await connections.ask("PING")
