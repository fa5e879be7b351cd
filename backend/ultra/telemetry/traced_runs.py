"""Spans around runs and around the rounds in which their models are asked."""

from collections.abc import Sequence

from opentelemetry import context, trace
from opentelemetry.context import Context
from opentelemetry.trace import Span, Tracer, set_span_in_context

from ultra.domain.analysis import JournalEvent, NewEvent, Run
from ultra.domain.ports import Conduct, Journal, Runs
from ultra.telemetry import span_names as names
from ultra.telemetry.traced_calls import blame


class Stages:
    """The stages that are under way, one a run at most.

    A stage becomes the current span of whoever conducts the run: calls made in it become its children.
    """

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._open: dict[str, tuple[Span, Context]] = {}

    def heard(self, run_id: str, event: NewEvent) -> None:
        """Take an event that was just written by whoever conducts the run."""
        if event.type == "stage.started":
            self.end(run_id)
            about = {names.STAGE: event.data["stage"], names.STAGE_CALLS: len(event.data["calls"])}
            span = self._tracer.start_span(f"stage {event.data['stage']}", attributes=about)
            self._open[run_id] = span, context.get_current()
            context.attach(set_span_in_context(span))
        elif event.type == "stage.done" and run_id in self._open:
            counts = {names.STAGE_ANSWERED: event.data["answered"], names.STAGE_FAILED: event.data["failed"]}
            self._open[run_id][0].set_attributes(counts)
            self.end(run_id)

    def end(self, run_id: str) -> None:
        """End the stage that is under way; the run is the current span again."""
        span, around = self._open.pop(run_id, (None, None))
        if span is not None and around is not None:
            span.end()
            context.attach(around)


class TracedJournal:
    """Keeps the promise `Journal` around another, and hears of the stages that are written into it."""

    def __init__(self, inner: Journal, stages: Stages) -> None:
        self._inner = inner
        self._stages = stages

    async def append(self, run_id: str, events: Sequence[NewEvent], *, worker: str) -> tuple[JournalEvent, ...]:
        """Write events."""
        written = await self._inner.append(run_id, events, worker=worker)
        for event in events:
            self._stages.heard(run_id, event)
        return written

    async def read(self, run_id: str, *, after: int = 0, limit: int = 1000) -> tuple[JournalEvent, ...]:
        """Return events with `seq > after`."""
        return await self._inner.read(run_id, after=after, limit=limit)

    async def wait(self, run_id: str, *, after: int, patience: float) -> None:
        """Wait for something newer than `after`."""
        await self._inner.wait(run_id, after=after, patience=patience)


class TracedConduct:
    """Keeps the promise `Conduct` around another: a run on this worker is one trace."""

    def __init__(self, inner: Conduct, tracer: Tracer, stages: Stages, runs: Runs) -> None:
        self._inner = inner
        self._tracer = tracer
        self._stages = stages
        self._runs = runs

    async def __call__(self, run: Run, worker: str) -> None:
        """Carry the run to its end, and say in its span how that was."""
        about = {names.OPERATION: names.INVOKE_WORKFLOW, names.WORKFLOW: run.options.pattern, names.RUN_ID: run.id}
        if run.request_id is not None:
            about[names.REQUEST_ID] = run.request_id
        span = self._tracer.start_span(
            f"{names.INVOKE_WORKFLOW} {run.options.pattern}", context=Context(), attributes=about
        )
        error: BaseException | None = None
        with trace.use_span(span, record_exception=False, set_status_on_exception=False):
            try:
                await self._inner(run, worker)
                ended = await self._runs.get(run.id, owner=None)
                if ended is not None:
                    span.set_attribute(names.RUN_STATUS, ended.status)
            except BaseException as raised:
                error = raised
                raise
            finally:
                self._stages.end(run.id)
                blame(span, error)
                span.end()
