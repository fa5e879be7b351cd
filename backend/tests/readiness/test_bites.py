"""The suite bites: on one production with defects in it, each turns the step red that is there to catch it."""

import asyncio
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import AsyncExitStack
from pathlib import Path

import pytest

from tests.blackbox import switchboard as blackbox
from tests.readiness import switchboard
from ultra.config import make_secrets
from ultra.readiness import Outcome, Stage, choose, run
from ultra.readiness.rehearsal import Rehearsal, rehearse
from ultra.system import System

CAUGHT_BY: Mapping[str, str] = {
    "honours_the_removed_header": "test-mode",
    "describes_itself_to_everybody": "closed-docs",
    "forgets_a_header": "headers",
    "believes_every_page": "csrf",
    "lets_scripts_read_cookies": "sign-in",
    "signs_nobody_out": "sign-in",
    "takes_revoked_keys": "keys",
    "ignores_scopes": "keys",
    "lets_everybody_do_everything": "roles",
    "limits_nobody": "limits",
    "ignores_the_signature": "tokens",
    "takes_the_last_of_two": "errors",
    "calls_every_counter_well": "outage-valkey",
    "calls_every_part_well": "outage-postgresql",
    "saves_half": "backup",
    "logs_credentials": "secrets",
    "drops_streams": "shutdown",
    "leaves_runs_unfinished": "resume",
}
"""Every planted defect with the only step that is run against it."""

BEFORE: Mapping[str, tuple[str, ...]] = {"secrets": ("tokens",)}
"""What has to happen first, so that there is something to find."""

pytestmark = pytest.mark.timeout(300)


class Production:
    """A production with every defect in it, and the switch that turns one on."""

    def __init__(self, runner: asyncio.Runner, stage: Stage, switch: Path) -> None:
        self._runner = runner
        self._stage = stage
        self._switch = switch

    def verify(self, *steps: str, defect: str = "") -> dict[str, Outcome]:
        """Run steps, with a defect or without, and return how each went."""
        self._switch.write_text(defect)
        try:
            found = self._runner.run(run(choose(steps), self._stage))
        finally:
            self._switch.write_text("")
        return {outcome.id: outcome for outcome in found}


@pytest.fixture(scope="module")
def production(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Production]:
    """Rehearse once for all tests of this file."""
    switch = tmp_path_factory.mktemp("switch") / "defect"
    switch.write_text("")
    system = System()
    plan = Rehearsal(
        secrets=make_secrets(("ULTRA_SIGNING_KEYS", "ULTRA_CSRF_KEY", "ULTRA_KEY_PEPPER"), system=system),
        environ={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
        system=system,
        program=(sys.executable, "-m", "tests.readiness.switchboard"),
        more={"TESTS_SWITCHBOARD": str(switch)},
    )
    with asyncio.Runner() as runner:
        stack = AsyncExitStack()
        stage = runner.run(stack.enter_async_context(rehearse(plan)))
        try:
            yield Production(runner, stage, switch)
        finally:
            runner.run(stack.aclose())


def test_every_defect_is_there() -> None:
    """Each name is a planted defect, and each defect that only a whole production can have is caught by a step."""
    assert set(switchboard.DEFECTS) <= set(CAUGHT_BY)
    assert set(CAUGHT_BY) <= set(switchboard.DEFECTS) | set(blackbox.DEFECTS)


def test_without_a_defect_it_is_green(production: Production) -> None:
    """The steps that disturb nobody pass while every defect is switched off."""
    quick = sorted({name for name in CAUGHT_BY.values() if not choose([name])[0].turn})
    found = production.verify(*quick)
    assert {name: outcome.said for name, outcome in found.items() if outcome.result != "passed"} == {}


@pytest.mark.parametrize("defect", CAUGHT_BY)
def test_a_step_bites(production: Production, defect: str) -> None:
    """With a defect the step fails, says what it saw, and says what to do."""
    name = CAUGHT_BY[defect]
    outcome = production.verify(*BEFORE.get(name, ()), name, defect=defect)[name]
    assert outcome.result == "failed", outcome.said
    assert outcome.said
    assert outcome.advice
