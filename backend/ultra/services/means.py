"""Whether a run can be paid: what its first round would ask, weighed against the budgets of its caller."""

from ultra.analysis import FirstRounds
from ultra.domain.analysis import Run
from ultra.domain.ports import CallContext
from ultra.gateway.budgeting import Budgeted
from ultra.system import System


class RunMeans:
    """Keeps the promise `Means`. A caller without a budget costs nothing but the look."""

    def __init__(self, *, first_rounds: FirstRounds, budgeted: Budgeted, system: System) -> None:
        self._first_rounds = first_rounds
        self._budgeted = budgeted
        self._system = system

    async def refuse_unpayable(self, run: Run) -> None:
        """Raise `QuotaExhausted` when, as things stand, not one call of its first round can be paid."""
        call = CallContext(
            principal=run.owner,
            request_id=run.request_id or run.id,
            deadline=self._system.monotonic() + run.options.deadline_s,
            run_id=run.id,
            fall_back=False,
            credential_id=run.credential_id,
        )
        await self._budgeted.refuse_unpayable(lambda: self._first_rounds.of(run), call)
