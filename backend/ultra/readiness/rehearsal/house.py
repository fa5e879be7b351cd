"""The rehearsal's Ultra: its settings as an operator writes them down, its processes, its commands."""

import signal
import sys
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

from ultra.readiness.rehearsal.child import Child, finish, start
from ultra.readiness.rehearsal.places import free_port, until_up
from ultra.readiness.workshop import Finished

_GRACE_S = 25.0

PROGRAM: Sequence[str] = (sys.executable, "-m", "ultra")


class House:
    """An installation of Ultra in one folder: `.env`, `.env.production.local` (mode 0600) and `ultra.toml`."""

    def __init__(self, folder: Path, *, variables: Mapping[str, str], program: Sequence[str] = PROGRAM) -> None:
        self.folder = folder
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self._variables = dict(variables)
        self._program = program
        self._child: Child | None = None
        self._begun = 0

    def furnish(self, settings: Mapping[str, str], toml: str) -> None:
        """Write the files of the installation."""
        (self.folder / ".env").write_text("ENVIRONMENT=production\n")
        private = self.folder / ".env.production.local"
        private.touch(mode=0o600)
        private.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        (self.folder / "ultra.toml").write_text(toml)

    async def serve(self) -> None:
        """Start serving and return when every worker is ready; nothing happens while it serves."""
        if self._child is not None and self._child.code is None:
            return
        self._child = await self._start("ultra", "--workers", "2", "--port", str(self.port))
        await self._ready(self._child)

    async def end(self) -> None:
        """End it, in order if it lets us; nothing of it runs afterwards."""
        if self._child is not None:
            await self._child.end(patience=_GRACE_S)

    def tell(self, number: signal.Signals) -> None:
        """Send a signal to the process that all others descend from."""
        if self._child is not None:
            self._child.tell(number)

    async def left(self) -> int:
        """Wait for its end."""
        return 0 if self._child is None else await self._child.process.wait()

    async def kill(self) -> None:
        """End every process at once."""
        if self._child is not None:
            await self._child.kill()

    async def command(self, *words: str, said: str = "", **settings: str) -> Finished:
        """Run one command of Ultra's here; `settings` win over the files."""
        found = await finish(
            [*self._program, *words],
            folder=self.folder.parent,
            name=f"command-{words[0]}",
            variables={**self._variables, **settings},
            works_in=self.folder,
            said=f"{said}\n",
        )
        return Finished(*found)

    @asynccontextmanager
    async def beside(self, **settings: str) -> AsyncIterator[str]:
        """Serve a second time with other settings, in one process; yields the address."""
        port = free_port()
        child = await self._start("ultra-beside", "--workers", "1", "--port", str(port), **settings)
        try:
            await self._ready(child)
            yield f"http://127.0.0.1:{port}"
        finally:
            await child.end(patience=_GRACE_S)

    def processes(self) -> list[int]:
        """Return the ids of the serving process and of its workers, where the system tells."""
        if self._child is None:
            return []
        tasks = Path(f"/proc/{self._child.pid}/task/{self._child.pid}/children")
        workers = tasks.read_text().split() if tasks.exists() else []
        return [self._child.pid, *map(int, workers)]

    async def _start(self, name: str, *words: str, **settings: str) -> Child:
        self._begun += 1
        return await start(
            [*self._program, "serve", *words],
            folder=self.folder.parent,
            name=f"{name}-{self._begun}",
            variables={**self._variables, **settings},
            works_in=self.folder,
        )

    async def _ready(self, child: Child) -> None:
        """Wait until it has said where it is, which it does once every worker is ready."""
        log = self.folder.parent / "logs" / f"{child.name}.log"
        await until_up(child, lambda: b"Ultra (production) at " in log.read_bytes(), log)
