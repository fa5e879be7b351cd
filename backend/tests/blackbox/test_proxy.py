"""R and I with a real nginx in front: whose address counts, and whose bytes are whose request."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.blackbox.asking import Client, status_of
from tests.blackbox.houses import small
from tests.blackbox.proxies import nginx
from tests.blackbox.targets import House
from tests.blackbox.test_input import CHAT, FRAMINGS, MARKER
from tests.blackbox.test_limits import counted


@pytest.fixture(scope="module")
def proxied(upstream: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, str]]:
    """Start a server that trusts the nginx in front of it, and nobody else."""
    folder = tmp_path_factory.mktemp("proxied")
    with (
        small(folder / "ultra", upstream, ULTRA_TRUSTED_PROXIES="127.0.0.1/32") as house,
        nginx(house, folder / "nginx") as url,
    ):
        yield house, url


def test_R05_behind_nginx(proxied):
    """Whatever a client writes about its address, the one that nginx saw is the one that counts."""
    house, url = proxied
    client = Client(url, seen=house.seen, address=house.new_address())
    own = client.address
    for values in (
        (),
        ("1.2.3.4",),
        ("1.2.3.4", "5.6.7.8"),
        ("garbage",),
        ("unknown",),
        ("1.2.3.4:80",),
        ("",),
        ("127.0.0.1",),
        ("127.0.0.1, 127.0.0.1",),
        (", ".join(["198.51.100.1"] * 100),),
        ("::ffff:127.0.0.1",),
    ):
        assert counted(house, client, *values) == own, values


def test_R05_beside_nginx(proxied):
    """Who comes past nginx is not believed, whatever they write."""
    house, _ = proxied
    client = house.client()
    assert counted(house, client, "1.2.3.4") == client.address


def test_I03_smuggling_through_nginx(proxied):
    """What nginx passes on is one request, whatever the length of a body may be taken for."""
    house, url = proxied
    for version in (b"1.1", b"1.0"):
        framings = FRAMINGS if version == b"1.1" else (b"transfer-encoding: chunked",)
        for framing in framings:
            request = b"POST " + CHAT.encode() + b" HTTP/" + version + b"\r\nhost: 127.0.0.1\r\n" + framing
            client = Client(url, seen=house.seen, address=house.new_address())
            said = client.raw(request + b"\r\n\r\n0\r\n\r\n" + MARKER)
            assert status_of(said) in (0, 400, 401, 501), (framing, said[:200])
            assert said.count(b"HTTP/1.1 ") <= 1, (framing, said)
    assert "smuggled-marker" not in house.log()
