"""The kinds of value that settings have, and how each is written. No error repeats the value."""

import re
from decimal import Decimal
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, TypeAlias
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from ultra.config.secret import MaskedUrl

_HOST = re.compile(r"[A-Za-z0-9._:%-]+")
_DATABASES = ("sqlite", "sqlite+aiosqlite", "postgresql", "postgres", "postgresql+psycopg")


def check_base_url(url: str) -> str:
    """Accept an http(s) address without account, query and fragment; return it without a closing slash."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("is not an address") from None
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        raise ValueError("should be an address that begins with https:// or http:// and names a host")
    if parts.username is not None or parts.query or parts.fragment or not url.isprintable() or " " in url:
        raise ValueError("should be an address without account, query, fragment or blanks")
    return url.rstrip("/")


def _check_origin(url: str) -> str:
    if urlsplit(check_base_url(url)).path not in ("", "/"):
        raise ValueError("should be scheme, host and port only")
    return url.rstrip("/")


def _check_contact(address: str) -> str:
    if not address.startswith(("mailto:", "https://")) or not address.isprintable() or " " in address:
        raise ValueError("should be an address that begins with mailto: or https://")
    return address


def _check_host(host: str) -> str:
    if not _HOST.fullmatch(host):
        raise ValueError("should be a host name or an IP address, without scheme and port")
    return host


def _check_database(url: MaskedUrl) -> MaskedUrl:
    scheme, separator, _ = url.reveal().partition("://")
    if not separator or scheme not in _DATABASES:
        raise ValueError("should begin with sqlite:/// or postgresql://")
    return url


def _check_redis(url: MaskedUrl) -> MaskedUrl:
    if url.reveal().partition("://")[0] not in ("redis", "rediss", "unix"):
        raise ValueError("should begin with redis://, rediss:// or unix://")
    return url


def _check_network(network: str) -> str:
    try:
        ip_network(network, strict=False)
    except ValueError:
        raise ValueError("should be networks such as 10.0.0.0/8, separated by commas") from None
    return network


def _check_cors_origin(origin: str) -> str:
    return origin if origin == "*" else _check_origin(origin)


def _split(value: object) -> object:
    return tuple(part.strip() for part in value.split(",") if part.strip()) if isinstance(value, str) else value


BaseUrl: TypeAlias = Annotated[str, AfterValidator(check_base_url)]
Origin: TypeAlias = Annotated[str, AfterValidator(_check_origin)]
Contact: TypeAlias = Annotated[str, AfterValidator(_check_contact)]
Host: TypeAlias = Annotated[str, AfterValidator(_check_host)]
DatabaseUrl: TypeAlias = Annotated[MaskedUrl, AfterValidator(_check_database)]
RedisUrl: TypeAlias = Annotated[MaskedUrl, AfterValidator(_check_redis)]
Network: TypeAlias = Annotated[str, AfterValidator(_check_network)]
Networks: TypeAlias = Annotated[tuple[Network, ...], BeforeValidator(_split)]
CorsOrigin: TypeAlias = Annotated[str, AfterValidator(_check_cors_origin)]
CorsOrigins: TypeAlias = Annotated[tuple[CorsOrigin, ...], BeforeValidator(_split)]
Seconds: TypeAlias = Annotated[float, Field(gt=0, le=86_400)]
Port: TypeAlias = Annotated[int, Field(ge=0, le=65_535)]
Money: TypeAlias = Annotated[Decimal, Field(gt=0, le=10_000, decimal_places=6)]
File: TypeAlias = Path
