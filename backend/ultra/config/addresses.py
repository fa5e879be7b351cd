"""Judges addresses without asking the network: is this loopback, is this Ultra itself?"""

import ipaddress
import socket
import unicodedata
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_WILDCARDS = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - names to compare with, nothing binds here


def is_loopback(host: str) -> bool:
    """Whether `host` names this machine only, in any spelling: `localhost`, `127.1`, `0x7f000001`, `::1`."""
    name = _plain(host)
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = _address(name)
    return address is not None and address.is_loopback


def is_own_address(url: str, host: str, port: int) -> bool:
    """Whether `url` leads to the server that listens on `host` and `port`.

    Every loopback spelling counts as the same place, so a server bound to one loopback address refuses all of them
    on its port. A server bound to every interface also owns the wildcard and loopback spellings; which other
    addresses the machine has is not known here.
    """
    parts = urlsplit(url)
    target = _plain(parts.hostname or "")
    if (parts.port or _DEFAULT_PORTS.get(parts.scheme)) != port:
        return False
    own = _plain(host)
    listens_on_loopback = is_loopback(own) or own in _WILDCARDS
    if is_loopback(target) or _is_wildcard(target):
        return listens_on_loopback
    return target == own or (_address(target) is not None and _address(target) == _address(own))


def _is_wildcard(name: str) -> bool:
    address = _address(name)
    return address is not None and address.is_unspecified


def _plain(host: str) -> str:
    """Fold what a resolver folds: case, width of characters, brackets, a zone, a closing dot."""
    folded = unicodedata.normalize("NFKC", host).strip().strip("[]").lower()
    return folded.partition("%")[0].rstrip(".")


def _address(name: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        address = ipaddress.ip_address(name)
    except ValueError:
        return _legacy_address(name)
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def _legacy_address(name: str) -> ipaddress.IPv4Address | None:
    """Read the short, decimal, octal and hexadecimal forms that the C library still takes."""
    if not name or " " in name or not name[0].isdigit():
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(name))
    except (OSError, UnicodeEncodeError):
        return None
