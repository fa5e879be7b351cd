"""Whose address counts as whose."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultra.limits.addresses import UNKNOWN, neighbourhood_of, network_of


@pytest.mark.parametrize(
    ("address", "network", "neighbourhood"),
    [
        ("192.0.2.7", "192.0.2.7/32", "192.0.2.0/24"),
        ("::ffff:192.0.2.7", "192.0.2.7/32", "192.0.2.0/24"),
        ("::FFFF:c000:207", "192.0.2.7/32", "192.0.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("2001:0DB8:0001:0002::", "2001:db8:1:2::/64", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::/64", "fe80::/48"),
        ("::1", "::/64", "::/48"),
        *((garbage, UNKNOWN, UNKNOWN) for garbage in ("", None, "unknown", "1.2.3", "1.2.3.4:80", "١.2.3.4", "%eth0")),
    ],
)
def test_an_address_is_counted_as_its_network(address: str | None, network: str, neighbourhood: str) -> None:
    """IPv4 alone, IPv6 by what a customer is given; mapped IPv4 is IPv4; whatever is no address counts as one."""
    assert network_of(address) == network
    assert neighbourhood_of(address) == neighbourhood


@given(st.ip_addresses(v=4))
def test_every_spelling_of_an_ipv4_address_is_one_network(address: object) -> None:
    """Through a socket of either family the same client has the same counter."""
    assert network_of(str(address)) == network_of(f"::ffff:{address}") == f"{address}/32"


@given(st.text())
def test_no_text_breaks_it(text: str) -> None:
    """Whatever came in, there is a counter for it."""
    assert network_of(text)
    assert neighbourhood_of(text)
