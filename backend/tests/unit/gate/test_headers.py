"""Every response says what browsers and caches must not do."""

import pytest

from tests.fakes.asgi import Exchange
from ultra.gate.headers import SecurityHeaders


def answering(status: int, *headers: tuple[bytes, bytes]):
    """Return a route with that answer."""

    async def route(scope, receive, send) -> None:
        scope["ultra.headers"]["ratelimit"] = "told"
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})

    return route


@pytest.mark.parametrize("status", [200, 304, 401, 404, 413, 500])
async def test_every_answer_is_guarded(status: int) -> None:
    """Types are not guessed, nothing is framed, cached or referred, whatever the status."""
    told = (await Exchange()(SecurityHeaders(answering(status)))).answer_headers
    assert told["x-content-type-options"] == "nosniff"
    assert "frame-ancestors 'none'" in told["content-security-policy"]
    assert "default-src 'none'" in told["content-security-policy"]
    assert told["cross-origin-resource-policy"] == told["cross-origin-opener-policy"] == "same-origin"
    assert told["referrer-policy"] == "no-referrer"
    assert told["cache-control"] == "no-store"
    assert told["ratelimit"] == "told"
    assert "strict-transport-security" not in told


async def test_https_is_for_ever() -> None:
    """Where browsers come by https, they are told to keep to it for a year, on every name below."""
    told = (await Exchange()(SecurityHeaders(answering(500), https_only=True))).answer_headers
    assert told["strict-transport-security"] == "max-age=31536000; includeSubDomains"


async def test_a_page_brings_its_own_policy() -> None:
    """What a route says of its own cache and content stands; the rest it cannot weaken."""
    route = answering(
        200, (b"content-security-policy", b"own"), (b"cache-control", b"own"), (b"x-frame-options", b"no")
    )
    told = (await Exchange()(SecurityHeaders(route))).answer_headers
    assert (told["content-security-policy"], told["cache-control"], told["x-frame-options"]) == ("own", "own", "DENY")


async def test_tests_are_told_where_they_are() -> None:
    """In testing every response names the environment; elsewhere none does."""
    told = (await Exchange()(SecurityHeaders(answering(200), environment="testing"))).answer_headers
    assert told["x-ultra-environment"] == "testing"
    assert "x-ultra-environment" not in (await Exchange()(SecurityHeaders(answering(200)))).answer_headers
