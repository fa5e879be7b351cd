"""The client's address comes from the socket, or from proxies that are trusted, and from nowhere else."""

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.asgi import Exchange
from ultra.gate.client_address import ClientAddress

PROXIES = ("127.0.0.1/32", "10.0.0.0/8", "fd00::/8")


async def ignore(scope, receive, send) -> None:
    """Answer nothing."""


async def address(
    *forwarded: str, peer: str = "127.0.0.1", trusted: tuple[str, ...] = PROXIES, **others: str
) -> str | None:
    """Return whose address is found for a peer and `X-Forwarded-For` lines."""
    headers = [(b"x-forwarded-for", line.encode("latin-1")) for line in forwarded]
    headers += [(name.replace("_", "-").encode(), value.encode()) for name, value in others.items()]
    exchange = Exchange(client=(peer, 1), scope={"headers": headers})
    await exchange(ClientAddress(ignore, trusted=trusted))
    assert exchange.scope["ultra.peer"] == str(ipaddress.ip_address(peer.replace("::ffff:", "")))
    found: str | None = exchange.scope["ultra.address"]
    return found


@pytest.mark.parametrize(
    ("lines", "found"),
    [
        ((), "127.0.0.1"),
        (("198.51.100.7",), "198.51.100.7"),
        (("1.2.3.4, 198.51.100.7",), "198.51.100.7"),
        (("1.2.3.4", "198.51.100.7"), "198.51.100.7"),
        (("1.2.3.4, 198.51.100.7, 10.1.2.3",), "198.51.100.7"),
        (("198.51.100.7", "10.1.2.3,10.1.2.4"), "198.51.100.7"),
        (("10.1.2.3, 10.1.2.4",), "10.1.2.3"),
        (("1.2.3.4, garbage, 10.1.2.3",), "10.1.2.3"),
        (("1.2.3.4, unknown",), "127.0.0.1"),
        (("1.2.3.4,, 10.1.2.3",), "10.1.2.3"),
        (("",), "127.0.0.1"),
        (("198.51.100.7:1234",), "198.51.100.7"),
        (("[2001:db8::1]:1234",), "2001:db8::1"),
        (("[2001:db8::1]",), "2001:db8::1"),
        (("2001:DB8:0::1",), "2001:db8::1"),
        (("::ffff:198.51.100.7",), "198.51.100.7"),
        (("198.51.100.7:x",), "127.0.0.1"),
        (("198.51.100.7, \xff",), "127.0.0.1"),
        ((", ".join(["198.51.100.7", *["10.0.0.1"] * 150]),), "10.0.0.1"),
        (("0x7f.1",), "127.0.0.1"),
        (("127.1",), "127.0.0.1"),
    ],
)
async def test_trusted_proxies_are_read_from_right_to_left(lines: tuple[str, ...], found: str) -> None:
    """The right-most address that no trusted proxy has is the client's; garbage ends the walk where it is."""
    assert await address(*lines) == found


@pytest.mark.parametrize("peer", ["198.51.100.9", "2001:db8::9"])
async def test_strangers_cannot_say_who_they_are(peer: str) -> None:
    """What a peer writes that is no trusted proxy does not count."""
    assert await address("1.2.3.4", peer=peer) == peer
    assert await address("1.2.3.4", peer=peer, trusted=()) == peer
    assert await address("1.2.3.4", peer="127.0.0.1", trusted=()) == "127.0.0.1"


async def test_a_mapped_peer_is_its_ipv4_self() -> None:
    """On a dual-stack socket a trusted IPv4 proxy is recognised."""
    assert await address("198.51.100.7", peer="::ffff:127.0.0.1") == "198.51.100.7"


@pytest.mark.parametrize(
    "name", ["cf_connecting_ip", "true_client_ip", "x_real_ip", "forwarded", "x_client_ip", "x_forwarded", "via"]
)
async def test_other_headers_say_nothing(name: str) -> None:
    """Nobody looks at headers that some other proxy may have let through."""
    assert await address(**{name: "1.2.3.4"}) == "127.0.0.1"
    assert await address("198.51.100.7", **{name: "for=1.2.3.4"}) == "198.51.100.7"


async def test_a_socket_without_addresses_has_none() -> None:
    """A Unix socket's peer is nobody in particular."""
    exchange = Exchange(scope={"client": None})
    await exchange(ClientAddress(ignore, trusted=PROXIES))
    assert (exchange.scope["ultra.address"], exchange.scope["ultra.peer"]) == (None, None)


ADDRESSES = st.one_of(st.ip_addresses().map(str), st.sampled_from(["10.0.0.1", "fd00::1", "127.0.0.1"]))
ENTRIES = st.one_of(ADDRESSES, st.text(st.characters(max_codepoint=255, exclude_characters=","), max_size=20))


@given(st.lists(st.lists(ENTRIES, max_size=4).map(",".join), max_size=4), ADDRESSES)
async def test_whatever_a_client_writes_before_changes_nothing(theirs: list[str], client: str) -> None:
    """The address that a trusted proxy has appended decides; no text to the left of a stranger's address matters."""
    networks = [ipaddress.ip_network(each) for each in PROXIES]
    plain = ipaddress.ip_address(client)
    mapped = getattr(plain, "ipv4_mapped", None) or plain
    stranger = not any(mapped.version == network.version and mapped in network for network in networks)
    found = await address(*theirs, client)
    if stranger:
        assert found == str(mapped).partition("%")[0]
    assert found is not None
    assert ipaddress.ip_address(found)


@pytest.mark.parametrize(
    ("peer", "trusted", "said"),
    [("10.1.2.3", PROXIES, True), ("198.51.100.7", PROXIES, False), ("10.1.2.3", (), False)],
)
async def test_whether_a_proxy_sent_it_is_told(peer: str, trusted: tuple[str, ...], said: bool) -> None:
    """What stands in the headers does not matter for it."""
    exchange = Exchange(client=(peer, 1), headers={"x-forwarded-for": "10.1.2.3"})
    await exchange(ClientAddress(ignore, trusted=trusted))
    assert exchange.scope["ultra.from_proxy"] is said
