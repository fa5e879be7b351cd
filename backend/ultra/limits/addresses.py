"""Whose address counts as whose: one counter for what one customer of a network can choose freely."""

from functools import lru_cache
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import Final

UNKNOWN: Final = "unknown"
"""The network of whatever is no address (a Unix socket, garbage): all of it shares one counter."""


def network_of(address: str | None) -> str:
    """Return the network that an address is counted as: IPv4 /32, IPv6 /64; mapped IPv4 is IPv4."""
    return _network(address, v4=32, v6=64)


def neighbourhood_of(address: str | None) -> str:
    """Return the wider network that a person signs in from, day by day: IPv4 /24, IPv6 /48."""
    return _network(address, v4=24, v6=48)


@lru_cache(maxsize=4096)
def _network(address: str | None, *, v4: int, v6: int) -> str:
    try:
        parsed: IPv4Address | IPv6Address = ip_address((address or "").partition("%")[0])
    except ValueError:
        return UNKNOWN
    if isinstance(parsed, IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return str(ip_network((parsed, v6 if parsed.version == 6 else v4), strict=False))
