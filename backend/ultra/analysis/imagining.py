"""What it takes to look at a run that has not begun: nobody is asked and nothing is written."""

from collections.abc import Mapping

from ultra.analysis.flow import Flow, Plan
from ultra.analysis.planning import begun
from ultra.analysis.policy import AnalysisPolicy
from ultra.domain.analysis import Run
from ultra.domain.patterns import Patterns
from ultra.domain.ports import Catalogue
from ultra.system import System


class Imagining:
    """Knows how a run would be planned."""

    def __init__(
        self,
        *,
        catalogue: Catalogue,
        patterns: Patterns,
        flows: Mapping[str, type[Flow]],
        system: System,
        policy: AnalysisPolicy,
    ) -> None:
        self._catalogue = catalogue
        self._patterns = patterns
        self._flows = flows
        self._system = system
        self._policy = policy

    def _planned(self, run: Run) -> tuple[Flow, Plan]:
        """Return a run's flow and plan. Raises `NotFound` for an unknown pattern, `KeyError` for an unknown flow."""
        lens = self._patterns.get(run.options.pattern)
        plan = begun(
            run, lens, catalogue=self._catalogue, system=self._system, most_reserves=self._policy.most_reserves
        )
        return self._flows[run.options.flow or lens.default_flow](), plan
