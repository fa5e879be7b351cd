"""Connections to Valkey or Redis, of which each carries one command at a time and none is ever one reply behind.

A command that is cancelled or times out after it was sent leaves its reply on the way. Whoever used that connection
next would read it as his own (redis-py's CVE-2023-28858 and -28859 were this). So a connection goes back only after
its reply was read whole and was no error; in every other case it is closed.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from redis.asyncio.connection import AbstractConnection, ConnectionPool
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import NoScriptError, RedisError

from ultra.domain.errors import Unavailable
from ultra.limits.scripts import Script

_LATE_S: Final = 0.02


class Connections:
    """Asks a server, in at most `timeout_s` for everything: a free connection, connecting, sending, reading.

    `url` is `redis://`, `rediss://` or `unix://`. At most `most` connections are open. Every failure of the server, of
    the way to it or of the time is an `Unavailable` whose `code` is the failure's own name (`ReadOnlyError`,
    `OutOfMemoryError`, `TimeoutError`, ...); never its text, which may hold the address and its password.
    """

    def __init__(self, *, url: str, timeout_s: float = 0.2, most: int = 64) -> None:
        # Only makes connections: its own keeping of them would not survive every cancellation.
        self._maker = ConnectionPool.from_url(
            url, protocol=2, socket_timeout=None, socket_connect_timeout=None, driver_info=None
        )
        self._timeout_s = timeout_s
        self._idle: list[AbstractConnection] = []
        self._is_closed = False
        self._room = asyncio.Semaphore(most)

    async def ask(self, *command: str | float) -> Any:
        """Send a command and return its reply (bytes, int, None or lists of them); raises `Unavailable`."""
        try:
            return await self._answered(command)
        except RedisError as error:
            raise _out_of_reach(error) from error

    async def run(self, script: Script, *rest: str | float) -> Any:
        """Run a script by its name; a server that forgot it is told it again. Raises `Unavailable`.

        `rest` is the number of keys, then keys and arguments.
        """
        try:
            return await self._answered(("EVALSHA", script.sha, *rest))
        except NoScriptError:
            return await self.ask("EVAL", script.text, *rest)
        except RedisError as error:
            raise _out_of_reach(error) from error

    async def aclose(self) -> None:
        """Close the connections that nobody uses now; the others close when their command ends."""
        self._is_closed = True
        while self._idle:
            await self._idle.pop().disconnect()

    async def _answered(self, command: tuple[str | float, ...]) -> Any:
        try:
            async with _patience(self._timeout_s), self._room:
                connection = await self._connected()
                return await self._exchange(connection, command)
        except OSError as error:  # a TimeoutError is one
            raise _out_of_reach(error) from error

    async def _connected(self) -> AbstractConnection:
        while self._idle:
            connection = self._idle.pop()
            try:
                if not await connection.can_read():
                    return connection
            except RedisConnectionError:
                pass  # the server closed it while it lay here, and says so below if it is gone
            await connection.disconnect(nowait=True)
        if self._is_closed:
            raise RedisConnectionError("This limiter was closed.")
        return await self._opened()

    async def _opened(self) -> AbstractConnection:
        connection: AbstractConnection = self._maker.make_connection()  # type: ignore[no-untyped-call]  # redis-py's
        try:
            await connection.connect()  # type: ignore[no-untyped-call]  # redis-py's
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        return connection

    async def _exchange(self, connection: AbstractConnection, command: tuple[str | float, ...]) -> Any:
        try:
            await connection.send_packed_command(_packed(command))
            reply = await connection.read_response()
        except NoScriptError:  # a whole reply: nothing is left behind
            self._idle.append(connection)
            raise
        except BaseException:
            await connection.disconnect(nowait=True)
            raise
        if self._is_closed:
            await connection.disconnect(nowait=True)
        else:
            self._idle.append(connection)
        return reply


def _packed(command: tuple[str | float, ...]) -> bytes:
    """Write a command as RESP's array of strings; several times as quick as the client's own way."""
    parts = [str(each).encode() for each in command]
    return b"".join([b"*%d\r\n" % len(parts), *[b"$%d\r\n%b\r\n" % (len(part), part) for part in parts]])


def _out_of_reach(error: Exception) -> Unavailable:
    return Unavailable("The shared counter cannot be reached.", code=type(error).__name__, retry_after=1.0)


@asynccontextmanager
async def _patience(seconds: float) -> AsyncIterator[None]:
    """Raise `TimeoutError` after that long, but never for a reply that is already there.

    When this process itself stood still, every reply is late though the server was quick. A timer that rings late
    therefore rings once more, and when it rings, what has arrived is read before anything is given up.
    """
    loop = asyncio.get_running_loop()
    timer: asyncio.Handle | None = None
    async with asyncio.timeout(None) as scope:

        def wind(*, again: bool) -> None:
            nonlocal timer
            timer = loop.call_later(seconds, ring, loop.time() + seconds, again)

        def ring(due: float, again: bool) -> None:
            nonlocal timer
            if again and loop.time() - due > _LATE_S:
                wind(again=False)
            else:
                timer = loop.call_soon(lambda: scope.reschedule(loop.time()))

        wind(again=True)
        try:
            yield
        finally:
            if timer is not None:
                timer.cancel()
