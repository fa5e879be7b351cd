"""Where programs lie that come inside packages, free ports, and servers that answer."""

import asyncio
import importlib.util
import socket
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from ultra.readiness.rehearsal.child import Child
from ultra.readiness.workshop import CannotRehearse

_LOOK_EVERY_S = 0.05

START_S = 60.0
"""Generous: the machine may be busy with something else."""


def inside(package: str, *parts: str) -> Path:
    """Return the one path inside an installed package that fits, without importing it; raises `CannotRehearse`."""
    spec = importlib.util.find_spec(package)
    found = list(Path(spec.origin).parent.glob("/".join(parts))) if spec is not None and spec.origin else []
    if not found:
        raise CannotRehearse(f"{package} is not installed here: run scripts/install.sh test, then try again.")
    return found[0]


def free_port() -> int:
    """Return a port of 127.0.0.1 that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def answers(port: int, question: bytes = b"") -> bytes:
    """Ask at a port of 127.0.0.1 and return the beginning of the answer; empty when nobody is there."""
    with suppress(OSError, TimeoutError):
        async with asyncio.timeout(2):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            try:
                writer.write(question)
                return await reader.read(64)
            finally:
                writer.close()
                with suppress(OSError):
                    await writer.wait_closed()
    return b""


async def until_up(child: Child, is_up: Callable[[], object], log: Path) -> None:
    """Wait until an asynchronous question is answered with yes; raises `CannotRehearse` with the end of the log."""
    with suppress(TimeoutError):
        async with asyncio.timeout(START_S):
            while child.code is None:
                found = is_up()
                if await found if asyncio.iscoroutine(found) else found:
                    return
                await asyncio.sleep(_LOOK_EVERY_S)
    raise CannotRehearse(f"{child.name} did not start (exit code {child.code}):\n{_end_of(log)}")


def _end_of(log: Path) -> str:
    return log.read_text(errors="replace")[-1500:] if log.exists() else ""
