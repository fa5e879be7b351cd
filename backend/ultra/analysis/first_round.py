"""What a run would ask first, before it is begun: so that somebody can say whether it can be paid at all."""

from collections.abc import Mapping

from ultra.analysis.flow import Flow, Plan
from ultra.analysis.panel import request_of
from ultra.analysis.planning import begun
from ultra.analysis.policy import AnalysisPolicy
from ultra.analysis.spending import Account, fit
from ultra.domain.analysis import Ask, Note, Run
from ultra.domain.chat import ChatRequest
from ultra.domain.patterns import Patterns
from ultra.domain.ports import Catalogue
from ultra.system import System


class FirstRounds:
    """Imagines the first round of a run, exactly as it would be asked. Asks nobody and writes nothing."""

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

    def of(self, run: Run) -> tuple[ChatRequest, ...]:
        """Return the requests of the first round; none where the run's own budget does not reach for them.

        Raises `NotFound` for an unknown pattern, `KeyError` for an unknown flow.
        """
        lens = self._patterns.get(run.options.pattern)
        plan = begun(
            run, lens, catalogue=self._catalogue, system=self._system, most_reserves=self._policy.most_reserves
        )
        asked = _first(self._flows[run.options.flow or lens.default_flow](), plan)
        if asked is None:
            return ()
        account = Account(run.options.budget_usd, run.options.strict_budget)
        most = run.options.max_output_tokens
        allowance = fit(account, asked.calls, model=self._catalogue.get, output_tokens=most, share=asked.share)
        return () if allowance is None else tuple(request_of(call, allowance.output_tokens) for call in asked.calls)


def _first(flow: Flow, plan: Plan) -> Ask | None:
    generator = flow.run(plan)
    try:
        step = next(generator)
        while isinstance(step, Note):
            step = generator.send(None)
    except StopIteration:
        return None
    finally:
        generator.close()
    return step
