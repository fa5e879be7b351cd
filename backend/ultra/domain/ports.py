"""What rooms promise one another. Each promise has its real keeper in a room and a fake in `tests/fakes`."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal, Protocol, TypeAlias

from ultra.domain.access import AuditEntry
from ultra.domain.analysis import JournalEvent, NewEvent, Run, RunStatus, Verdict
from ultra.domain.chat import ChatRequest, Event, Usage
from ultra.domain.models import ListedModel, Model, ProviderState
from ultra.domain.observations import Observation
from ultra.domain.receipts import Opening

EventStream: TypeAlias = AbstractAsyncContextManager[AsyncIterator[Event]]
"""Open it with `async with`; leaving closes the vendor's connection, whatever the reason."""


@dataclass(frozen=True, slots=True)
class CallContext:
    """On whose behalf a completion is made. `deadline` is absolute, on `System.monotonic()`."""

    principal: str
    request_id: str
    deadline: float
    run_id: str | None = None
    stage: str | None = None
    possible_double_charge: bool = False
    fall_back: bool = True
    """May another candidate of the alias answer instead? A panel says no: it asked that very model."""
    credential_id: str | None = None
    """The session, token family or key it is made with; None for the command line."""


class Provider(Protocol):
    """Who serves models. `request.model` is the provider's own model name here."""

    @property
    def name(self) -> str:
        """`openai`, `anthropic`, `gemini`, or a compatible server's name."""

    def open(self, request: ChatRequest, *, deadline: float) -> EventStream:
        """Ask once: no retry, no fallback. Raises an `UltraError` from entering or from iterating."""

    async def list_models(self) -> tuple[ListedModel, ...]:
        """Return the provider's own live list; free of charge."""


class Completions(Protocol):
    """One completion with routing, retries, breaker and accounts."""

    def open(self, request: ChatRequest, call: CallContext) -> Opening:
        """Ask; `request.model` may be an alias. The stream's `receipt` says who answered and what it cost."""


class Catalogue(Protocol):
    """Which models there are. Answers from memory; never asks a vendor in the request path."""

    def candidates(self, name: str) -> tuple[Model, ...]:
        """Resolve `provider/model` or an alias to models in the order to try; raises `NotFound` with near names.

        Models that are not usable now are included: the gateway says why when none can be asked.
        """

    def get(self, model_id: str) -> Model | None:
        """Look up one model by its id or alias."""

    def models(self) -> tuple[Model, ...]:
        """Every model with its present availability, ensembles included."""

    def providers(self) -> tuple[ProviderState, ...]:
        """Every configured provider."""

    def panel(self, wanted: Sequence[str], *, size: int) -> tuple[Model, ...]:
        """Choose who is asked: the `wanted` names without duplicates, or `size` strong and different ones."""

    def strongest(self, among: Sequence[str]) -> tuple[str, ...]:
        """Order model ids from strongest to weakest: candidates for a synthesis."""


class Observer(Protocol):
    """Hears facts; must be quick and must not raise."""

    def notice(self, observation: Observation) -> None:
        """Take one fact."""


@dataclass(frozen=True, slots=True)
class LedgerEntry:
    """An upstream call about to be made. `reserved_usd` is the worst case, None when the price is unknown."""

    id: str
    at: datetime
    principal: str
    request_id: str
    run_id: str | None
    stage: str | None
    provider: str
    model: str
    attempt: int
    reserved_usd: Decimal | None
    possible_double_charge: bool
    credential_id: str | None = None


@dataclass(frozen=True, slots=True)
class Settlement:
    """How that call ended. `cost_usd` None is unknown, never zero."""

    entry_id: str
    at: datetime
    outcome: Literal["ok", "failed", "cancelled"]
    error_kind: str | None
    upstream_request_id: str | None
    usage: Usage | None
    cost_usd: Decimal | None
    first_token_s: float | None
    total_s: float


class Ledger(Protocol):
    """Money: one row per upstream call. Neither method waits for the disk; rows are written in batches."""

    def reserve(self, entry: LedgerEntry) -> None:
        """Write down that a call is about to be made."""

    def settle(self, settlement: Settlement) -> None:
        """Write down how it ended."""


