"""What a run would ask first, before it is begun: so that somebody can say whether it can be paid at all."""

from ultra.analysis.flow import Flow, Plan
from ultra.analysis.imagining import Imagining
from ultra.analysis.panel import request_of
from ultra.analysis.spending import Account, fit
from ultra.domain.analysis import Ask, Note, Run
from ultra.domain.chat import ChatRequest


class FirstRounds(Imagining):
    """Imagines the first round of a run, exactly as it would be asked. Asks nobody and writes nothing."""

    def of(self, run: Run) -> tuple[ChatRequest, ...]:
        """Return the requests of the first round; none where the run's own budget does not reach for them.

        Raises `NotFound` for an unknown pattern, `KeyError` for an unknown flow.
        """
        asked = _first(*self._planned(run))
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
