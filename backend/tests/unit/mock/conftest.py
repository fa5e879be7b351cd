"""A mock of every vendor on a loopback port, for raw clients."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import aiohttp
import pytest

from ultra.mock.server import create_mock, serve
from ultra.system import System

MODELS = {"openai": ["gpt-5.5"], "anthropic": ["claude-opus-5-5"], "gemini": ["gemini-3-pro"]}
QUESTION = "What is 17 * 23?"
SSE = {"alt": "sse"}


@dataclass(frozen=True)
class Raw:
    """Sends vendor requests without any client library."""

    url: str
    http: aiohttp.ClientSession

    def request(
        self, vendor: str, *, stream: bool, model: str | None = None, question: str = QUESTION, **extra: Any
    ) -> dict[str, Any]:
        """Return the arguments of a POST in that vendor's words."""
        name = model or MODELS[vendor][0]
        messages = [{"role": "user", "content": question}]
        if vendor == "openai":
            body = {"model": name, "messages": messages, "stream": stream, **extra}
            return {
                "url": f"{self.url}/openai/v1/chat/completions",
                "json": body,
                "headers": {"authorization": "Bearer k"},
            }
        if vendor == "anthropic":
            body = {"model": name, "messages": messages, "stream": stream, "max_tokens": 500, **extra}
            headers = {"x-api-key": "k", "anthropic-version": "2026-10-21"}
            return {"url": f"{self.url}/anthropic/v1/messages", "json": body, "headers": headers}
        verb = "streamGenerateContent" if stream else "generateContent"
        return {
            "url": f"{self.url}/gemini/v1/models/{name}:{verb}",
            "json": {"contents": [{"role": "user", "parts": [{"text": question}]}], **extra},
            "headers": {"x-goog-api-key": "k"},
            "params": SSE if stream else {},
        }

    def post(self, vendor: str, scenario: str | None = None, *, stream: bool = False, **wish: Any) -> Any:
        """Ask a vendor, under a scenario chosen by header."""
        asked = self.request(vendor, stream=stream, **wish)
        if scenario:
            asked["headers"] = {**asked["headers"], "x-mock-scenario": scenario}
        return self.http.post(asked.pop("url"), **asked)

    async def control(self, path: str, body: Any = None, *, method: str = "GET") -> Any:
        """Use the control door; returns its JSON, or None."""
        async with self.http.request(method, f"{self.url}/control/{path}", json=body) as reply:
            return await reply.json() if reply.status not in (204,) else None


@pytest.fixture
async def raw(anyio_backend: str) -> AsyncIterator[Raw]:
    """Start a mock, as fast as possible."""
    app = create_mock(system=System(), seed="1", models=MODELS)
    async with serve(app) as url, aiohttp.ClientSession() as http:
        yield Raw(url, http)
