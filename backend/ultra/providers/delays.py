"""How long a vendor asks us to wait, out of headers in all their dialects. Pure; capped at one hour, never negative."""

import math
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

LONGEST = 3600.0
_DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s|us|µs|ns)?")
_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9, None: 1.0}
_RESETS = {
    "x-ratelimit-reset-requests": "x-ratelimit-remaining-requests",
    "x-ratelimit-reset-tokens": "x-ratelimit-remaining-tokens",
    "anthropic-ratelimit-requests-reset": "anthropic-ratelimit-requests-remaining",
    "anthropic-ratelimit-tokens-reset": "anthropic-ratelimit-tokens-remaining",
    "anthropic-ratelimit-input-tokens-reset": "anthropic-ratelimit-input-tokens-remaining",
    "anthropic-ratelimit-output-tokens-reset": "anthropic-ratelimit-output-tokens-remaining",
}


def asked_delay(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Return the seconds in `retry-after-ms` or else `retry-after`, which holds seconds or an HTTP date.

    A date is compared with the vendor's own `date` header where there is one, so that a wrong clock on either side
    does not matter. `headers` has lower-case names.
    """
    milliseconds = _number(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return _bounded(milliseconds / 1000)
    value = headers.get("retry-after")
    seconds = _number(value)
    if seconds is not None:
        return _bounded(seconds)
    until = _http_date(value)
    if until is None:
        return None
    return _bounded((until - (_http_date(headers.get("date")) or now)).total_seconds())


def reset_delay(headers: Mapping[str, str], *, now: datetime) -> float | None:
    """Return the seconds until the exhausted limits are full again, from the rate-limit headers.

    Limits with something remaining do not count, unless none is said to be exhausted.
    """
    delays = {name: _reset(headers[name], headers, now) for name in _RESETS if name in headers}
    known = {name: delay for name, delay in delays.items() if delay is not None}
    exhausted = [delay for name, delay in known.items() if _number(headers.get(_RESETS[name])) == 0.0]
    longest = max(exhausted or known.values(), default=None)
    return None if longest is None else _bounded(longest)


def duration(value: str) -> float | None:
    """Read `12ms`, `1s`, `6m0s`, `2m59.56s` (Go's way, and protobuf's) as seconds; None for anything else."""
    pieces = list(_DURATION.finditer(value.strip()))
    if not pieces or "".join(piece.group() for piece in pieces) != value.strip():
        return None
    return _bounded(sum(float(piece[1]) * _UNITS[piece[2]] for piece in pieces))


def _reset(value: str, headers: Mapping[str, str], now: datetime) -> float | None:
    seconds = duration(value)
    if seconds is not None:
        return seconds
    try:
        until = datetime.fromisoformat(value)
    except ValueError:
        return None
    if until.tzinfo is None:
        until = until.replace(tzinfo=UTC)
    return (until - (_http_date(headers.get("date")) or now)).total_seconds()


def _http_date(value: str | None) -> datetime | None:
    if value is None:
        return None
    try:
        date = parsedate_to_datetime(value)
    except ValueError:
        return None
    return date if date.tzinfo is not None else date.replace(tzinfo=UTC)


def _number(value: str | None) -> float | None:
    try:
        number = float(value) if value is not None else math.nan
    except ValueError:
        return None
    return None if math.isnan(number) else number


def _bounded(seconds: float) -> float:
    return min(max(seconds, 0.0), LONGEST)
