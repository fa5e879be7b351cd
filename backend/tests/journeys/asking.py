"""Asking over HTTP and reading what comes back, for journeys."""

from typing import Any

import aiohttp

from tests.journeys.programs import PANEL
from tests.journeys.streams import Frame, events

OPEN = "Why is the sky blue?"
CLOSED = "What is 17 * 23? End with a line `Answer: <number>`."
SSE = {"accept": "text/event-stream"}


async def analyzed(http: aiohttp.ClientSession, prompt: str = OPEN, **more: Any) -> dict[str, Any]:
    """Ask the panel and return the finished run."""
    async with http.post("/api/analyze", json={"prompt": prompt, "models": PANEL, **more}) as response:
        assert response.status == 200, await response.text()
        found: dict[str, Any] = await response.json()
        assert response.headers["location"] == f"/api/analyses/{found['id']}"
        return found


async def begun(http: aiohttp.ClientSession, prompt: str = OPEN, **more: Any) -> str:
    """Ask the panel without waiting, and return where the run is."""
    body = {"prompt": prompt, "models": PANEL, **more}
    async with http.post("/api/analyze", json=body, headers={"prefer": "respond-async"}) as response:
        assert response.status == 202, await response.text()
        assert response.headers["preference-applied"] == "respond-async"
        told = await response.json()
        assert response.headers["location"] == told["location"] == f"/api/analyses/{told['id']}"
        return str(told["location"])


async def read(http: aiohttp.ClientSession, path: str) -> Any:
    """Return the JSON at a path."""
    async with http.get(path) as response:
        assert response.status == 200, await response.text()
        return await response.json()


async def refused(http: aiohttp.ClientSession, method: str, path: str, status: int, **request: Any) -> dict[str, Any]:
    """Check that a request is refused with a whole problem document, and return it."""
    async with http.request(method, path, **request) as response:
        body: dict[str, Any] = await response.json(content_type=None)
        assert response.status == status, body
        assert response.content_type == "application/problem+json"
        assert body["status"] == status
        assert body["request_id"] == response.headers["x-request-id"]
        assert all(body[name] for name in ("type", "title", "detail", "code"))
        return body


async def journal(http: aiohttp.ClientSession, location: str, after: int | None = None) -> list[Frame]:
    """Return a run's events to its end."""
    headers = {} if after is None else {"last-event-id": str(after)}
    async with http.get(f"{location}/events", headers=headers) as response:
        return await events(response)
