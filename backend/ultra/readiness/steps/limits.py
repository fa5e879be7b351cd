"""Limits hold over all workers, and say when to come back."""

import asyncio
import re
from collections import Counter

from ultra.readiness.replies import Reply
from ultra.readiness.stage import Stage
from ultra.readiness.step import Need, Step, expect

_A_MINUTE = 10
_AT_ONCE = 30
_ITEM = re.compile(r'"[a-z-]+"(;[a-z]+=(\d+|"[a-z]+"))+')


class Limits(Step):
    """Gives somebody ten requests a minute, and lets them try thirty at once."""

    name = "limits"
    title = "Rate limits hold across workers and say when to come back"
    advice = "Every worker must reach the same REDIS_URL: without it each counts for itself."
    needs = frozenset({Need.ADMIN})

    async def check(self, stage: Stage) -> str:
        """Send thirty requests at once and count what passes."""
        person = await stage.person("viewer", requests_per_minute=_A_MINUTE)
        begun = stage.system.monotonic()
        asked = (person.client.ask("GET", "/api/auth/me", waits=False) for _ in range(_AT_ONCE))
        replies = await asyncio.gather(*asked)
        statuses = Counter(reply.status for reply in replies)
        refilled = (stage.system.monotonic() - begun) * _A_MINUTE / 60
        passed, refused = statuses[200], statuses[429]
        expect(passed + refused == _AT_ONCE, f"Some of them were answered otherwise: {dict(statuses)}.")
        most = _A_MINUTE + refilled + 1
        expect(passed <= most, f"{passed} of {_AT_ONCE} requests passed a limit of {_A_MINUTE} a minute.")
        expect(passed >= _A_MINUTE - 2, f"Only {passed} of {_A_MINUTE} allowed requests passed.")
        _look_at(next(reply for reply in replies if reply.status == 429))
        _has_fields(next(reply for reply in replies if reply.status == 200))
        return f"{passed} of {_AT_ONCE} at once passed a limit of {_A_MINUTE} a minute; the others heard when."


def _look_at(reply: Reply) -> None:
    reply.refused(429)
    after = reply.get("retry-after") or ""
    expect(after.isdigit() and int(after) > 0, f"A 429 has no Retry-After in seconds: {after!r}.")
    _has_fields(reply)


def _has_fields(reply: Reply) -> None:
    for name in ("ratelimit", "ratelimit-policy"):
        items = (reply.get(name) or "").split(", ")
        expect(all(_ITEM.fullmatch(item) for item in items), f"A {reply.status} has no readable {name} field.")
