"""Which addresses are loopback, and which are Ultra's own."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultra.config import is_loopback, is_own_address

SPELLINGS = [
    "127.0.0.1", "127.1", "127.0.1", "127.255.255.254", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1",
    "017700000001", "localhost", "LOCALHOST", "localhost.", "ultra.localhost", "[::1]", "[0:0:0:0:0:0:0:1]",
    "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "１２７.０.０.１",
]  # fmt: skip


@pytest.mark.parametrize("host", SPELLINGS)
def test_every_spelling_of_loopback_is_our_own_address(host: str) -> None:
    """However loopback is written, with our port it is us; with another port it is a neighbour."""
    assert is_loopback(host)
    assert is_own_address(f"http://{host}:8080/v1", "127.0.0.1", 8080)
    assert is_own_address(f"http://{host}:8080/v1", "0.0.0.0", 8080)
    assert not is_own_address(f"http://{host}:11434/v1", "127.0.0.1", 8080)


@pytest.mark.parametrize(
    "host", ["api.openai.com", "127.0.0.1.example.com", "localhost.example.com", "10.0.0.1", "1", "", "[fe80::1]"]
)
def test_other_hosts_are_not_loopback(host: str) -> None:
    """A name that only looks like loopback is none; the number 1 is the address 0.0.0.1."""
    assert not is_loopback(host)


@pytest.mark.parametrize("host", ["0.0.0.0", "0", "[::]", "0x0"])
def test_the_wildcard_leads_to_loopback(host: str) -> None:
    """Connecting to the unspecified address reaches this machine."""
    assert is_own_address(f"http://{host}:8080", "127.0.0.1", 8080)


def test_a_bound_address_is_compared_as_a_number() -> None:
    """The same interface written differently is the same; another one is not."""
    assert is_own_address("http://192.168.1.5:8080/v1", "192.168.1.5", 8080)
    assert is_own_address("http://3232235781:8080/v1", "192.168.1.5", 8080)
    assert is_own_address("http://[::ffff:192.168.1.5]:8080/v1", "192.168.1.5", 8080)
    assert not is_own_address("http://192.168.1.6:8080/v1", "192.168.1.5", 8080)
    assert not is_own_address("http://127.0.0.1:8080/v1", "192.168.1.5", 8080)


def test_a_port_that_is_not_written_is_that_of_the_scheme() -> None:
    """Http means 80 and https means 443."""
    assert is_own_address("http://localhost/v1", "127.0.0.1", 80)
    assert is_own_address("https://localhost/v1", "127.0.0.1", 443)
    assert not is_own_address("https://localhost/v1", "127.0.0.1", 80)


@given(st.integers(0, 2**24 - 1))
def test_all_of_127_is_loopback(tail: int) -> None:
    """Every address of 127.0.0.0/8 is, as a dotted quad and as a number."""
    number = (127 << 24) + tail
    assert is_loopback(str(number))
    assert is_loopback(".".join(str(number >> shift & 255) for shift in (24, 16, 8, 0)))


@given(st.text(max_size=40))
def test_any_text_is_judged_without_an_error(text: str) -> None:
    """A host may be anything; the answer is yes or no."""
    assert is_loopback(text) in (True, False)
