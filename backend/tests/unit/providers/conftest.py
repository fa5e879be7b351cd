"""A raw server on loopback and the means to ask it."""

from collections.abc import AsyncIterator, Callable
from typing import Any, TypeAlias

import aiohttp
import pytest

from tests.fakes.raw_server import RawServer, StillSystem, raw_server
from ultra.domain.chat import (
    ChatRequest,
    Event,
    Image,
    Message,
    Output,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)
from ultra.domain.errors import UltraError
from ultra.providers import HttpProvider, Timeouts, open_session

KEY = "sk-test-0123456789"

Make: TypeAlias = Callable[..., Any]


@pytest.fixture
async def server() -> AsyncIterator[RawServer]:
    """Open a raw server, closed at the end."""
    async with raw_server() as opened:
        yield opened


@pytest.fixture
async def session() -> AsyncIterator[aiohttp.ClientSession]:
    """Open the client as in production."""
    async with open_session() as opened:
        yield opened


@pytest.fixture
def make(session: aiohttp.ClientSession, server: RawServer) -> Make:
    """Make a provider of the class given that asks the raw server; named arguments replace the usual ones."""

    def _make(kind: type[HttpProvider], **more: Any) -> HttpProvider:
        given: dict[str, Any] = {
            "session": session,
            "base_url": server.base_url,
            "key": lambda: KEY,
            "system": StillSystem(),
            "timeouts": Timeouts(connect=2.0, first_byte=2.0, idle=2.0, linger=0.1),
            "key_hint": "Set THE_KEY.",
        }
        return kind(**{**given, **more})

    return _make


@pytest.fixture
def pure() -> Make:
    """Make a provider for its pure methods only: it has no session to ask with."""

    def _pure(kind: type[HttpProvider], **more: Any) -> HttpProvider:
        given: dict[str, Any] = {
            "session": None,
            "base_url": "http://127.0.0.1:1",
            "key": lambda: KEY,
            "system": StillSystem(),
            "timeouts": Timeouts(),
            "key_hint": "Set THE_KEY.",
        }
        return kind(**{**given, **more})

    return _pure


@pytest.fixture
def listen() -> Make:
    """Ask and listen to the end; returns the events and the error that ended them, if one did."""

    async def _listen(
        provider: HttpProvider, request: ChatRequest, *, seconds: float = 5.0
    ) -> tuple[list[Event], UltraError | None]:
        events: list[Event] = []
        try:
            async with provider.open(request, deadline=provider.system.monotonic() + seconds) as stream:
                async for event in stream:
                    events.append(event)  # noqa: PERF401 - what came before an error counts
        except UltraError as error:
            return events, error
        return events, None

    return _listen


@pytest.fixture
def conversation() -> Callable[[str], ChatRequest]:
    """Make a request with instructions, an image, a tool call with its result, tools and a schema."""

    def _conversation(model: str) -> ChatRequest:
        return ChatRequest(
            model=model,
            instructions=(Text("Be brief."),),
            messages=(
                Message("user", (Text("What is this? Größe?"), Image(data=b"\x89PNG", media_type="image/png"))),
                Message("assistant", (Text("Let me look."), ToolCall("call_7", "look_up", '{"what": "a cat"}'))),
                Message("tool", (ToolResult("call_7", (Text("It is a cat."),), name="look_up"),)),
                Message("user", (Text("Sure?"),)),
            ),
            tools=(
                Tool("look_up", "Looks something up.", {"type": "object", "properties": {"what": {"type": "string"}}}),
            ),
            output=Output("json_schema", None, {"type": "object", "properties": {"sure": {"type": "boolean"}}}),
            max_output_tokens=256,
        )

    return _conversation
