"""Runs the readiness suite for `ultra verify`: the stage, signals, and where the report goes."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Final, TypeVar

import orjson
import typer

from ultra import __version__
from ultra.cli._verify_view import VerifyView
from ultra.cli.output import print_table
from ultra.config import make_secrets
from ultra.domain.errors import Unavailable
from ultra.readiness import Administrator, CannotRehearse, Report, Stage, Step, UnknownStep, choose, every_step, run
from ultra.readiness.deployment import visit
from ultra.readiness.page import page
from ultra.readiness.purse import Purse
from ultra.system import System

Result = TypeVar("Result")

_GUARDING: Final = ("ULTRA_SIGNING_KEYS", "ULTRA_CSRF_KEY", "ULTRA_KEY_PEPPER")
_VENDORS: Final = ("openai", "anthropic", "gemini")
_STDOUT: Final = Path("-")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for: `url` None is a rehearsal, `cap` is what real providers may be paid, None asks none."""

    url: str | None
    origin: str | None
    ca_file: Path | None
    only: Sequence[str]
    cap: Decimal | None
    json: Path
    html: Path


def list_steps() -> int:
    """Print every step with what it needs."""
    rows = [(step.name, step.title, ", ".join(sorted(step.needs)) or "–") for step in every_step()]
    print_table(("Id", "Check", "Needs"), rows)
    return 0


def verified(wish: Wish) -> int:
    """Run what is wished for, write the reports, and return the exit code; raises `Unavailable`."""
    try:
        steps = choose(wish.only)
    except UnknownStep as error:
        raise typer.BadParameter(str(error)) from None
    view = VerifyView(is_quiet=not sys.stderr.isatty() and wish.json == _STDOUT)
    administrator = None if wish.url is None else _administrator()
    try:
        report = asyncio.run(_until_told(_reported(wish, steps, administrator, view)))
    except asyncio.CancelledError:
        raise KeyboardInterrupt from None
    except CannotRehearse as error:
        raise Unavailable(f"The rehearsal could not be set up. {error}") from error
    _write(report, wish)
    if wish.json != _STDOUT:
        view.show(report)
        view.say(f"Report: {wish.html} and {wish.json}")
    return report.exit_code


async def _reported(wish: Wish, steps: Sequence[Step], administrator: Administrator | None, view: VerifyView) -> Report:
    system = System()
    started_at, begun = system.now(), system.monotonic()
    async with _stage(wish, administrator, system, view) as stage:
        view.say(f"Looking at {stage.line.url}")
        outcomes = await run(steps, stage, tell=view.tell)
        version = await stage.version()
    return Report(
        kind=stage.kind,
        server=stage.line.url,
        version=version or __version__,
        started_at=started_at,
        seconds=system.monotonic() - begun,
        outcomes=outcomes,
        spent_usd=None if stage.purse is None else f"{stage.purse.spent:.6f}",
    )


@asynccontextmanager
async def _stage(
    wish: Wish, administrator: Administrator | None, system: System, view: VerifyView
) -> AsyncIterator[Stage]:
    purse = None if wish.cap is None else Purse(wish.cap)
    if wish.url is not None:
        yield await visit(
            wish.url, origin=wish.origin, ca_file=wish.ca_file, administrator=administrator, purse=purse, system=system
        )
        return
    async with _rehearsal(purse, system, view) as stage:
        yield stage


@asynccontextmanager
async def _rehearsal(purse: Purse | None, system: System, view: VerifyView) -> AsyncIterator[Stage]:
    try:
        from ultra.readiness.rehearsal import Rehearsal, rehearse
    except ModuleNotFoundError as error:
        raise CannotRehearse(f"It needs {error.name}: run scripts/install.sh test, then try again.") from None
    view.say("Starting PostgreSQL, Valkey, providers and two workers in a temporary folder ...")
    plan = Rehearsal(
        secrets=make_secrets(_GUARDING, system=system),
        environ=os.environ,
        system=system,
        live_keys={} if purse is None else _live_keys(),
        purse=purse,
    )
    async with rehearse(plan) as stage:
        yield stage
        view.say("Taking everything down ...")


def _administrator() -> Administrator | None:
    """Return who is to be asked as, from the environment or a terminal; never from arguments."""
    name, password = os.environ.get("VERIFY_ADMIN"), os.environ.get("VERIFY_PASSWORD")
    if sys.stdin.isatty():
        name = name or typer.prompt("Administrator", default="", show_default=False, err=True)
        password = password or (typer.prompt("Password", hide_input=True, err=True) if name else None)
    return Administrator(name, password) if name and password else None


def _live_keys() -> dict[str, str]:
    """Return the real keys that the environment holds, by vendor."""
    keys = {vendor: os.environ.get(f"{vendor.upper()}_API_KEY", "").strip() for vendor in _VENDORS}
    return {vendor: key for vendor, key in keys.items() if key}


async def _until_told(work: Awaitable[Result]) -> Result:
    """Do the work; a signal to stop cancels it once, and what it has started is ended before this returns."""
    task = asyncio.ensure_future(work)
    loop, told = asyncio.get_running_loop(), asyncio.Event()

    def stop() -> None:
        if not told.is_set():
            told.set()
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, stop)
    return await task


def _write(report: Report, wish: Wish) -> None:
    document = orjson.dumps(report.as_json(), option=orjson.OPT_INDENT_2).decode() + "\n"
    if wish.json == _STDOUT:
        sys.stdout.write(document)
    try:
        for path, text in ((wish.json, document), (wish.html, page(report))):
            if path != _STDOUT:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise Unavailable(f"The report cannot be written: {error.filename}: {error.strerror}.") from error
