"""PostgreSQL's connections as this house uses them: what is cancelled ends with its connection."""

import asyncio
from typing import Any, TypeVar

from psycopg import AsyncConnection
from psycopg.abc import PQGen
from psycopg.waiting import wait_async

_Result = TypeVar("_Result")

_LOOKS_EVERY_S = 0.1
"""How often a wait looks whether the connection has been closed meanwhile."""


class ImpatientConnection(AsyncConnection[Any]):
    """A connection that is closed at once when whoever waits for it stops waiting.

    The driver would first ask the server to stop, and wait for both of its answers: ten more seconds where the server
    hangs. A connection on which half an answer is under way is of no use to anybody in any case.
    """

    async def wait(
        self,
        gen: PQGen[_Result],
        interval: float = _LOOKS_EVERY_S,
        timeout: float | None = None,  # noqa: ASYNC109 - the driver's own signature
    ) -> _Result:
        """Wait for one exchange with the server."""
        try:
            return await wait_async(gen, self.pgconn.socket, interval=interval, timeout=timeout)
        except asyncio.CancelledError:
            self.pgconn.finish()
            raise
