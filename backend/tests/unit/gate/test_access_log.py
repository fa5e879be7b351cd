"""One line a request, and one fact for whoever listens."""

import asyncio
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import pytest

from tests.fakes.asgi import Exchange
from tests.fakes.observer import FakeObserver
from tests.fakes.system import FakeSystem
from ultra.domain.observations import RequestServed
from ultra.gate.access_log import AccessLog


class Book:
    """A log, a listener and a clock around one route."""

    def __init__(self) -> None:
        self.lines: list[Mapping[str, Any]] = []
        self.observer = FakeObserver()
        self.system = FakeSystem()

    async def asked(self, route: Any, **request: Any) -> tuple[Mapping[str, Any], RequestServed]:
        """Ask once; return the line and the fact."""
        log = AccessLog(route, system=self.system, write=self.lines.append, observer=lambda _: self.observer)
        await Exchange(**request)(log)
        (line,), (fact,) = self.lines, self.observer.noticed
        assert isinstance(fact, RequestServed)
        return line, fact

    async def slow(self, scope: Any, receive: Any, send: Any) -> None:
        """Answer with the first byte after one second and the last after three."""
        scope["route"] = SimpleNamespace(path="/api/analyses/{id}")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"", "more_body": True})
        await self.system.sleep(1)
        await send({"type": "http.response.body", "body": b"a", "more_body": True})
        await self.system.sleep(2)
        await send({"type": "http.response.body", "body": b"b"})


async def test_the_line_has_pattern_status_and_times() -> None:
    """The first byte is the first of the body: headers alone help nobody."""
    book = Book()
    line, fact = await book.asked(book.slow, path="/api/analyses/run_1")
    assert (line["method"], line["path"], line["route"]) == ("GET", "/api/analyses/run_1", "/api/analyses/{id}")
    assert (line["status"], line["first_byte_ms"], line["ms"]) == (200, 1000, 3000)
    assert fact == RequestServed(book.system.now(), "GET", "/api/analyses/{id}", 200, 3.0)


async def test_what_found_no_route_is_told_without_its_path() -> None:
    """Whoever listens never hears what a caller wrote there."""

    async def refused(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 404, "headers": []})

    line, fact = await Book().asked(refused, path="/etc/passwd")
    assert line["route"] == fact.route == "unmatched"
    assert "passwd" not in str(fact)


async def test_facts_left_on_the_way_are_in_both() -> None:
    """Limits that said no, limits counted alone, and a header that is not honoured."""

    async def limited(scope: Any, receive: Any, send: Any) -> None:
        scope["ultra.facts"] |= {"limited": ["address"], "limits_degraded": True, "test_mode_attempt": 1}
        await send({"type": "http.response.start", "status": 429, "headers": []})

    line, fact = await Book().asked(limited)
    assert line["limited"] == ["address"]
    assert (fact.limited, fact.degraded, fact.test_mode) == (("address",), True, True)


@pytest.mark.parametrize("begun", [False, True])
async def test_a_client_that_left_has_the_status_nothing(begun: bool) -> None:
    """Before the first byte as in the middle."""

    async def left(scope: Any, receive: Any, send: Any) -> None:
        if begun:
            await send({"type": "http.response.start", "status": 200, "headers": []})
        scope["ultra.facts"]["client_left"] = True

    line, fact = await Book().asked(left)
    assert fact.status == 0
    assert line["status"] == (200 if begun else None)


async def test_a_request_that_breaks_is_told_too() -> None:
    """Whatever happens below, there is a line and a fact."""
    book = Book()

    async def broken(scope: Any, receive: Any, send: Any) -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await book.asked(broken)
    assert len(book.lines) == len(book.observer.noticed) == 1


@pytest.mark.parametrize(
    "path",
    [
        "/api/analyses/ultra_rt_abc",
        "/nope/eyJhbGciOi.eyJzdWIi.x",
        "/ultra_ln_s_x.y",
        "/x/%75ltra_sk_test_1",
        "/ultra_sk_",
    ],
)
async def test_a_path_with_a_credential_is_not_written_down(path: str) -> None:
    """Nothing of it stands in the line, whatever the route, and however often it is encoded."""
    book = Book()
    line, _ = await book.asked(book.slow, path=path)
    assert line["path"] == "[redacted]"
    assert (line["route"], line["status"]) == ("/api/analyses/{id}", 200)
