"""Conducts a run: drives its flow, asks its rounds, writes its journal, and ends it, also where another left off."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import replace

from ultra.analysis import events
from ultra.analysis.conducted import Conducted
from ultra.analysis.flow import Flow, Plan
from ultra.analysis.panel import Panel, Round, missing_calls
from ultra.analysis.planning import begun, resumed
from ultra.analysis.policy import AnalysisPolicy
from ultra.analysis.recollection import call_key
from ultra.analysis.scribe import RecordFailed, Scribe
from ultra.analysis.spending import Allowance, fit
from ultra.analysis.statuses import failure_kind
from ultra.domain.analysis import Answer, Ask, NewEvent, Note, Reply, Run, RunStatus, Skipped, Step, Verdict
from ultra.domain.errors import InvalidRequest, QuotaExhausted, UltraError
from ultra.domain.observations import RunEnded
from ultra.domain.patterns import Patterns
from ultra.domain.ports import Catalogue, Completions, Journal, LeaseLost, Observer, Runs
from ultra.system import System

_log = logging.getLogger(__name__)


class _CancelWanted(Exception):
    """Somebody asked for the run to stop."""


class Analyst:
    """Many models, one verdict. Holds nothing between runs: what a run is stands in its journal."""

    def __init__(
        self,
        *,
        completions: Completions,
        catalogue: Catalogue,
        patterns: Patterns,
        flows: Mapping[str, type[Flow]],
        runs: Runs,
        journal: Journal,
        observer: Observer,
        system: System,
        policy: AnalysisPolicy,
    ) -> None:
        self._catalogue = catalogue
        self._patterns = patterns
        self._flows = flows
        self._runs = runs
        self._journal = journal
        self._observer = observer
        self._system = system
        self._policy = policy
        self._panel = Panel(completions=completions, system=system, policy=policy)

    async def conduct(self, run: Run, worker: str) -> None:
        """Carry a claimed run to its end under the lease of `worker`, which somebody else renews.

        Begins where the journal ends. Being cancelled stops every call at once; the run is then ended as `cancelled`
        if that was asked for, and otherwise left for another worker. A lost lease stops silently. Raises
        `RecordFailed` when the store cannot be used; the run is then unfinished and can be resumed.
        """
        scribe = Scribe(journal=self._journal, run_id=run.id, worker=worker)
        conducted = Conducted(run, scribe, self._system)
        try:
            await self._carried(conducted)
        except LeaseLost:
            _log.info("Another worker owns this run now.", extra={"run_id": run.id})

    async def _carried(self, conducted: Conducted) -> None:
        try:
            await self._watched(conducted)
        except asyncio.CancelledError:
            if await self._runs.is_cancelled(conducted.run.id):
                await self._end_cancelled(conducted)
            raise

    async def _watched(self, conducted: Conducted) -> None:
        """Conduct the run while looking out for a wish to stop, and end it as it went."""
        verdict: Verdict | None = None
        problems: list[Exception] = []
        try:
            async with asyncio.TaskGroup() as group:
                watch = group.create_task(self._watch(conducted.run.id))
                verdict = await self._driven(conducted)
                watch.cancel()
        except* Exception as several:  # noqa: BLE001 - every kind has its end below
            problems.extend(_leaves(several))
        for problem in problems:
            if isinstance(problem, LeaseLost | RecordFailed):
                raise problem
        if any(isinstance(problem, _CancelWanted) for problem in problems):
            await self._end_cancelled(conducted)
        elif problems or verdict is None:
            await self._end_broken(conducted, problems[0])
        else:
            await self._end(conducted, verdict)

    async def _watch(self, run_id: str) -> None:
        while True:
            await self._system.sleep(self._policy.cancel_poll_s)
            try:
                is_cancelled = await self._runs.is_cancelled(run_id)
            except Exception as error:
                raise RecordFailed(f"The run {run_id} could not be read.") from error
            if is_cancelled:
                raise _CancelWanted

    # --- the loop over rounds

    async def _driven(self, conducted: Conducted) -> Verdict:
        """Drive the flow from its beginning; what the journal knows is replied from there."""
        await conducted.scribe.recall()
        plan, flow = await self._planned(conducted)
        conducted.plan = plan
        generator = flow.run(plan)
        reply: Reply = None
        step = 0
        try:
            while True:
                try:
                    wanted = generator.send(reply)
                except StopIteration as end:
                    verdict: Verdict = end.value
                    return verdict
                reply = await self._reply(conducted, step, wanted)
                step += 1
        finally:
            generator.close()

    async def _planned(self, conducted: Conducted) -> tuple[Plan, Flow]:
        run, memory = conducted.run, conducted.scribe.memory
        lens = self._patterns.get(run.options.pattern)
        record = memory.plan
        name = record["flow"] if record else run.options.flow or lens.default_flow
        kind = self._flows.get(name)
        if kind is None:
            raise InvalidRequest(f"There is no flow {name!r}.", param="flow", hint=f"Flows: {', '.join(self._flows)}")
        conducted.flow = name
        if record is not None:
            return resumed(run, lens, record, system=self._system), kind()
        reserves = self._policy.most_reserves
        plan = begun(run, lens, catalogue=self._catalogue, system=self._system, most_reserves=reserves)
        await conducted.scribe.write(events.run_started(run, plan, name))
        return plan, kind()

    async def _reply(self, conducted: Conducted, step: int, wanted: Step) -> Reply:
        memory = conducted.scribe.memory
        if isinstance(wanted, Note):
            if not memory.is_noted(step, wanted.type):
                await conducted.scribe.write(events.noted(step, wanted))
            return None
        settled = memory.answers(step, wanted.stage) or memory.skipped(step, wanted.stage)
        reply = settled if settled is not None else await self._asked(conducted, step, wanted)
        if not isinstance(reply, Skipped):
            conducted.heard(reply)
        return reply

    async def _asked(self, conducted: Conducted, step: int, ask: Ask) -> Sequence[Answer] | Skipped:
        """Ask one round, or say why not."""
        run, scribe = conducted.run, conducted.scribe
        now = self._system.monotonic()
        keys = tuple(call_key(run.id, ask.stage, call) for call in ask.calls)
        known = {key: scribe.memory.results[key] for key in keys if key in scribe.memory.results}
        asked = Round(ask, keys, now + conducted.time_left() * ask.share, known)
        allowance = self._allowance(conducted, asked)
        skipped = self._skipped(conducted, asked, allowance)
        if skipped is not None:
            await scribe.write(events.stage_skipped(step, skipped))
            return skipped
        if allowance is None:
            raise QuotaExhausted("The budget does not reach for asking the panel.", hint="Raise budget_usd.")
        attempts = {key: len(scribe.memory.intents.get(key, ())) + 1 for key, _ in missing_calls(asked)}
        asked = replace(asked, attempts=attempts, output_tokens=allowance.output_tokens)
        await scribe.write(events.stage_started(step, ask, keys, asked.deadline - now), *_intents(asked, allowance))
        answers = await self._panel.ask(run, asked, scribe)
        await scribe.write(*events.round_ended(step, ask.stage, answers, self._system.monotonic() - now))
        await scribe.write(events.cost(conducted.account()))
        return answers

    def _allowance(self, conducted: Conducted, asked: Round) -> Allowance | None:
        calls = [call for _, call in missing_calls(asked)]
        most = conducted.run.options.max_output_tokens
        account = conducted.account()
        return fit(account, calls, model=self._catalogue.get, output_tokens=most, share=asked.ask.share)

    def _skipped(self, conducted: Conducted, asked: Round, allowance: Allowance | None) -> Skipped | None:
        """Return why an optional round is not asked. A round that is under way already is carried through."""
        ask = asked.ask
        is_under_way = bool(asked.known) or any(key in conducted.scribe.memory.intents for key in asked.keys)
        if not ask.optional:
            return None
        if allowance is None:
            return Skipped(ask.stage, "budget", "the rest of the budget does not reach")
        if conducted.time_left() < self._policy.minimum_round_s and not is_under_way:
            return Skipped(ask.stage, "deadline", "the time left is too short")
        return None

    # --- the ends

    async def _end(self, conducted: Conducted, verdict: Verdict) -> None:
        if verdict.status == "failed":
            causes = conducted.causes
            kind = failure_kind(causes)
            await self._end_failed(conducted, kind, _said(kind, causes), conducted.warned(verdict))
            return
        verdict = conducted.warned(verdict)
        event = events.run_done(verdict, conducted.account(), conducted.seconds())
        await self._finish(conducted, verdict.status, event, verdict=verdict)

    async def _end_broken(self, conducted: Conducted, error: Exception) -> None:
        """End a run that cannot go on: refused by a rule, or by a fault of ours, which resuming would only repeat."""
        if isinstance(error, UltraError):
            await self._end_failed(conducted, error.kind, error.message, None)
            return
        _log.error("A run broke.", exc_info=error, extra={"run_id": conducted.run.id})
        await self._end_failed(conducted, "internal", "The run broke inside Ultra.", None)

    async def _end_failed(self, conducted: Conducted, kind: str, error: str, verdict: Verdict | None) -> None:
        event = events.run_failed(kind, error, conducted.causes, verdict, conducted.account(), conducted.seconds())
        await self._finish(conducted, "failed", event, verdict=verdict, error_kind=kind, error=error)

    async def _end_cancelled(self, conducted: Conducted) -> None:
        event = events.run_cancelled(conducted.account(), conducted.seconds())
        error = "The run was stopped on request."
        await self._finish(conducted, "cancelled", event, error_kind="cancelled", error=error)

    async def _finish(
        self,
        conducted: Conducted,
        status: RunStatus,
        event: NewEvent,
        *,
        verdict: Verdict | None = None,
        error_kind: str | None = None,
        error: str | None = None,
    ) -> None:
        """Write the end, then tell of it: what could not be written has not ended."""
        await self._runs.finish(
            conducted.run.id,
            worker=conducted.scribe.worker,
            status=status,
            verdict=verdict,
            cost_usd=conducted.account().total,
            error_kind=error_kind,
            error=error,
            event=event,
        )
        self._observer.notice(
            RunEnded(
                at=self._system.now(),
                pattern=conducted.run.options.pattern,
                flow=conducted.flow,
                status=status,
                asked=len(conducted.run.panel) if verdict is None else verdict.asked,
                answered=conducted.answered if verdict is None else verdict.answered,
                total_s=conducted.seconds(),
            )
        )


def _intents(asked: Round, allowance: Allowance) -> list[NewEvent]:
    rows = zip(missing_calls(asked), allowance.worst, strict=True)
    stage, attempts = asked.ask.stage, asked.attempts
    return [events.call_started(key, stage, call, attempts[key], worst) for (key, call), worst in rows]


def _said(kind: str, causes: Sequence[Answer]) -> str:
    """Say in a sentence why nobody answered; what no answer could be paid for is said by the first that was not."""
    if kind == "quota_exhausted" and causes[0].error:
        return causes[0].error
    return "No model could be asked." if kind == "none_available" else "Every model failed."


def _leaves(group: BaseExceptionGroup[Exception]) -> list[Exception]:
    """Return the single errors of a group of groups."""
    found: list[Exception] = []
    for error in group.exceptions:
        found.extend(_leaves(error) if isinstance(error, BaseExceptionGroup) else [error])
    return found
