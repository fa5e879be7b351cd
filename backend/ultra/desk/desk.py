"""The desk as entrances find it: one place for completions, one for runs."""

from dataclasses import dataclass

from ultra.desk.accounts import AccountDesk
from ultra.desk.completions import CompletionDesk
from ultra.desk.ensembles import Ensembles
from ultra.desk.keys import KeyDesk
from ultra.desk.runs import RunBounds, RunDesk
from ultra.desk.throttle import Throttle
from ultra.services import Services


@dataclass(frozen=True, slots=True)
class Desk:
    """What a person may do."""

    completions: CompletionDesk
    runs: RunDesk
    accounts: AccountDesk
    keys: KeyDesk


def set_up(services: Services) -> Desk:
    """Set the desk up in a built house."""
    settings = services.settings
    runs = RunDesk(
        kept=services.kept,
        fleeting=services.fleeting,
        catalogue=services.catalogue,
        means=services.means,
        patterns=services.patterns,
        flows=tuple(services.flows),
        bounds=RunBounds(
            panel_size=settings.run_panel_size,
            deadline_s=settings.run_deadline_s,
            budget_usd=settings.run_budget_usd,
            max_deadline_s=settings.run_max_deadline_s,
        ),
        observer=services.instruments.observer,
        system=services.system,
    )
    completions = CompletionDesk(
        completions=services.completions,
        ensembles=Ensembles(runs=runs),
        catalogue=services.catalogue,
        system=services.system,
        deadline_s=settings.request_timeout_s,
    )
    access = services.access
    throttle = Throttle(
        limiter=access.limiter, policy=access.limits, observer=services.instruments.observer, system=services.system
    )
    return Desk(
        completions=completions,
        runs=runs,
        accounts=AccountDesk(access, throttle),
        keys=KeyDesk(access, services.system),
    )
