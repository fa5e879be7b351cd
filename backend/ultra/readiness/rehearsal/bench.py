"""The rehearsal's workshop: everything it has started, and what can be done to it."""

import signal
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from ultra.readiness.rehearsal.house import House
from ultra.readiness.rehearsal.postgres import Postgres
from ultra.readiness.rehearsal.upstream import Upstream
from ultra.readiness.rehearsal.valkey import Valkey
from ultra.readiness.workshop import Dependency, Finished

DATABASE: Final = "ultra"


@dataclass(frozen=True, slots=True)
class Bench:
    """Keeps the promise of `Workshop`."""

    folder: Path
    house: House
    postgres: Postgres
    valkey: Valkey
    acme: Upstream
    vendors: Upstream

    async def stop(self, dependency: Dependency) -> None:
        """End a server that Ultra depends on; returns when it is gone."""
        await self._server(dependency).stop()

    async def start(self, dependency: Dependency) -> None:
        """Start it again; returns when it answers."""
        await self._server(dependency).start()

    async def serve(self) -> None:
        """Start Ultra again; returns when it is ready."""
        await self.house.serve()

    async def ask_to_leave(self) -> None:
        """Send SIGTERM to Ultra."""
        self.house.tell(signal.SIGTERM)

    async def left(self) -> int:
        """Wait for Ultra's end and return its exit code."""
        return await self.house.left()

    async def kill(self) -> None:
        """End every process of Ultra with SIGKILL."""
        await self.house.kill()

    async def mend(self) -> None:
        """Start whatever does not run."""
        for each in (self.postgres, self.valkey, self.acme, self.vendors):
            await each.start()
        await self.acme.disarm()
        await self.house.serve()

    async def command(self, *words: str, database: str | None = None, said: str = "") -> Finished:
        """Run a command of Ultra's on its own database or on another one."""
        settings = {} if database is None else {"DATABASE_URL": self.postgres.url(database)}
        return await self.house.command(*words, said=said, **settings)

    async def new_database(self, name: str) -> None:
        """Make an empty database."""
        await self.postgres.new_database(name)

    @asynccontextmanager
    async def beside(self, database: str) -> AsyncIterator[str]:
        """Serve another database; yields the address."""
        async with self.house.beside(DATABASE_URL=self.postgres.url(database)) as address:
            yield address

    async def arm(self, scenario: str, **rule: Any) -> None:
        """Let calls to `acme` that match the rule go wrong."""
        await self.acme.arm(scenario, **rule)

    async def disarm(self) -> None:
        """Let everything at `acme` go well again."""
        await self.acme.disarm()

    async def asked(self, model: str) -> list[str]:
        """Return how the calls to one of `acme`'s models ended so far."""
        return await self.acme.asked(model)

    async def dump(self) -> bytes:
        """Return everything in Ultra's database as text."""
        return await self.postgres.dump(DATABASE)

    def logs(self) -> Mapping[str, bytes]:
        """Return all that any process has written, by name."""
        return {path.stem: path.read_bytes() for path in sorted((self.folder / "logs").glob("*.log"))}

    def arguments(self) -> Mapping[str, bytes]:
        """Return the arguments of Ultra's processes by id; nothing where the system does not tell."""
        files = {f"process {pid}": Path(f"/proc/{pid}/cmdline") for pid in self.house.processes()}
        return {name: path.read_bytes() for name, path in files.items() if path.exists()}

    def _server(self, dependency: Dependency) -> Postgres | Valkey | Upstream:
        match dependency:
            case "database":
                return self.postgres
            case "counters":
                return self.valkey
            case "provider":
                return self.acme
