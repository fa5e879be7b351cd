"""No secret stands where it does not belong."""

import base64
import json
from collections.abc import Iterator, Mapping
from urllib.parse import quote

from ultra.readiness.stage import Stage
from ultra.readiness.step import Need, Step, expect

_LEAST = 12
"""Shorter texts would be found by chance."""


class SecretSweep(Step):
    """Searches everything that was written for every secret that is known, in the shapes secrets are written in."""

    name = "secrets"
    title = "No secret in any log, reply, argument of a process, or in the database in clear"
    advice = "Rotate the secret that is named, then report where it was found: that is a fault of Ultra's own."
    needs = frozenset({Need.LOGS})
    turn = 90

    async def check(self, stage: Stage) -> str:
        """Search logs, arguments and the database; replies were looked at as they came."""
        secrets = {**stage.line.known, **stage.made}
        places = {**stage.tools.logs(), **stage.tools.arguments(), "the database": await stage.tools.dump()}
        expect(any(b"/health/live" in text for text in places.values()), "The logs do not hold what was asked.")
        found = [*stage.line.leaks, *_found(secrets, places)]
        expect(not found, f"Came out: {'; '.join(dict.fromkeys(found))[:600]}.")
        size = sum(map(len, places.values())) // 1024
        return f"{len(secrets)} secrets, {len(places)} places, {size:,} KiB: nothing found."


def _found(secrets: Mapping[str, str], places: Mapping[str, bytes]) -> Iterator[str]:
    shapes = {name: tuple(spellings(value)) for name, value in secrets.items() if len(value) >= _LEAST}
    for place, text in places.items():
        for name, spelled in shapes.items():
            if any(each in text for each in spelled):
                yield f"{name} in {place}"


def spellings(secret: str) -> Iterator[bytes]:
    """Return a secret as it is, as JSON and URLs write it, backwards, and inside base64 at every offset."""
    raw = secret.encode()
    yield raw
    yield json.dumps(secret)[1:-1].encode()
    yield quote(secret, safe="").encode()
    yield raw[::-1]
    yield raw.hex().encode()
    for encode in (base64.b64encode, base64.urlsafe_b64encode):
        for offset in range(3):
            # What stands before and after shares characters with the first and the last bytes: those are left out.
            shifted = encode(b"\0" * offset + raw)
            yield shifted[4 if offset else 0 : len(shifted) - 4]
