"""What a run would cost, before anybody is asked: its flow is driven with imagined answers."""

import copy
from collections.abc import Callable
from dataclasses import dataclass, replace
from decimal import Decimal

from ultra.analysis.agreement import question_kind
from ultra.analysis.flow import Flow, Plan
from ultra.analysis.imagining import Imagining
from ultra.analysis.spending import input_tokens
from ultra.domain.analysis import Answer, Ask, Note, PanelCall, Question, Reply, Run, RunOptions
from ultra.domain.chat import Usage
from ultra.domain.models import Estimate, Model
from ultra.domain.pricing import cost

_SHORT, _USUAL, _LONGEST = 60, 500, 4096
"""Tokens of an imagined answer: a short one, a usual one, and the longest where nobody has set a limit."""
_BYTES_PER_TOKEN = 4
_FIRST_S, _TOKENS_PER_S = 1.0, 60.0
"""The speed assumed of a model that has not been measured."""

Imagined = Callable[[PanelCall, int], str]


@dataclass(frozen=True, slots=True)
class Span:
    """Smallest, expected and largest."""

    minimum: float
    expected: float
    maximum: float


@dataclass(frozen=True, slots=True)
class RunEstimate:
    """Cost in USD (None where a price is unknown), calls, and seconds; the deadline bounds the largest time."""

    cost: Estimate
    calls: Span
    seconds: Span


@dataclass(frozen=True, slots=True)
class _Course:
    calls: int
    seconds: float
    cost: Decimal | None


class Estimator(Imagining):
    """Imagines runs. Asks nobody and writes nothing."""

    def estimate(self, question: Question, options: RunOptions, panel: tuple[str, ...]) -> RunEstimate:
        """Return what such a run would take. Raises `NotFound` for an unknown pattern, `KeyError` for an unknown flow.

        The smallest is a panel that agrees in few words, the expected one usual answers and one synthesis, the largest
        the most expensive of a disputed and an open course with the longest answers and failing synthesisers.
        """
        run = Run("estimate", "", question, options, panel, "queued", self._system.now())
        flow, plan = self._planned(run)
        is_closed = question_kind(question) is not None
        least = self._course(flow, plan, _agreed if is_closed else _prose, _SHORT)
        usual = self._course(flow, plan, _agreed if is_closed else _prose, _USUAL)
        most = [self._course(flow, plan, said, None, is_failing=True) for said in (_prose, _disputed)]
        costs = [course.cost for course in most]
        known = [each for each in costs if each is not None]
        return RunEstimate(
            cost=Estimate(least.cost, usual.cost, max(known) if len(known) == len(costs) else None),
            calls=Span(least.calls, usual.calls, max(course.calls for course in most)),
            seconds=Span(
                min(least.seconds, options.deadline_s), min(usual.seconds, options.deadline_s), options.deadline_s
            ),
        )

    def _course(
        self, flow: Flow, plan: Plan, said: Imagined, tokens: int | None, *, is_failing: bool = False
    ) -> _Course:
        """Drive the flow with imagined answers of so many tokens (None: as many as each model may write)."""
        generator = flow.run(replace(plan, dice=copy.deepcopy(plan.dice)))
        calls, seconds, amounts = 0, 0.0, [Decimal(0)]
        unknown = False
        reply: Reply = None
        while True:
            try:
                step = generator.send(reply)
            except StopIteration:
                return _Course(calls, round(seconds, 1), None if unknown else sum(amounts, Decimal(0)))
            reply = None
            if isinstance(step, Note):
                continue
            lengths = [tokens or self._longest(plan, call) for call in step.calls]
            for call, length in zip(step.calls, lengths, strict=True):
                model = self._catalogue.get(call.model)
                amount = cost(model.price if model else None, Usage(input_tokens(call), output_total=length))
                unknown = unknown or amount is None
                amounts.append(amount or Decimal(0))
            calls += len(step.calls)
            pairs = zip(step.calls, lengths, strict=True)
            seconds += max((_seconds(self._catalogue.get(call.model), length) for call, length in pairs), default=0.0)
            pairs = zip(step.calls, lengths, strict=True)
            fails = is_failing and step.stage == "synthesis"
            reply = [_imagined(step, call, "" if fails else said(call, length)) for call, length in pairs]

    def _longest(self, plan: Plan, call: PanelCall) -> int:
        model = self._catalogue.get(call.model)
        limit = model.limits.max_output_tokens if model else None
        return plan.options.max_output_tokens or min(limit or _LONGEST, _LONGEST)


def _imagined(ask: Ask, call: PanelCall, text: str) -> Answer:
    if not text:
        return Answer(call.role, call.model, ask.stage, "failed", error_kind="imagined")
    return Answer(call.role, call.model, ask.stage, "ok", text=text, finish_reason="stop")


def _seconds(model: Model | None, tokens: int) -> float:
    measured = model.latency if model else None
    first = (measured.ttft_p50_ms or 0) / 1000 if measured else 0.0
    speed = (measured.output_tokens_per_s if measured else None) or _TOKENS_PER_S
    return (first or _FIRST_S) + tokens / speed


def _prose(call: PanelCall, tokens: int) -> str:
    words = f"imagined words of {call.role} "
    return (words * tokens)[: tokens * _BYTES_PER_TOKEN]


def _agreed(call: PanelCall, tokens: int) -> str:
    return f"{_prose(call, tokens)}\nAnswer: 1"


def _disputed(call: PanelCall, tokens: int) -> str:
    number = sum(map(ord, call.role))
    return f"{_prose(call, tokens)}\nAnswer: {number}"
