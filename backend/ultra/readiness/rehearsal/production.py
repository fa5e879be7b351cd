"""Builds a production on this machine, hands it over as a stage, and takes it down, whatever happens."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ultra.readiness.asking import Line
from ultra.readiness.purse import Purse
from ultra.readiness.rehearsal.bench import DATABASE, Bench
from ultra.readiness.rehearsal.certificates import make_certificates
from ultra.readiness.rehearsal.folder import rehearsal_folder
from ultra.readiness.rehearsal.house import PROGRAM, House
from ultra.readiness.rehearsal.postgres import Postgres
from ultra.readiness.rehearsal.settings import MODELS, ORIGIN, VENDORS, production_settings, ultra_toml
from ultra.readiness.rehearsal.upstream import Upstream
from ultra.readiness.rehearsal.valkey import Valkey
from ultra.readiness.stage import Administrator, Stage
from ultra.readiness.workshop import CannotRehearse
from ultra.system import System

_PASSED_ON: Final = ("PATH", "LANG", "LC_ALL", "LD_LIBRARY_PATH", "TMPDIR", "PYTHONPATH")
"""What the rehearsal's processes get of the environment: no setting, no key and no proxy of this machine."""
_ADMIN: Final = "rehearsal"


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What a rehearsal is made from.

    `secrets` are values for the guarding settings by name, as Ultra's own generation makes them. `live_keys` are real
    keys by vendor, `purse` what they may spend. `program` is what serves, `more` are variables for it.
    """

    secrets: Mapping[str, str] = field(repr=False)
    environ: Mapping[str, str] = field(repr=False)
    system: System
    live_keys: Mapping[str, str] = field(default_factory=dict, repr=False)
    purse: Purse | None = None
    program: Sequence[str] = PROGRAM
    more: Mapping[str, str] = field(default_factory=dict)
    own_toml: str = ""


@asynccontextmanager
async def rehearse(plan: Rehearsal) -> AsyncIterator[Stage]:
    """Run a production until the block is left; raises `CannotRehearse` when a part does not start."""
    with rehearsal_folder(plan.system) as folder:
        async with AsyncExitStack() as stack:
            canaries = _canaries(plan.system)
            bench = await _built(plan, folder, canaries, stack)
            await bench.new_database(DATABASE)
            await _done(bench, "db", "upgrade")
            await _done(bench, "users", "create", _ADMIN, "--admin", "--password-stdin", said=canaries["admin"])
            stack.push_async_callback(bench.house.end)
            await bench.serve()
            yield Stage(
                line=Line(bench.house.address, plan.system, known=_known(plan, canaries)),
                origin=ORIGIN,
                administrator=Administrator(_ADMIN, canaries["admin"]),
                models=tuple(f"acme/{model}" for model in MODELS),
                vendors=tuple(name for name in VENDORS if name not in plan.live_keys),
                workshop=bench,
                purse=plan.purse,
                kind="rehearsal",
            )


async def _built(plan: Rehearsal, folder: Path, canaries: Mapping[str, str], stack: AsyncExitStack) -> Bench:
    """Start everything that Ultra depends on, at the same time, and furnish its folder."""
    variables = {name: plan.environ[name] for name in _PASSED_ON if name in plan.environ} | {"HOME": str(folder)}
    certificates = make_certificates(folder, now=plan.system.now())
    postgres = Postgres(folder, password=canaries["database"], variables=variables)
    valkey = Valkey(folder, password=canaries["counters"], variables=variables)
    acme, vendors = (
        Upstream(folder, name, certificates=certificates, models=MODELS, variables=variables, system=plan.system)
        for name in ("acme", "vendors")
    )
    for each in (postgres, valkey, acme, vendors):
        stack.push_async_callback(each.stop)
    await _at_once(postgres.make(), valkey.start(), acme.start(), vendors.start())
    path = f"{postgres.programs}:{variables.get('PATH', '')}"
    (folder / "ultra").mkdir(mode=0o700)
    house = House(folder / "ultra", variables={**variables, "PATH": path, **plan.more}, program=plan.program)
    settings = production_settings(
        secrets=plan.secrets,
        database_url=postgres.url(DATABASE),
        redis_url=valkey.url,
        vendors_at=vendors.address,
        ca_file=certificates[0],
        own_keys=canaries,
        live_keys=plan.live_keys,
    )
    house.furnish(settings, ultra_toml(acme_at=acme.address, live=tuple(plan.live_keys), own=plan.own_toml))
    return Bench(folder, house, postgres, valkey, acme, vendors)


async def _done(bench: Bench, *words: str, said: str = "") -> None:
    """Run a command of Ultra's as an operator does before the first start; raises `CannotRehearse`."""
    finished = await bench.command(*words, said=said)
    if finished.code:
        raise CannotRehearse(f"`ultra {' '.join(words)}` ended with {finished.code}: {finished.err.strip()[-1500:]}")


async def _at_once(*starts: Coroutine[Any, Any, None]) -> None:
    """Start several things; the first failure is raised as it is, when all others have ended."""
    try:
        async with asyncio.TaskGroup() as group:
            for each in starts:
                group.create_task(each)
    except ExceptionGroup as several:
        raise several.exceptions[0] from None


def _canaries(system: System) -> dict[str, str]:
    """Return a fresh value for every secret that is not Ultra's own; each can be recognised wherever it turns up."""
    names = ("database", "counters", "admin", *VENDORS, "acme")
    return {name: f"Cnry7{system.token()}" for name in names}


def _known(plan: Rehearsal, canaries: Mapping[str, str]) -> dict[str, str]:
    """Return every secret by a name that may be said aloud."""
    parts = {name: value.rpartition(":")[2] for name, value in plan.secrets.items()}
    live = {f"the real key for {name}": key for name, key in plan.live_keys.items()}
    titles = {"database": "the database's password", "counters": "Valkey's password", "admin": "the admin's password"}
    return parts | live | {titles.get(name, f"the key for {name}"): value for name, value in canaries.items()}
