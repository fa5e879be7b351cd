"""What only a rehearsal can do: the server, all it depends on and all that it writes are its own."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Literal, Protocol, TypeAlias

Dependency: TypeAlias = Literal["database", "counters", "provider"]
"""PostgreSQL, Valkey, and one of two upstream servers: `acme`."""


class CannotRehearse(Exception):
    """Something that a rehearsal needs is not there or does not start; the sentence says what, and what to do."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A command that has ended: its exit code and what it printed."""

    code: int
    out: str
    err: str


class Workshop(Protocol):
    """Has started the server that is looked at, and can do anything to it."""

    async def stop(self, dependency: Dependency) -> None:
        """End a server that Ultra depends on; returns when it is gone."""

    async def start(self, dependency: Dependency) -> None:
        """Start it again at the same address, with what it had; returns when it answers."""

    async def serve(self) -> None:
        """Start Ultra again after `leave` or `kill`; returns when it is ready."""

    async def ask_to_leave(self) -> None:
        """Send SIGTERM to Ultra."""

    async def left(self) -> int:
        """Wait for Ultra's end and return its exit code."""

    async def kill(self) -> None:
        """End every process of Ultra with SIGKILL."""

    async def mend(self) -> None:
        """Start whatever does not run, so that the next step finds everything in its place."""

    async def command(self, *words: str, database: str | None = None, said: str = "") -> Finished:
        """Run `ultra` with these words where the server is; `database` names another one of `new_database`."""

    async def new_database(self, name: str) -> None:
        """Make an empty database beside the server's own."""

    def beside(self, database: str) -> AbstractAsyncContextManager[str]:
        """Serve another database with everything else the same; yields the address."""

    async def arm(self, scenario: str, **rule: Any) -> None:
        """Let calls to `acme` that match the rule go wrong."""

    async def disarm(self) -> None:
        """Let everything at `acme` go well again."""

    async def asked(self, model: str) -> Sequence[str]:
        """Return how the calls to one of `acme`'s models ended so far; `open` for those that have not."""

    async def dump(self) -> bytes:
        """Return everything in the server's database as text."""

    def logs(self) -> Mapping[str, bytes]:
        """Return all that any process of the rehearsal has written, by name."""

    def arguments(self) -> Mapping[str, bytes]:
        """Return what any user of this machine can see of how Ultra's processes were started, by name."""
