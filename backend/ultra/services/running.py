"""Work that goes on beside everything else."""

import asyncio
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager, suppress


@asynccontextmanager
async def running(work: Awaitable[None]) -> AsyncIterator[None]:
    """Keep a task going beside everything else, and end it on leaving."""
    task = asyncio.ensure_future(work)
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
