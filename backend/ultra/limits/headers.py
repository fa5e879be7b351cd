"""How limits are told to clients: the IETF's fields, `Retry-After`, and OpenAI's headers.

`RateLimit-Policy` and `RateLimit` are structured fields (RFC 9651) as in draft-ietf-httpapi-ratelimit-headers-10: lists
of names of limits with parameters. No partition key (`pk`) is given: it would tell who shares a limit.

Limits here pay back one unit after the other. So `t`, the time for which `r` holds, is that until the next unit, in
whole seconds rounded down: `r` never rises before `t` has passed. A refusal tells of the limits that refused alone, and
its `Retry-After` is then never less than any `t` beside it.
"""

import math
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Final, Literal

from ultra.domain.limits import Decision, Limit, Standing

_UNQUOTABLE: Final = re.compile(r"[^\x20-\x7e]")


def limit_headers(decision: Decision) -> dict[str, str]:
    """Return `RateLimit-Policy`, `RateLimit` and, for a refusal, `Retry-After`; none of what is not known."""
    headers = {}
    if decision.standings:
        headers["RateLimit-Policy"] = ", ".join([_policy(each.limit) for each in decision.standings])
    told = [each for each in decision.standings if decision.allowed or each.limit.name in decision.violated]
    if told:
        headers["RateLimit"] = ", ".join([_left(each) for each in told])
    if not decision.allowed:
        headers["Retry-After"] = retry_after(decision.retry_after_s)
    return headers


def retry_after(seconds: float) -> str:
    """Return whole seconds, rounded up, at least 1: who comes back then does not come too early."""
    return str(max(1, math.ceil(seconds)))


def openai_headers(decision: Decision) -> Mapping[str, str]:
    """Return `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`, of the tightest limit of each unit."""
    headers = {}
    units: tuple[Literal["requests", "tokens"], ...] = ("requests", "tokens")
    for unit in units:
        tightest = _tightest(each for each in decision.standings if each.limit.unit == unit)
        if tightest is not None:
            headers[f"x-ratelimit-limit-{unit}"] = str(tightest.limit.amount)
            headers[f"x-ratelimit-remaining-{unit}"] = str(tightest.remaining)
            headers[f"x-ratelimit-reset-{unit}"] = go_duration(tightest.reset_s)
    return headers


def go_duration(seconds: float) -> str:
    """Write a time as Go's `time.Duration` does, in whole milliseconds, rounded up: `12ms`, `1.5s`, `6m0s`."""
    total = max(0, math.ceil(round(seconds * 1000, 3)))
    if total < 1000:
        return f"{total}ms" if total else "0s"
    minutes, milliseconds = divmod(total, 60_000)
    text = f"{milliseconds // 1000}.{milliseconds % 1000:03d}".rstrip("0").rstrip(".") + "s"
    hours, minutes = divmod(minutes, 60)
    if hours:
        return f"{hours}h{minutes}m{text}"
    return f"{minutes}m{text}" if minutes else text


def _window(limit: Limit) -> int:
    return max(1, math.ceil(limit.window_s))


@lru_cache(maxsize=1024)
def _policy(limit: Limit) -> str:
    unit = "" if limit.unit == "requests" else f';qu="{limit.unit}"'
    return f"{_quoted(limit.name)};q={limit.amount}{unit};w={_window(limit)}"


def _left(standing: Standing) -> str:
    until = min(math.floor(standing.next_s), _window(standing.limit))
    return f"{_quoted(standing.limit.name)};r={standing.remaining};t={until}"


@lru_cache(maxsize=1024)
def _quoted(name: str) -> str:
    text = _UNQUOTABLE.sub("?", name).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'


def _tightest(standings: Iterable[Standing]) -> Standing | None:
    return min(standings, key=lambda each: (each.remaining, each.remaining / each.limit.amount), default=None)
