"""Runs: begun, followed, ended, looked up. What the caller does not own does not exist."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from typing import Any

from ultra.auth.sign_in import Source
from ultra.desk.reach import refuse_others
from ultra.desk.results import result
from ultra.domain.analysis import FINAL, Earlier, JournalEvent, Question, Run, RunOptions, RunStatus
from ultra.domain.errors import Conflict, InvalidRequest, NotFound, NotTheirs
from ultra.domain.identity import Principal
from ultra.domain.limits import Means
from ultra.domain.observations import JournalRead
from ultra.domain.patterns import Lens, Patterns
from ultra.domain.ports import Catalogue, Journal, Observer, RunPage
from ultra.services import Bench
from ultra.system import System

_LAST_EVENTS = frozenset({"run.done", "run.failed", "run.cancelled"})
_PAGE = 1000
"""Events read at a time; fewer mean that there are no more at the moment."""


@dataclass(frozen=True, slots=True)
class RunBounds:
    """What a run is where its caller says nothing, and what it may be at most."""

    panel_size: int
    deadline_s: float
    budget_usd: Decimal | None
    max_deadline_s: float
    max_panel: int = 16


class RunDesk:
    """What callers may do with runs."""

    def __init__(
        self,
        *,
        kept: Bench,
        fleeting: Bench,
        catalogue: Catalogue,
        means: Means,
        patterns: Patterns,
        flows: Sequence[str],
        bounds: RunBounds,
        observer: Observer,
        system: System,
    ) -> None:
        self._kept = kept
        self._fleeting = fleeting
        self._catalogue = catalogue
        self._means = means
        self._patterns = patterns
        self._flows = tuple(flows)
        self._bounds = bounds
        self._observer = observer
        self._system = system

    def pattern(self, name: str) -> Lens:
        """Return a pattern; raises `NotFound`, which names the nearest ones."""
        return self._patterns.get(name)

    def options(
        self,
        *,
        pattern: str = "consensus",
        flow: str | None = None,
        models: Sequence[str] = (),
        budget_usd: Decimal | None = None,
        deadline_s: float | None = None,
        store: bool = True,
    ) -> RunOptions:
        """Fill in what the caller did not say."""
        return RunOptions(
            pattern=pattern,
            flow=flow,
            models=tuple(models),
            budget_usd=self._bounds.budget_usd if budget_usd is None else budget_usd,
            strict_budget=budget_usd is not None,
            deadline_s=self._bounds.deadline_s if deadline_s is None else deadline_s,
            store=store,
        )

    async def begin(
        self,
        principal: Principal,
        question: Question,
        options: RunOptions,
        *,
        request_id: str,
        follow_up_to: str | None = None,
    ) -> Run:
        """Check everything, keep the run and set it going; returns it as queued. Nothing is spent on a bad request.

        Also raises `QuotaExhausted` for a run whose first round cannot be paid, and `RateLimited` for one more than the
        caller may have at once; nothing of it is kept then.
        """
        if not question.prompt.strip():
            raise InvalidRequest("The prompt is empty.", param="prompt", hint="Send the question as `prompt`.")
        panel = self._panel(principal, options)
        options = replace(options, store=options.store and principal.stores)
        if follow_up_to is not None:
            question = replace(question, earlier=await self._earlier(principal, follow_up_to))
        run = Run(
            id=self._system.new_id("run"),
            owner=principal.id,
            question=question,
            options=options,
            panel=panel,
            status="queued",
            created_at=self._system.now(),
            follow_up_to=follow_up_to,
            request_id=request_id,
            credential_id=principal.credential_id,
        )
        await self._means.refuse_unpayable(run)
        bench = self._kept if options.store else self._fleeting
        await bench.places.take(principal, run)
        try:
            await bench.executor.submit(run)
        except BaseException:
            await bench.places.give_back(run.id)
            raise
        return run

    def _panel(self, principal: Principal, options: RunOptions) -> tuple[str, ...]:
        lens = self.pattern(options.pattern)
        if options.flow is not None and options.flow not in self._flows:
            raise InvalidRequest(
                f"There is no flow {options.flow!r}.", param="flow", hint=f"Flows: {', '.join(self._flows)}."
            )
        if options.budget_usd is not None and options.budget_usd <= 0:
            raise InvalidRequest("The budget must be above zero.", param="budget_usd")
        if not 0 < options.deadline_s <= self._bounds.max_deadline_s:
            raise InvalidRequest(
                f"The deadline must lie between 0 and {self._bounds.max_deadline_s:g} s.", param="deadline_s"
            )
        if len(options.models) > self._bounds.max_panel:
            raise InvalidRequest(f"A panel has at most {self._bounds.max_panel} models.", param="models")
        size = max(self._bounds.panel_size, lens.minimum_panel)
        panel = self._catalogue.panel(self._wanted(principal, options), size=size)
        if f"ultra/{options.pattern}" not in (principal.models or ()):
            for model in panel:
                refuse_others(principal, model.id, [model])
        unpriced = [model.id for model in panel if model.price is None]
        if options.strict_budget and unpriced:
            raise InvalidRequest(
                f"The budget cannot be kept: nobody knows the price of {', '.join(unpriced)}.",
                param="budget_usd",
                hint='Leave budget_usd out, or give the price in ultra.toml: [prices."provider/model"].',
            )
        return tuple(model.id for model in panel)

    def _wanted(self, principal: Principal, options: RunOptions) -> Sequence[str]:
        """Return whom to ask by name: a key that reaches a few models only makes its panel of those."""
        if options.models or principal.models is None or f"ultra/{options.pattern}" in principal.models:
            return options.models
        return [name for name in principal.models if not name.startswith("ultra/")]

    async def _earlier(self, principal: Principal, run_id: str) -> Earlier:
        run = await self.get(principal, run_id)
        if run.verdict is None or run.status in ("failed", "cancelled"):
            raise Conflict(
                f"The run to follow up on is {run.status} and has no verdict.", hint="Follow up on a finished run."
            )
        return Earlier(run_id=run.id, prompt=run.question.prompt, verdict=run.verdict.text)

    async def get(self, principal: Principal, run_id: str) -> Run:
        """Return a run of this caller; raises `NotFound`."""
        _, run = await self._find(principal, run_id)
        return run

    async def result(self, principal: Principal, run_id: str) -> dict[str, Any]:
        """Return a run with its answers as plain JSON."""
        bench, run = await self._find(principal, run_id)
        return result(run, [event async for event in _read_all(bench.journal, run_id)])

    async def page(
        self,
        principal: Principal,
        *,
        limit: int,
        cursor: str | None = None,
        status: RunStatus | None = None,
        search: str | None = None,
    ) -> RunPage:
        """History, newest first. Runs asked for with `store: false` are not in it."""
        return await self._kept.runs.page(owner=principal.id, limit=limit, cursor=cursor, status=status, search=search)

    async def delete(self, principal: Principal, run_id: str, *, source: Source) -> None:
        """Remove a finished run; raises `NotFound`, or `Conflict` while it works."""
        bench, _ = await self._find(principal, run_id)
        entry = replace(source.entry("run.delete", actor=principal.id, target=run_id), credential=principal.credential)
        if not await bench.runs.delete(run_id, entry, owner=principal.id):
            raise _missing(run_id)

    async def cancel(self, principal: Principal, run_id: str) -> Run:
        """Stop a run; returns it as it stands. Raises `Conflict` when it has ended."""
        bench, run = await self._find(principal, run_id)
        if run.status in FINAL or not await bench.executor.cancel(run_id, owner=principal.id):
            raise Conflict(f"The run has ended: {(await self.get(principal, run_id)).status}.")
        return await self.get(principal, run_id)

    async def follow(
        self, principal: Principal, run_id: str, *, after: int = 0, patience: float = 5.0
    ) -> AsyncIterator[JournalEvent]:
        """Yield the run's events with `seq > after` as they are written, to the last one; ends with the run."""
        bench, run = await self._find(principal, run_id)
        ended = run.status in FINAL
        is_waiting = False
        while True:
            # The status is read first: an end seen here is certain to be in the journal that is read next. While events
            # come it need not be read: the one that ends a run is among them.
            is_silent = True
            async for event in _read_all(bench.journal, run_id, after=after):
                if is_waiting and is_silent:
                    self._observer.notice(_lag(event, self._system.now()))
                is_silent = False
                after = event.seq
                yield event
                if event.type in _LAST_EVENTS:
                    return
            if ended:
                return
            await bench.journal.wait(run_id, after=after, patience=patience)
            is_waiting = True
            ended = is_silent and (await self.get(principal, run_id)).status in FINAL

    async def ended(self, principal: Principal, run_id: str) -> Run:
        """Wait for a run's end and return it."""
        async for _ in self.follow(principal, run_id):
            continue
        return await self.get(principal, run_id)

    async def _find(self, principal: Principal, run_id: str) -> tuple[Bench, Run]:
        for bench in (self._kept, self._fleeting):
            run = await bench.runs.get(run_id, owner=principal.id)
            if run is not None:
                return bench, run
        raise await self._refusal(run_id)

    async def _refusal(self, run_id: str) -> NotFound:
        """Return the same words, after the same look, for a run of somebody else and for one that nobody has."""
        found = [await bench.runs.get(run_id, owner=None) for bench in (self._kept, self._fleeting)]
        error = _missing(run_id)
        return NotTheirs(error.message, target=run_id, hint=error.hint) if any(found) else error


async def _read_all(journal: Journal, run_id: str, *, after: int = 0) -> AsyncIterator[JournalEvent]:
    while True:
        events = await journal.read(run_id, after=after, limit=_PAGE)
        for event in events:
            yield event
        if len(events) < _PAGE:
            return
        after = events[-1].seq


def _lag(event: JournalEvent, now: datetime) -> JournalRead:
    """Return how late the first of the new events is; clocks of two machines may differ, and nothing is early."""
    return JournalRead(now, max((now - event.at).total_seconds(), 0.0))


def _missing(run_id: str) -> NotFound:
    return NotFound(f"There is no run {run_id!r}.", hint="Runs are listed at /api/analyses.")
