"""Reaches what a configuration leads to, all at once, each within its own deadline; nothing is changed or paid for."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Final

from ultra.checks.asked import Asked, providers
from ultra.checks.case import Case
from ultra.config import Loaded, MaskedUrl
from ultra.domain.errors import Conflict, UltraError, UpstreamRefusedKey
from ultra.domain.ports import Provider
from ultra.limits.connections import Connections
from ultra.services.providers import provider_sources
from ultra.store import migrating
from ultra.store.database import Database, open_database
from ultra.store.pulse import feel_pulse
from ultra.store.stamp import read_stamp
from ultra.system import System

PATIENCE_S: Final = 5.0
"""How long each of them may take, connecting included."""

_MEANINGS: Final[Mapping[str, str]] = {
    "password": "does not accept the account or its password",
    "does not exist": "has no such database or account",
    "too many": "has no connection left",
    "pg_hba": "lets nobody in from here with this account and encryption",
    "certificate": "shows a certificate that is not trusted",
    "ssl": "and Ultra do not agree on TLS",
    "refused": "is not there: nobody listens at its address",
    "resolve": "has a host name that nobody here knows",
    "not known": "has a host name that nobody here knows",
    "authentic": "does not accept the account or its password",
    "noauth": "wants a password",
    "wrongpass": "does not accept the account or its password",
}
"""What a driver's words mean. They are only searched, never shown: they may hold the address and what stands in it."""


@dataclass(frozen=True, slots=True)
class DatabaseSeen:
    """What the database said. `failure` says why it could not be reached, `conflict` why its tables do not fit.

    `ahead_s` is how far its clock is ahead of this machine's; None for a file.
    """

    failure: str | None = None
    pending: tuple[str, ...] = ()
    is_empty: bool = False
    conflict: str | None = None
    stamp: str | None = None
    ahead_s: float | None = None


@dataclass(frozen=True, slots=True)
class CounterSeen:
    """What Valkey or Redis said: why it could not be reached, or how far its clock is ahead of this machine's."""

    failure: str | None = None
    ahead_s: float | None = None


@dataclass(frozen=True, slots=True)
class ProviderSeen:
    """What a provider said when it was asked for its models: their names, or why it did not tell."""

    asked: Asked
    failure: str | None = None
    refuses_key: bool = False
    models: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class Reached:
    """Everything that was reached; what there is no address for is absent."""

    database: DatabaseSeen | None = None
    counter: CounterSeen | None = None
    providers: tuple[ProviderSeen, ...] = ()


async def reach(case: Case, *, patience_s: float = PATIENCE_S) -> Reached:
    """Reach everything that `case` names on purpose: mocks are not started, and a missing SQLite file is not made."""
    database, counter, served = await asyncio.gather(
        _database(case, patience_s), _counter(case, patience_s), _providers(case, patience_s)
    )
    return Reached(database, counter, served)


async def _database(case: Case, patience_s: float) -> DatabaseSeen | None:
    url = case.settings.database_url
    if _is_missing_file(url):
        return None
    try:
        async with asyncio.timeout(patience_s):
            async with open_database(url=url.reveal(), system=case.system, pool_size=1) as database:
                return await _looked(database, case.system)
    except (UltraError, TimeoutError) as error:
        return DatabaseSeen(failure=_reason(error, patience_s))


def _is_missing_file(url: MaskedUrl) -> bool:
    return url.scheme == "sqlite" and not Path(url.reveal().partition(":///")[2]).is_file()


async def _looked(database: Database, system: System) -> DatabaseSeen:
    before = system.now()
    pulse = await feel_pulse(database)
    ahead_s = None if pulse.at is None else _ahead_s(pulse.at, before, system.now())
    try:
        pending = await migrating.pending(database)
    except Conflict as conflict:
        return DatabaseSeen(conflict=f"{conflict.message} {conflict.hint or ''}".strip(), ahead_s=ahead_s)
    is_empty = await migrating.current(database) is None
    stamp = None if is_empty else await read_stamp(database)
    return DatabaseSeen(pending=pending, is_empty=is_empty, stamp=stamp, ahead_s=ahead_s)


async def _counter(case: Case, patience_s: float) -> CounterSeen | None:
    url = case.settings.redis_url
    if url is None:
        return None
    connections = Connections(url=url.reveal(), timeout_s=patience_s, most=1)
    try:
        before = case.system.now()
        seconds, microseconds = await connections.ask("TIME")
        at = datetime.fromtimestamp(int(seconds) + int(microseconds) / 1e6, tz=before.tzinfo)
        return CounterSeen(ahead_s=_ahead_s(at, before, case.system.now()))
    except UltraError as error:
        return CounterSeen(failure=_reason(error, patience_s))
    finally:
        await connections.aclose()


async def _providers(case: Case, patience_s: float) -> tuple[ProviderSeen, ...]:
    asked = {each.name: each for each in providers(case) if each.is_usable and not each.is_mock}
    if not asked:
        return ()
    # Nothing is started here, so no mock either; whoever would be asked there is not in `asked`.
    settings = case.settings.model_copy(update={"mock_servers": False})
    loaded: Loaded = replace(case.loaded, settings=settings)
    try:
        async with provider_sources(loaded, system=case.system, serves=False) as sources:
            wanted = [source.provider for source in sources if source.name in asked]
            looks = (_provider(asked[each.name], each, patience_s) for each in wanted)
            return tuple(await asyncio.gather(*looks))
    except OSError:  # the file of authorities; U036 says it at length
        sentence = "cannot be asked: the certificate authorities cannot be read"
        return tuple(ProviderSeen(each, failure=sentence) for each in asked.values())


async def _provider(asked: Asked, provider: Provider, patience_s: float) -> ProviderSeen:
    try:
        async with asyncio.timeout(patience_s):
            listed = await provider.list_models()
    except UpstreamRefusedKey as error:
        return ProviderSeen(asked, failure=error.message, refuses_key=True)
    except UltraError as error:
        return ProviderSeen(asked, failure=error.message)
    except TimeoutError:
        return ProviderSeen(asked, failure=f"{asked.name} does not answer within {patience_s:g} s.")
    return ProviderSeen(asked, models=frozenset(each.name for each in listed))


def _ahead_s(at: datetime, before: datetime, after: datetime) -> float:
    """Return how far a clock that was read between two moments of ours is ahead of them."""
    return (at - before - (after - before) / 2).total_seconds()


def _reason(error: BaseException, patience_s: float) -> str:
    """Say why something cannot be reached, without a word of whoever said it."""
    told = ""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, TimeoutError) or getattr(cause, "code", None) == "TimeoutError":
            return f"does not answer within {patience_s:g} s"
        told += f" {type(cause).__name__} {cause}".lower()
        cause = cause.__cause__
    return next((meaning for words, meaning in _MEANINGS.items() if words in told), "cannot be reached")
