"""Who sits on the panel under which name, and everything else that is fixed when a run starts."""

import hashlib
from collections.abc import Mapping
from typing import Any

from ultra.analysis.flow import Member, Plan
from ultra.domain.analysis import Run
from ultra.domain.patterns import Lens
from ultra.domain.ports import Catalogue
from ultra.system import System


def begun(run: Run, lens: Lens, *, catalogue: Catalogue, system: System, most_reserves: int) -> Plan:
    """Make the plan of a new run.

    Roles are numbered in an order drawn from the run's own dice over the sorted models, so that neither the caller's
    order nor a name tells who is who; a lens's viewpoints follow the roles. Only a panel that Ultra chose has
    reserves: who names models wants no others asked.
    """
    dice = system.dice(run.id)
    drawn = sorted(run.panel)
    dice.shuffle(drawn)
    numbers = {model: number for number, model in enumerate(drawn)}
    members = tuple(_member(model, numbers[model], lens) for model in run.panel)
    reserves: tuple[str, ...] = ()
    if not run.options.models:
        others = [
            each.id for each in catalogue.models()
            if each.usable and each.kind == "upstream" and each.id not in run.panel
        ]  # fmt: skip
        reserves = catalogue.strongest(others)[:most_reserves]
    return _plan(run, lens, members, catalogue.strongest(run.panel), reserves, system)


def resumed(run: Run, lens: Lens, record: Mapping[str, Any], *, system: System) -> Plan:
    """Make the plan again from the data of `run.started`, whatever the catalogue says by now."""
    members = tuple(Member(each["role"], each["model"], each["viewpoint"]) for each in record["panel"])
    return _plan(run, lens, members, tuple(record["synthesisers"]), tuple(record["reserves"]), system)


def _member(model: str, number: int, lens: Lens) -> Member:
    viewpoint = lens.roles[number % len(lens.roles)] if lens.roles else None
    return Member(f"member-{number + 1}", model, viewpoint)


def _plan(
    run: Run,
    lens: Lens,
    members: tuple[Member, ...],
    synthesisers: tuple[str, ...],
    reserves: tuple[str, ...],
    system: System,
) -> Plan:
    return Plan(
        question=run.question,
        lens=lens,
        panel=members,
        synthesisers=synthesisers,
        dice=system.dice(f"{run.id} flow"),
        delimiter=hashlib.sha256(f"{run.id} delimiter".encode()).hexdigest()[:20],
        reserves=reserves,
        options=run.options,
    )
