"""What the server says of its own health."""

from collections.abc import Awaitable, Callable
from typing import Any

from ultra.readiness.asking import Client
from ultra.readiness.stage import Stage

_GROUPS = ("dependencies", "services", "providers", "configuration")
NOTICED_WITHIN_S = 25.0
"""Generous: every worker looks for itself, in its own time."""
_WORKERS = 2


async def parts(client: Client) -> dict[str, dict[str, Any]]:
    """Return every part that the report names, with its `status` and `reason`."""
    report = (await client.get("/api/health")).expect(200).json
    return {name: part for group in _GROUPS for name, part in report.get(group, {}).items()}


async def until_all_say(
    stage: Stage,
    client: Client,
    part: str,
    *wanted: str,
    patience: float = NOTICED_WITHIN_S,
    meanwhile: Callable[[], Awaitable[object]] | None = None,
) -> str:
    """Wait until several looks in a row find a part in one of these states; returns its reason.

    `meanwhile` is done before each round of looks: what a worker knows from traffic alone, it must be asked for.
    """

    async def say() -> str | None:
        if meanwhile is not None:
            await meanwhile()
        found = [(await parts(client)).get(part, {}) for _ in range(3 * _WORKERS)]
        said = {each.get("status") for each in found}
        return str(found[0].get("reason")) if said <= set(wanted) else None

    return str(await stage.until(say, patience, f"/api/health says of {part} that it is {' or '.join(wanted)}"))


async def until_ready(stage: Stage, status: int, patience: float = NOTICED_WITHIN_S) -> None:
    """Wait until several looks in a row find the server ready (200), or not (503)."""

    async def is_so() -> bool:
        probes = [await stage.stranger().get("/health/ready") for _ in range(3 * _WORKERS)]
        return {probe.status for probe in probes} == {status}

    await stage.until(is_so, patience, f"/health/ready answers {status}")


async def is_alive(stage: Stage) -> None:
    """Check that the processes answer, whatever else is the matter; raises `Unmet`."""
    for _ in range(2 * _WORKERS):
        (await stage.stranger().get("/health/live")).expect(200)
