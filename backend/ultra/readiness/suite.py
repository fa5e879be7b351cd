"""Runs steps: beside one another where they disturb nobody, else one after the other."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import TypeAlias

import ultra.readiness.steps
from ultra.discovery import collect
from ultra.readiness.report import Outcome, Result
from ultra.readiness.stage import Stage
from ultra.readiness.step import Need, NotRun, Step, Unmet

Tell: TypeAlias = Callable[[Outcome], None]
"""Hears each outcome as soon as there is one."""

_AT_ONCE = 4


class UnknownStep(Exception):
    """No step has that id; the sentence names those there are."""


def every_step() -> tuple[Step, ...]:
    """Return all steps, in the order in which they are reported: by turn, then by id."""
    found = collect(ultra.readiness.steps, Step).values()  # type: ignore[type-abstract]  # only subclasses are collected
    return tuple(sorted((each() for each in found), key=lambda step: (step.turn, step.name)))


def choose(ids: Sequence[str]) -> tuple[Step, ...]:
    """Return the steps with these ids, all for none; raises `UnknownStep`."""
    steps = every_step()
    known = {step.name for step in steps}
    unknown = [each for each in ids if each not in known]
    if unknown:
        raise UnknownStep(f"There is no step {unknown[0]!r}. There are: {', '.join(sorted(known))}.")
    return tuple(step for step in steps if not ids or step.name in ids)


async def run(steps: Sequence[Step], stage: Stage, *, tell: Tell = lambda _: None) -> tuple[Outcome, ...]:
    """Run steps and return their outcomes in the order of the steps; a step's fault never ends the suite."""
    found: dict[str, Outcome] = {}

    async def one(step: Step) -> None:
        found[step.name] = await outcome(step, stage)
        tell(found[step.name])

    try:
        await _together([step for step in steps if not step.turn], one)
        for step in sorted((step for step in steps if step.turn), key=lambda step: step.turn):
            await one(step)
            if stage.workshop is not None:
                with suppress(Unmet):  # what cannot be mended shows in the next step
                    await stage.workshop.mend()
    finally:
        await stage.tidy()
    return tuple(found[step.name] for step in steps)


async def _together(steps: Sequence[Step], one: Callable[[Step], Awaitable[None]]) -> None:
    room = asyncio.Semaphore(_AT_ONCE)

    async def admitted(step: Step) -> None:
        async with room:
            await one(step)

    async with asyncio.TaskGroup() as group:
        for step in steps:
            group.create_task(admitted(step))


async def outcome(step: Step, stage: Stage) -> Outcome:
    """Run one step and return how it went."""
    missing = [need for need in Need if need in step.needs - stage.provides]
    if missing:
        return Outcome(step.name, step.title, "not_run", 0.0, missing[0].sentence)
    begun = stage.system.monotonic()
    result, said = await _tried(step, stage)
    advice = step.advice if result == "failed" else None
    return Outcome(step.name, step.title, result, stage.system.monotonic() - begun, said, advice)


async def _tried(step: Step, stage: Stage) -> tuple[Result, str]:
    try:
        async with asyncio.timeout(step.patience_s):
            return "passed", await step.check(stage)
    except Unmet as error:
        return "failed", str(error)
    except NotRun as error:
        return "not_run", str(error)
    except TimeoutError:
        return "failed", f"It was not done within {step.patience_s:g} s."
    except (KeyError, IndexError, TypeError, ValueError, AttributeError) as error:
        # A reply that lacks what it should hold breaks whoever reads it; that is the server's failure, not a crash.
        return "failed", f"A reply was not as it should be: {type(error).__name__} ({error})."
