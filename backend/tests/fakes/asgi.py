"""A client at the ASGI seam: what a server would call, without a socket."""

import asyncio
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message


@dataclass
class Exchange:
    """One request and what came back. `leave()` is the client closing its connection."""

    method: str = "GET"
    path: str = "/"
    headers: dict[str, str] = field(default_factory=dict)
    body: list[bytes] = field(default_factory=lambda: [b""])
    client: tuple[str, int] = ("127.0.0.1", 50000)
    sent: list[Message] = field(default_factory=list)
    scope: dict[str, Any] = field(default_factory=dict)
    _left: asyncio.Event = field(default_factory=asyncio.Event)

    async def __call__(self, app: ASGIApp) -> "Exchange":
        """Run the request against `app`."""
        chunks = list(self.body)

        async def receive() -> Message:
            if chunks:
                return {"type": "http.request", "body": chunks.pop(0), "more_body": bool(chunks)}
            await self._left.wait()
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            self.sent.append(message)

        scope = {
            "type": "http",
            "method": self.method,
            "path": self.path,
            "headers": [(name.lower().encode(), value.encode()) for name, value in self.headers.items()],
            "client": self.client,
            "ultra.request_id": "req_test0001",
            "ultra.facts": {},
            **self.scope,
        }
        self.scope = scope
        await app(scope, receive, send)
        return self

    def leave(self) -> None:
        """Close the connection from the client's side."""
        self._left.set()

    @property
    def status(self) -> int | None:
        """The status sent, None while there is none."""
        return next((each["status"] for each in self.sent if each["type"] == "http.response.start"), None)

    @property
    def answer_headers(self) -> dict[str, str]:
        """The headers sent."""
        start = next(each for each in self.sent if each["type"] == "http.response.start")
        return {name.decode(): value.decode() for name, value in start["headers"]}

    @property
    def answer(self) -> bytes:
        """The body sent so far."""
        return b"".join(each.get("body", b"") for each in self.sent if each["type"] == "http.response.body")
