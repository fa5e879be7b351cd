"""The server answers to its own names."""

import pytest

from tests.fakes.asgi import Exchange
from ultra.domain.errors import InvalidRequest
from ultra.gate.hosts import Hosts


async def inside(scope, receive, send) -> None:
    """Answer whoever got in."""
    await send({"type": "http.response.start", "status": 200, "headers": []})


async def knock(*hosts: bytes, origin: str | None, bound: str = "127.0.0.1", path: str = "/api/x") -> int | None:
    """Return the status for a request with these `Host` headers."""
    exchange = Exchange(path=path, scope={"headers": [(b"host", host) for host in hosts]})
    await exchange(Hosts(inside, public_origin=origin, bound=bound, open_paths=["/health/live"]))
    return exchange.status


OWN = "https://ultra.example"


@pytest.mark.parametrize(
    ("host", "origin"),
    [
        (b"ultra.example", OWN),
        (b"ULTRA.example", OWN),
        (b"ultra.example:443", OWN),
        (b"ultra.example:8443", "https://ultra.example:8443"),
        (b"127.0.0.1:8080", OWN),
        (b"localhost:1", None),
        (b"[::1]:8080", None),
        (b"127.0.0.1", None),
    ],
)
async def test_its_own_names_are_right(host: bytes, origin: str | None) -> None:
    """The published origin and the loopback names are this server, in any case."""
    assert await knock(host, origin=origin) == 200


@pytest.mark.parametrize(
    "hosts",
    [
        (),
        (b"",),
        (b"evil.example",),
        (b"ultra.example", b"ultra.example"),
        (b"ultra.example", b"evil.example"),
        (b"ultra.example.evil.com",),
        (b"ultra.example:80",),
        (b"ultra.example:",),
        (b"ultra.example:443x",),
        (b"ultra.example:0443000",),
        (b"evil.example#ultra.example",),
        (b"localhost/health#",),
        (b"x/#@localhost",),
        (b"localhost@evil.example",),
        (b"[::1",),
        (b"[::1]x",),
        (b"\xff",),
    ],
)
async def test_other_names_are_refused(hosts: tuple[bytes, ...]) -> None:
    """Another name, none, two, or something that only looks like one never gets in."""
    for origin in (OWN, None):
        if origin is None and hosts and b"ultra" in hosts[0]:
            continue
        with pytest.raises(InvalidRequest) as caught:
            await knock(*hosts, origin=origin)
        assert caught.value.code == "unknown_host"


async def test_probes_may_call_it_anything() -> None:
    """Liveness is answered under every name; the path that is routed decides, nothing in the header."""
    assert await knock(b"10.1.2.3:8080", origin=OWN, path="/health/live") == 200
    assert await knock(origin=OWN, path="/health/live") == 200


async def test_the_name_that_is_listened_on_is_right() -> None:
    """A server bound to an address of its own answers to it."""
    assert await knock(b"192.0.2.5:8080", origin=None, bound="192.0.2.5") == 200
