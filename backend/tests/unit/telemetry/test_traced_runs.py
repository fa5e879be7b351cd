"""Spans of runs and their stages."""

from datetime import UTC, datetime

import pytest
from opentelemetry import trace
from opentelemetry.trace import Tracer

from tests.fakes.journal import FakeJournal
from tests.fakes.runs import FakeRuns
from tests.fakes.system import FakeSystem
from tests.unit.telemetry.test_traced_calls import Spans, exporter, spans, tracer  # noqa: F401 - the fixtures
from ultra.domain.analysis import NewEvent, Question, Run, RunOptions
from ultra.telemetry import span_names as names
from ultra.telemetry.traced_runs import Stages, TracedConduct, TracedJournal

STARTED = NewEvent("stage.started", {"stage": "answer", "calls": [1, 2]})
DONE = NewEvent("stage.done", {"stage": "answer", "answered": 2, "failed": 0})


class Stage:
    """A run, its journal, and a conduct that writes into it and may break."""

    def __init__(self, tracer: Tracer, *events: NewEvent, error: Exception | None = None) -> None:  # noqa: F811 - given
        self.system = FakeSystem()
        self.runs = FakeRuns(system=self.system)
        stages = Stages(tracer)
        self.journal = TracedJournal(FakeJournal(runs=self.runs, system=self.system), stages)
        self.conduct = TracedConduct(self._conduct, tracer, stages, self.runs)
        self._tracer = tracer
        self._events = events
        self._error = error

    async def carried(self) -> None:
        """Conduct a run."""
        run = Run(
            id="run_1",
            owner="ann",
            question=Question("a secret"),
            options=RunOptions(pattern="consensus"),
            panel=("a/one",),
            status="queued",
            created_at=datetime(2026, 1, 1, tzinfo=UTC),
            request_id="req_1",
        )
        await self.runs.create(run)
        claimed = await self.runs.claim("run_1", worker="w", until=datetime(2027, 1, 1, tzinfo=UTC))
        assert claimed is not None
        await self.conduct(claimed, "w")

    async def _conduct(self, run: Run, worker: str) -> None:
        for event in self._events:
            await self.journal.append(run.id, [event], worker=worker)
            self._tracer.start_span(f"after {event.type}").end()
        if self._error is not None:
            raise self._error


async def test_what_is_done_in_a_stage_is_inside_it(tracer: Tracer, spans: Spans) -> None:  # noqa: F811 - the fixtures
    """Run, stage, and what happens in and after it; the run is a root and says how it ended."""
    await Stage(tracer, STARTED, DONE).carried()
    by_name = {span.name: span for span in spans()}
    run, stage = by_name["invoke_workflow consensus"], by_name["stage answer"]
    assert run.parent is None
    assert dict(run.attributes or {}) == {
        names.OPERATION: "invoke_workflow",
        names.WORKFLOW: "consensus",
        names.RUN_ID: "run_1",
        names.REQUEST_ID: "req_1",
        names.RUN_STATUS: "running",
    }
    assert dict(stage.attributes or {}) == {
        names.STAGE: "answer",
        names.STAGE_CALLS: 2,
        names.STAGE_ANSWERED: 2,
        names.STAGE_FAILED: 0,
    }
    parents = {name: span.parent.span_id for name, span in by_name.items() if span.parent is not None}
    assert parents["stage answer"] == parents["after stage.done"] == run.context.span_id
    assert parents["after stage.started"] == stage.context.span_id


async def test_a_run_that_breaks_ends_its_stage_and_leaves_nothing_behind(
    tracer: Tracer,  # noqa: F811 - the fixture
    spans: Spans,  # noqa: F811 - the fixture
) -> None:
    """Both spans end, the run's says what kind of error it was, and the caller's context is as before."""
    with pytest.raises(OSError, match="secret"):
        await Stage(tracer, STARTED, error=OSError("a secret")).carried()
    assert {span.name for span in spans()} >= {"stage answer", "invoke_workflow consensus"}
    run = next(span for span in spans() if span.name.startswith("invoke"))
    assert dict(run.attributes or {})[names.ERROR_TYPE] == "OSError"
    assert not any("secret" in span.to_json() for span in spans())
    assert not trace.get_current_span().get_span_context().is_valid


async def test_reading_and_waiting_are_the_journals_own(tracer: Tracer) -> None:  # noqa: F811 - the fixture
    """The promise of a journal is kept whole."""
    stage = Stage(tracer, STARTED)
    await stage.carried()
    assert [event.type for event in await stage.journal.read("run_1")] == ["stage.started"]
    await stage.journal.wait("run_1", after=0, patience=1)
