"""A mock of every vendor on a loopback port."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import aiohttp
import pytest

from ultra.domain.models import Limits, ListedModel
from ultra.mock.server import create_mock, serve
from ultra.system import System

MODELS = {
    "openai": ["gpt-5.5", "gpt-5.5-mini", "team/tuned-model"],
    "anthropic": [
        ListedModel(
            "claude-opus-5-5",
            display_name="Claude Opus 5.5",
            created=datetime(2026, 10, 1, tzinfo=UTC),
            limits=Limits(max_input_tokens=1_000_000, max_output_tokens=128_000, source="provider"),
        ),
        "claude-haiku-4-5",
        "claude-sonnet-5",
    ],
    "gemini": ["gemini-3-pro", "gemini-3-flash"],
    "groq": ["llama-4-70b"],
}


@dataclass(frozen=True)
class MockServer:
    """A running mock: its address, and its control door."""

    url: str
    http: aiohttp.ClientSession

    def base(self, provider: str) -> str:
        """Return what a client of that provider is given as base URL."""
        paths = {"openai": "/openai/v1", "anthropic": "/anthropic", "gemini": "/gemini"}
        return self.url + paths.get(provider, f"/{provider}/v1")

    async def arm(self, scenario: str, **rule: Any) -> None:
        """Arm a fault through the control door."""
        async with self.http.post(f"{self.url}/control/scenario", json={"scenario": scenario, **rule}) as reply:
            assert reply.status == 201, await reply.text()

    async def requests(self) -> dict[str, Any]:
        """Return what the mock was asked."""
        async with self.http.get(f"{self.url}/control/requests") as reply:
            found: dict[str, Any] = await reply.json()
            return found


@pytest.fixture
async def mock_server(anyio_backend: str) -> AsyncIterator[MockServer]:
    """Start a mock on a free loopback port, as fast as possible, with a fixed seed."""
    app = create_mock(system=System(), seed="1", models=MODELS)
    async with serve(app) as url, aiohttp.ClientSession() as http:
        yield MockServer(url, http)
