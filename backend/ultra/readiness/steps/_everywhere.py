"""Asking until every worker has probably answered."""

from collections.abc import Awaitable, Callable

from ultra.readiness.replies import Reply
from ultra.readiness.step import expect

_LOOKS = 10
"""Each request is a connection of its own; of two workers, one stays silent in one of five hundred cases."""


async def everywhere(ask: Callable[[], Awaitable[Reply]], status: int, what: str) -> None:
    """Ask again and again; raises `Unmet` when one answer has another status."""
    for _ in range(_LOOKS):
        reply = await ask()
        expect(reply.status == status, f"{what} is answered with {reply.status} instead of {status} ({reply.asked}).")
