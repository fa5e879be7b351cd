"""A world in which runs are conducted: fakes for every promise, on one virtual clock."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from tests.fakes.catalogue import FakeCatalogue, model
from tests.fakes.completions import FakeCompletions, Said, Script
from tests.fakes.journal import FakeJournal
from tests.fakes.observer import FakeObserver
from tests.fakes.patterns import FakeLens, FakePatterns
from tests.fakes.runs import FakeRuns
from tests.fakes.system import FakeSystem
from ultra.analysis import AnalysisPolicy, Analyst, known_flows
from ultra.domain.analysis import JournalEvent, Question, Run, RunOptions
from ultra.domain.pricing import Price

PRICE = Price(input=Decimal(1), output=Decimal(2))
MODELS = ("a/one", "b/two", "c/three")


@dataclass
class World:
    """Everything an analyst is given, and short ways to use it."""

    system: FakeSystem
    completions: FakeCompletions
    catalogue: FakeCatalogue
    patterns: FakePatterns
    runs: FakeRuns
    journal: FakeJournal
    observer: FakeObserver
    analyst: Analyst

    async def begin(self, question: Question | str = "Why is the sky blue?", **options: Any) -> Run:
        """Keep a new run over the models named (by default three)."""
        panel = options.pop("panel", None) or options.get("models") or MODELS
        asked = Question(question) if isinstance(question, str) else question
        run = Run(
            id=self.system.new_id("run"),
            owner="local",
            question=asked,
            options=RunOptions(**options),
            panel=tuple(panel),
            status="queued",
            created_at=self.system.now(),
        )
        await self.runs.create(run)
        return run

    async def conduct(self, run: Run, worker: str = "worker-1") -> Run:
        """Claim and conduct; return the run as kept afterwards."""
        claimed = await self.runs.claim(run.id, worker=worker, until=self.system.now() + timedelta(hours=1))
        assert claimed is not None
        await self.analyst.conduct(claimed, worker)
        kept = await self.runs.get(run.id, owner=None)
        assert kept is not None
        return kept

    async def done(self, question: Question | str = "Why is the sky blue?", **options: Any) -> Run:
        """Begin a run and conduct it to its end."""
        return await self.conduct(await self.begin(question, **options))

    def events(self, run: Run, *kinds: str) -> list[JournalEvent]:
        """Return the journal of a run, of some types only when named."""
        return [event for event in self.runs.rows[run.id].events if not kinds or event.type in kinds]

    def say(self, model_id: str, said: Script | Said) -> None:
        """Script one model."""
        self.completions.scripts[model_id] = said

    def stages_asked(self) -> list[str | None]:
        """Return the stage of every call made, in order."""
        return [each.call.stage for each in self.completions.asked]


def build(*lenses: FakeLens, models: Sequence[str] = MODELS) -> World:
    """Make a world; the later a model is named, the stronger it is."""
    system = FakeSystem()
    completions = FakeCompletions(system=system, default=lambda request, call: f"{request.model} on {call.stage}")
    catalogue = FakeCatalogue(*(model(name, price=PRICE, strength=rank) for rank, name in enumerate(models)))
    patterns = FakePatterns(*lenses)
    observer = FakeObserver()
    runs = FakeRuns(system=system)
    journal = FakeJournal(runs=runs, system=system)
    analyst = Analyst(
        completions=completions,
        catalogue=catalogue,
        patterns=patterns,
        flows=known_flows(),
        runs=runs,
        journal=journal,
        observer=observer,
        system=system,
        policy=AnalysisPolicy(),
    )
    return World(system, completions, catalogue, patterns, runs, journal, observer, analyst)


@pytest.fixture
def world() -> World:
    """Make a world with three models and the lens `consensus`."""
    return build()
