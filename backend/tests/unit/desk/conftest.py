"""A desk for runs in memory, whose runs go as a test says."""

from dataclasses import dataclass
from decimal import Decimal

import pytest

from tests.fakes.catalogue import FakeCatalogue, model
from tests.fakes.executor import FakeExecutor
from tests.fakes.journal import FakeJournal
from tests.fakes.means import FakeMeans
from tests.fakes.observer import FakeObserver
from tests.fakes.patterns import FakeLens, FakePatterns
from tests.fakes.run_places import FakeRunPlaces
from tests.fakes.runs import FakeRuns
from tests.fakes.system import FakeSystem
from ultra.desk.runs import RunBounds, RunDesk
from ultra.services import Bench

BOUNDS = RunBounds(panel_size=2, deadline_s=60, budget_usd=Decimal("0.50"), max_deadline_s=900, max_panel=3)


@dataclass(frozen=True, slots=True)
class Office:
    """The desk, and everything behind it."""

    desk: RunDesk
    executor: FakeExecutor
    """Of the runs that are kept."""
    fleeting: FakeExecutor
    """Of those that leave no trace."""
    catalogue: FakeCatalogue
    system: FakeSystem
    observer: FakeObserver
    means: FakeMeans
    kept_places: FakeRunPlaces


@pytest.fixture
def office() -> Office:
    """Set up a desk with four models and two patterns."""
    system, observer, means = FakeSystem(), FakeObserver(), FakeMeans()
    strengths = {"a/one": 1, "b/two": 2, "c/three": 3, "d/four": 4}
    catalogue = FakeCatalogue(*[model(name, strength=strength) for name, strength in strengths.items()])
    kept, fleeting = _bench(system), _bench(system)
    desk = RunDesk(
        kept=kept,
        fleeting=fleeting,
        catalogue=catalogue,
        means=means,
        patterns=FakePatterns(FakeLens(), FakeLens("systems", minimum_panel=4)),
        flows=("adaptive", "vote"),
        bounds=BOUNDS,
        observer=observer,
        system=system,
    )
    assert isinstance(kept.executor, FakeExecutor)
    assert isinstance(fleeting.executor, FakeExecutor)
    assert isinstance(kept.places, FakeRunPlaces)
    return Office(desk, kept.executor, fleeting.executor, catalogue, system, observer, means, kept.places)


def _bench(system: FakeSystem) -> Bench:
    runs = FakeRuns(system=system)
    journal = FakeJournal(runs=runs, system=system)
    return Bench(
        runs=runs,
        journal=journal,
        executor=FakeExecutor(runs=runs, journal=journal, system=system),
        places=FakeRunPlaces(),
    )
