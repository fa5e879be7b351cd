"""Asks a server over HTTP: every request on a connection of its own, so that each may meet another worker."""

import itertools
import json as codec
import ssl
import sys
from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit

import aiohttp
from yarl import URL

from ultra.readiness.replies import Reply
from ultra.readiness.step import Unmet
from ultra.system import System

Headers: TypeAlias = Iterable[tuple[str, str]]

PATIENCE_S = 40.0
"""Generous: the machine may be busy. A step that is about time measures it itself."""
_LONGEST_WAIT_S = 65.0
_WAITS = 3


@dataclass(slots=True)
class Line:
    """How a server is reached, and what must never come back from it.

    `is_near` says that it is on loopback, where every client can have an address of its own. `known` are secrets by
    name that no reply may contain; `leaks` says where one did.
    """

    url: str
    system: System
    ca_file: Path | None = None
    known: Mapping[str, str] = field(default_factory=dict)
    leaks: list[str] = field(default_factory=list)
    _numbers: "itertools.count[int]" = field(init=False)

    def __post_init__(self) -> None:
        self._numbers = itertools.count(self.system.dice().randrange(200) << 8)

    @property
    def is_near(self) -> bool:
        """Whether clients can choose the loopback address they come from; Linux alone has all of them at once."""
        return sys.platform == "linux" and (urlsplit(self.url).hostname or "").startswith("127.")

    def new_address(self) -> str | None:
        """Return a loopback address that nobody has come from yet; None for a server elsewhere."""
        number = next(self._numbers)
        return f"127.{2 + number // 250 % 250}.{1 + number % 250}.7" if self.is_near else None

    def look(self, reply: Reply) -> Reply:
        """Remember every secret that a reply contains."""
        whole = reply.text + repr(reply.headers)
        self.leaks += [f"{name} in the reply to {reply.asked}" for name, value in self.known.items() if value in whole]
        return reply

    def trust(self) -> ssl.SSLContext | bool:
        """Return whom to trust over TLS: the system's authorities, and those of `ca_file`."""
        if self.ca_file is None:
            return True
        context = ssl.create_default_context()
        context.load_verify_locations(cafile=self.ca_file)
        return context


class Client:
    """Somebody who asks, with headers that go along with every request."""

    def __init__(self, line: Line, headers: Headers = (), *, address: str | None = None) -> None:
        self.line = line
        self.headers = list(headers)
        self.address = address or line.new_address()

    async def ask(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        body: bytes | None = None,
        headers: Headers = (),
        waits: bool = True,
        patience: float = PATIENCE_S,
    ) -> Reply:
        """Send one request and return its reply; a 429 that says how long to wait is waited out unless told not to.

        Raises `Unmet` when there is no reply at all.
        """
        for left in range(_WAITS, -1, -1):
            async with self.opened(method, path, json=json, body=body, headers=headers, patience=patience) as response:
                found = Reply(
                    f"{method} {path}",
                    response.status,
                    [(name, value) for name, value in response.headers.items()],
                    await response.read(),
                )
            after = found.get("retry-after") or ""
            if found.status != 429 or not waits or not left or not after.isdigit() or int(after) > _LONGEST_WAIT_S:
                break
            await self.line.system.sleep(int(after) + 0.1)
        return self.line.look(found)

    async def get(self, path: str, *, headers: Headers = ()) -> Reply:
        """Ask for something."""
        return await self.ask("GET", path, headers=headers)

    async def post(self, path: str, json: Any = None, *, headers: Headers = (), **more: Any) -> Reply:
        """Send JSON."""
        return await self.ask("POST", path, json={} if json is None else json, headers=headers, **more)

    @asynccontextmanager
    async def opened(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        body: bytes | None = None,
        headers: Headers = (),
        patience: float = PATIENCE_S,
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        """Send one request and give the response as it begins; raises `Unmet` when none comes, or it is cut off."""
        fields = [*self.headers, *headers]
        if json is not None:
            body = codec.dumps(json).encode()
            fields.append(("content-type", "application/json"))
        source = (self.address, 0) if self.address else None
        connector = aiohttp.TCPConnector(force_close=True, local_addr=source, ssl=self.line.trust())
        timeout = aiohttp.ClientTimeout(total=patience)
        jar = aiohttp.DummyCookieJar()
        try:
            async with (
                aiohttp.ClientSession(connector=connector, cookie_jar=jar, timeout=timeout, trust_env=False) as session,
                session.request(
                    method,
                    URL(self.line.url + path, encoded=True),
                    data=body,
                    headers=fields,
                    allow_redirects=False,
                    skip_auto_headers=("content-type", "user-agent", "accept"),
                ) as response,
            ):
                yield response
        except TimeoutError:
            raise Unmet(f"{method} {path} was not answered within {patience:g} s.") from None
        except (aiohttp.ClientError, OSError) as error:
            raise Unmet(f"{method} {path} got no whole answer: {type(error).__name__}.") from None


def bearer(text: str) -> tuple[str, str]:
    """Return the header that presents a token or a key."""
    return ("authorization", f"Bearer {text}")