@dataclass(frozen=True, slots=True)
class RunPage:
    """Newest first; `next` is the cursor for the following page, None at the end."""

    runs: tuple[Run, ...]
    next: str | None


class Runs(Protocol):
    """The store of runs. Everything that takes `owner` sees only that owner's runs; others do not exist."""

    async def create(self, run: Run) -> None:
        """Keep a new run with status `queued`."""

    async def get(self, run_id: str, *, owner: str | None) -> Run | None:
        """Return a run; `owner` None is for workers."""

    async def page(
        self, *, owner: str, limit: int, cursor: str | None, status: RunStatus | None, search: str | None
    ) -> RunPage:
        """History, newest first; `search` looks into the prompt, case-insensitive."""

    async def delete(self, run_id: str, audit: AuditEntry, *, owner: str) -> bool:
        """Remove a finished run with its events and write the entry; False when there is none.

        A running one raises `Conflict`.
        """

    async def request_cancel(self, run_id: str, *, owner: str) -> bool:
        """Ask whoever works on it to stop; False when it does not exist or has ended."""

    async def claim(self, run_id: str | None, *, worker: str, until: datetime) -> Run | None:
        """Take the lease of that run (or, with None, of the oldest unfinished one) if nobody holds a live lease.

        None passes over runs whose option `resumable` is False: only who created one may begin it.
        Sets status `running`, and `started_at` and `deadline_at` the first time. Exactly one of many claimants gets it.
        """

    async def renew(self, run_id: str, *, worker: str, until: datetime) -> bool:
        """Hold the lease longer; returns False when it was lost."""

    async def is_cancelled(self, run_id: str) -> bool:
        """Has somebody asked for it to stop?"""

    async def finish(
        self,
        run_id: str,
        *,
        worker: str,
        status: RunStatus,
        verdict: Verdict | None,
        cost_usd: Decimal | None,
        error_kind: str | None,
        error: str | None,
        event: NewEvent,
    ) -> None:
        """End a run: status, verdict and the last event in one transaction. Raises `LeaseLost`."""

    async def release(self, run_id: str, *, worker: str) -> None:
        """Give the lease back unfinished (shutdown), so that another worker resumes at once."""

    async def sweep(self, *, queued_before: datetime) -> tuple[str, ...]:
        """End, as `failed` with kind `interrupted`, what nobody may resume and nobody works on any more.

        That is every run with `resumable` False that began and whose lease has run out or was given back, or that was
        created before `queued_before` and never began. Returns the ids of those ended.
        """


class LeaseLost(Exception):
    """Another worker owns this run now; whoever sees this stops without writing."""


class Journal(Protocol):
    """The events of runs, in order, append only."""

    async def append(self, run_id: str, events: Sequence[NewEvent], *, worker: str) -> tuple[JournalEvent, ...]:
        """Write events in one transaction; raises `LeaseLost` when `worker` does not hold the lease."""

    async def read(self, run_id: str, *, after: int = 0, limit: int = 1000) -> tuple[JournalEvent, ...]:
        """Return events with `seq > after`, in order."""

    async def wait(self, run_id: str, *, after: int, patience: float) -> None:
        """Return when something newer than `after` may be there, or after `patience` seconds; also across processes."""


Conduct: TypeAlias = Callable[[Run, str], Awaitable[None]]
"""Carry a claimed run to its end under the lease of that worker name."""


@dataclass(frozen=True, slots=True)
class Load:
    """What an executor has to do: runs it conducts, and runs that wait here for room.

    `overdue` leases could not be renewed in time, `lost` ones went to somebody else since the start. One that is not
    working has broken down.
    """

    running: int = 0
    waiting: int = 0
    overdue: int = 0
    lost: int = 0
    is_working: bool = True


class Executor(Protocol):
    """Who runs a run. Acknowledged runs survive a crash: they are found again by their expired lease."""

    @property
    def is_leaving(self) -> bool:
        """Whether `leave` was called."""

    @property
    def load(self) -> Load:
        """How much there is to do here now."""

    async def submit(self, run: Run) -> None:
        """Keep the run and have it conducted soon."""

    async def cancel(self, run_id: str, *, owner: str) -> bool:
        """Stop a run wherever it is conducted; False when it does not exist or has ended."""

    def leave(self) -> None:
        """Take nothing new from now on; the grace of what is under way begins."""
