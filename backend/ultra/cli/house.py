"""Opens the house for a command that works in process, as the operator of this machine."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from ultra.auth.sign_in import Source
    from ultra.checks import Examination
    from ultra.config import Loaded
    from ultra.desk.desk import Desk
    from ultra.services import Services

Result = TypeVar("Result")


def configuration(overrides: Mapping[str, object] | None = None, *, serving: bool = False) -> "Loaded":
    """Read the configuration that holds in the current folder; raises `ConfigurationInvalid` with every error.

    `serving` also asks for what a server needs.
    """
    return examined(overrides, serving=serving).usable()


def examined(overrides: Mapping[str, object] | None = None, *, serving: bool = False) -> "Examination":
    """Examine the configuration that holds in the current folder, as before a start."""
    import os

    from ultra.checks import examine
    from ultra.system import System

    given = {name: value for name, value in (overrides or {}).items() if value is not None}
    return examine(
        environ=os.environ, folder=Path.cwd(), overrides=given, serving=serving, starting=True, system=System()
    )


def complete_configuration(
    overrides: Mapping[str, object] | None = None, *, serving: bool = False
) -> tuple["Loaded", Mapping[str, object]]:
    """Read the configuration, make the secrets that nobody gave, and return it with the overrides that led to it."""
    examination, given = complete_examination(overrides, serving=serving)
    return examination.usable(), given


def complete_examination(
    overrides: Mapping[str, object] | None = None, *, serving: bool = False
) -> tuple["Examination", Mapping[str, object]]:
    """Examine the configuration with the secrets that nobody gave; raises `ConfigurationInvalid` with every error.

    In development they are kept in this folder's `.env.development.local`, in testing for this run alone; in
    production nothing is made.
    """
    from ultra.config import ConfigurationInvalid, Problem, make_secrets, missing_secrets
    from ultra.environments import keep_secrets
    from ultra.system import System

    given = dict(overrides or {})
    examination = examined(given, serving=serving)
    settings = examination.usable().settings
    missing = missing_secrets(settings)
    if not missing or settings.environment == "production":
        return examination, given
    if settings.environment == "testing":
        given |= make_secrets(missing, system=System())
        return examined(given, serving=serving), given
    try:
        keep_secrets(Path.cwd(), "development", missing, system=System())
    except OSError as error:
        sentence = f"cannot be kept in {Path.cwd()}: {error.strerror}."
        problems = [Problem(name, sentence, "Set it, or start elsewhere.") for name in missing]
        raise ConfigurationInvalid(problems) from None
    return examined(given, serving=serving), given


@asynccontextmanager
async def opened() -> AsyncIterator[tuple["Services", "Desk"]]:
    """Build the house for one command. It works on its own runs only; those of a server beside it are left alone."""
    from ultra.desk.desk import set_up
    from ultra.services import build
    from ultra.system import System
    from ultra.telemetry import logs

    loaded, _ = complete_configuration()
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
