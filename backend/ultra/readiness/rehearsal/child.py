"""A process of the rehearsal, known by its id from the first moment to the last."""

import asyncio
import os
import signal
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ultra.readiness.rehearsal.folder import remember

_LEAVES_WITHIN_S = 15.0


@dataclass(frozen=True, slots=True)
class Account:
    """The user that a process runs as, by numbers; without them whoever the rehearsal is."""

    uid: int | None = None
    gid: int | None = None

    @property
    def groups(self) -> tuple[()] | None:
        """No other groups for another user."""
        return None if self.uid is None else ()


OWN: Final = Account()


@dataclass(slots=True)
class Child:
    """A running process, leader of a group of its own: Ctrl-C at the terminal reaches the rehearsal alone."""

    process: asyncio.subprocess.Process
    name: str

    @property
    def pid(self) -> int:
        """Its id."""
        return self.process.pid

    @property
    def code(self) -> int | None:
        """Its exit code; None while it runs."""
        return self.process.returncode

    async def end(self, number: signal.Signals = signal.SIGTERM, *, patience: float = _LEAVES_WITHIN_S) -> int:
        """Send a signal, wait, and kill the whole group if it does not leave; returns the exit code."""
        if self.process.returncode is None:
            self.tell(number)
            try:
                async with asyncio.timeout(patience):
                    await self.process.wait()
            except TimeoutError:
                await self.kill()
        return await self.process.wait()

    def tell(self, number: signal.Signals) -> None:
        """Send a signal to this process alone."""
        with suppress(ProcessLookupError):
            self.process.send_signal(number)

    async def kill(self) -> None:
        """End it and everything in its group at once."""
        with suppress(ProcessLookupError, PermissionError):  # it has gone; on macOS, so has its last member
            os.killpg(self.pid, signal.SIGKILL)
        await self.process.wait()


async def start(
    command: Sequence[str | Path],
    *,
    folder: Path,
    name: str,
    variables: Mapping[str, str],
    account: Account = OWN,
    works_in: Path | None = None,
) -> Child:
    """Start a process whose words go to `{folder}/logs/{name}.log`; it is written down in the folder."""
    sink = _sink(folder, name)
    try:
        process = await asyncio.create_subprocess_exec(
            *map(str, command),
            cwd=works_in or folder,
            env=dict(variables),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=sink,
            stderr=sink,
            start_new_session=True,
            user=account.uid,
            group=account.gid,
            extra_groups=account.groups,
        )
    finally:
        os.close(sink)
    remember(folder, process.pid)
    return Child(process, name)


async def finish(
    command: Sequence[str | Path],
    *,
    folder: Path,
    name: str,
    variables: Mapping[str, str],
    account: Account = OWN,
    works_in: Path | None = None,
    said: str = "",
    is_kept: bool = True,
) -> tuple[int, str, str]:
    """Run a process to its end; returns its exit code and what it printed, which `is_kept` among the logs too."""
    process = await asyncio.create_subprocess_exec(
        *map(str, command),
        cwd=works_in or folder,
        env=dict(variables),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
        user=account.uid,
        group=account.gid,
        extra_groups=account.groups,
    )
    remember(folder, process.pid)
    try:
        out, err = await process.communicate(said.encode())
    except BaseException:
        await Child(process, name).kill()
        raise
    if is_kept:
        sink = _sink(folder, name)
        os.write(sink, out + err)
        os.close(sink)
    return process.returncode or 0, out.decode("utf-8", "replace"), err.decode("utf-8", "replace")


def _sink(folder: Path, name: str) -> int:
    logs = folder / "logs"
    logs.mkdir(mode=0o700, exist_ok=True)
    return os.open(logs / f"{name}.log", os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
