"""The built house, and the only place where its parts meet."""

from collections.abc import AsyncIterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass

from ultra import analysis, gateway, inventory, patterns, providers, store, work
from ultra.config import Loaded, Settings
from ultra.domain.patterns import Patterns
from ultra.domain.ports import Catalogue, Completions, Executor, Journal, Provider, Runs
from ultra.mock.server import serve as serve_mock
from ultra.system import System


@dataclass(frozen=True, slots=True)
class Bench:
    """Where runs are kept and who works on them: one on disk, one in memory for runs that must leave no trace."""

    runs: Runs
    journal: Journal
    executor: Executor


@dataclass(frozen=True, slots=True)
class Services:
    """Everything that entrances and desks use, built once per process."""

    settings: Settings
    system: System
    database: store.Database
    catalogue: Catalogue
    completions: Completions
    patterns: Patterns
    flows: Mapping[str, str]
    """Every flow with its one-line summary."""
    kept: Bench
    fleeting: Bench
