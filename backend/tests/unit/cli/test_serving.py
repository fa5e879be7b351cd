"""The server of one process: what keeps it from starting is an error like any other."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import uvicorn
from starlette.applications import Starlette

from ultra.cli._serving import ToldServer
from ultra.config import Loaded
from ultra.domain.errors import Conflict


def never() -> Loaded:
    """Read a configuration that nobody asks for."""
    raise AssertionError


async def test_what_keeps_the_application_from_starting_is_raised(caplog: pytest.LogCaptureFixture) -> None:
    """The error itself, so that the command line says it in a sentence; no traceback is logged, nobody is told."""
    told: list[str | None] = []

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        raise Conflict("This database belongs to somebody else.")
        yield

    config = uvicorn.Config(Starlette(lifespan=lifespan), lifespan="on", log_config=None)
    with socket.create_server(("127.0.0.1", 0)) as listener, pytest.raises(Conflict, match="somebody else"):
        await ToldServer(config, ready=told.append, read=never).serve(sockets=[listener])
    assert told == []
    assert "Traceback" not in caplog.text
    assert "startup failed" in caplog.text
