"""Opens the house for a command that works in process, as the operator of this machine."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from ultra.auth.sign_in import Source
    from ultra.config import Loaded
    from ultra.desk.desk import Desk
    from ultra.services import Services

Result = TypeVar("Result")


def configuration(overrides: Mapping[str, object] | None = None) -> "Loaded":
    """Read the configuration that holds in the current folder; raises `ConfigurationInvalid`."""
    import os

    from ultra.config import load
    from ultra.services import presets

    given = {name: value for name, value in (overrides or {}).items() if value is not None}
    return load(environ=os.environ, folder=Path.cwd(), overrides=given, presets=presets())


@asynccontextmanager
async def opened() -> AsyncIterator[tuple["Services", "Desk"]]:
    """Build the house for one command. It works on its own runs only; those of a server beside it are left alone."""
    from ultra.desk.desk import set_up
    from ultra.services import build
    from ultra.system import System
    from ultra.telemetry import logs

    loaded = configuration()
    logs.configure(level="error", form=loaded.settings.log_format)
    async with build(loaded, system=System(), serves=False) as services:
        yield services, set_up(services)


def in_house(work: Callable[["Services", "Desk"], Awaitable[Result]]) -> Result:
    """Run `work` with the house built around it."""

    async def whole() -> Result:
        async with opened() as (services, desk):
            return await work(services, desk)

    return asyncio.run(whole())


def here() -> "Source":
    """Return where a command's changes come from, for the audit."""
    from ultra.auth.sign_in import Source

    return Source(user_agent="ultra command line")
