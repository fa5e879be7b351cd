"""Feels the pulse of the event loop: how late it wakes whoever asked to be woken."""

from collections.abc import Callable
from typing import Final

from ultra.system import System

EVERY_S: Final = 0.25


async def feel(heard: Callable[[float], None], *, system: System) -> None:
    """Tell `heard`, four times a second, how many seconds late the loop is; ends by being cancelled."""
    while True:
        asked = system.monotonic()
        await system.sleep(EVERY_S)
        heard(max(system.monotonic() - asked - EVERY_S, 0.0))
