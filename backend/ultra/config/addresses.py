"""Judges addresses without asking the network: is this loopback, a private network, Ultra itself?"""

import ipaddress
import socket
import unicodedata
from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}
_TRANSLATED = ipaddress.IPv6Network("64:ff9b::/96")
"""Where a network without IPv4 shows IPv4: the last 32 bits say who it is."""
_METADATA = frozenset(
    {
        "169.254.169.254", "169.254.170.2", "169.254.170.23", "100.100.100.200", "192.0.0.192",
        "fd00:ec2::254", "fd00:ec2::23", "fd20:ce::254",
        "metadata", "metadata.google.internal", "metadata.goog", "instance-data", "instance-data.ec2.internal",
    }
)  # fmt: skip
"""Where clouds tell a machine its own credentials."""
_WILDCARDS = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - names to compare with, nothing binds here


def is_loopback(host: str) -> bool:
    """Whether `host` names this machine only, in any spelling: `localhost`, `127.1`, `0x7f000001`, `::1`."""
    name = _plain(host)
    if name == "localhost" or name.endswith(".localhost"):
        return True
    address = _address(name)
    return address is not None and address.is_loopback


def is_public(host: str) -> bool:
    """Whether `host` may be reached by everybody: no address of this machine, its network, or a private one.

    A name other than `localhost` is taken for public, since names are not asked for here.
    """
    address = _address(_plain(host))
    return not is_loopback(host) if address is None else address.is_global


def is_metadata_service(host: str) -> bool:
    """Whether `host` is one where clouds hand out the machine's own credentials, in any spelling."""
    name = _plain(host)
    return str(_address(name) or name) in _METADATA


def is_of_origin(url: str, origin: str) -> bool:
    """Whether `url` leads to the host and port of `origin`; the usual ports of http and https are one place."""
    return _place(url) == _place(origin)


def _place(url: str) -> tuple[str, int | None]:
    parts = urlsplit(url)
    name = _plain(parts.hostname or "")
    port = parts.port or _DEFAULT_PORTS.get(parts.scheme)
    return str(_address(name) or name), None if port in _DEFAULT_PORTS.values() else port


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
    if isinstance(address, ipaddress.IPv6Address):
        if address in _TRANSLATED:
            return ipaddress.IPv4Address(int(address) & 0xFFFF_FFFF)
        return address.ipv4_mapped or address
    return address


def _legacy_address(name: str) -> ipaddress.IPv4Address | None:
    """Read the short, decimal, octal and hexadecimal forms that the C library still takes."""
    if not name or " " in name or not name[0].isdigit():
        return None
    try:
        return ipaddress.IPv4Address(socket.inet_aton(name))
    except (OSError, ValueError):  # ValueError: NUL, or nothing that ASCII has
        return None
