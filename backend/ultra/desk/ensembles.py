"""Ensembles as models: `ultra/<pattern>` runs the pattern and tells its synthesis as if one model had spoken."""

from collections.abc import AsyncIterator, Mapping, MutableMapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import fields, replace
from decimal import Decimal
from typing import Any

from ultra.desk.results import failure
from ultra.desk.runs import RunDesk
from ultra.domain.analysis import FINAL, Question, Run, RunOptions
from ultra.domain.chat import (
    ChatRequest,
    Delta,
    Event,
    Finished,
    FinishReason,
    Image,
    Message,
    PartEnded,
    PartStarted,
    ReasoningWish,
    Sampling,
    Started,
    Text,
    Usage,
    UsageReported,
)
from ultra.domain.errors import (
    Conflict,
    InvalidRequest,
    NotFound,
    Truncated,
)
from ultra.domain.identity import Principal
from ultra.domain.records import decimal_to_json


class Ensembles:
    """Opens an ensemble for a caller of `/v1`. The run is kept like any other, but ends with its client."""

    def __init__(self, *, runs: RunDesk) -> None:
        self._runs = runs

    @asynccontextmanager
    async def open(
        self,
        principal: Principal,
        request: ChatRequest,
        *,
        request_id: str,
        facts: MutableMapping[str, Any] | None = None,
        store: bool = True,
    ) -> AsyncIterator["_EnsembleAnswer"]:
        """Begin the run, kept unless `store` is False; leaving before its end cancels it with every open call."""
        _refuse_tools(request)
        self._refuse_unknown(request.model)
        options = replace(self._options(request), store=store)
        run = await self._runs.begin(principal, question(request), options, request_id=request_id)
        facts = {} if facts is None else facts
        facts["run_id"] = run.id
        answer = _EnsembleAnswer(self._runs, principal, run, losses=_losses(request))
        try:
            yield answer
        finally:
            facts.update(answer.facts())
            await self._stop(principal, run.id)

    def _refuse_unknown(self, model: str) -> None:
        """Refuse a pattern that does not exist in the words of this wire: there it is a model."""
        try:
            self._runs.pattern(_pattern(model))
        except NotFound as error:
            raise NotFound(
                f"There is no model {model!r}.", param="model", code="model_not_found", hint=error.hint
            ) from None

    def _options(self, request: ChatRequest) -> RunOptions:
        options = self._runs.options(pattern=_pattern(request.model))
        return replace(options, max_output_tokens=request.max_output_tokens, resumable=False)

    async def _stop(self, principal: Principal, run_id: str) -> None:
        if (await self._runs.get(principal, run_id)).status not in FINAL:
            try:
                await self._runs.cancel(principal, run_id)
            except Conflict:
                return  # it ended by itself in between


class _EnsembleAnswer:
    """The synthesis as events of one answer; everything else about the run stands under `ultra`."""

    def __init__(self, runs: RunDesk, principal: Principal, run: Run, *, losses: list[dict[str, str]]) -> None:
        self._runs = runs
        self._principal = principal
        self._run = run
        self._losses = losses
        self._result: dict[str, Any] = {}

    @property
    def model(self) -> str:
        return f"ultra/{self._run.options.pattern}"

    @property
    def cost_usd(self) -> Decimal | None:
        return self._run.cost_usd

    def extras(self) -> dict[str, Any]:
        """Say how far the answer can be trusted and what it took."""
        known = ("status", "heading", "decided", "agreement", "confidence", "claims", "dissent", "answered", "asked")
        return {
            "run_id": self._run.id,
            "model": self.model,
            **{name: self._result.get(name) for name in known},
            "cost_usd": decimal_to_json(self._run.cost_usd),
            "losses": self._losses,
            "warnings": self._result.get("warnings", []),
        }

    def facts(self) -> dict[str, Any]:
        """Return what the log line of the request says of the run, as far as it is known."""
        found: dict[str, Any] = {"model": self.model, "cost_usd": decimal_to_json(self._run.cost_usd)}
        if usage := self._result.get("usage"):
            found |= {"input_tokens": usage["input_total"], "output_tokens": usage["output_total"]}
        known = {"run_status": self._result.get("status"), **{n: self._result.get(n) for n in ("answered", "asked")}}
        return found | {name: value for name, value in known.items() if value is not None}

    def ready(self) -> Event | None:
        """Return None: what a run tells comes from its journal."""
        return None

    async def __aiter__(self) -> AsyncIterator[Event]:
        """Yield the synthesis while it is written, then whatever of the verdict was not yet told.

        A second attempt at the synthesis begins anew; its words are not mixed with those of the first.
        """
        yield Started(id=self._run.id, provider="ultra", model=self.model)
        yield PartStarted(0, "text")
        told, author = "", None
        async for event in self._runs.follow(self._principal, self._run.id):
            if event.type == "synthesis.delta":
                writing = event.data["call_key"], event.data["attempt"]
                author = author or writing
                if writing == author:
                    told += event.data["text"]
                    yield Delta(0, event.data["text"])
        self._run = await self._runs.get(self._principal, self._run.id)
        self._result = await self._runs.result(self._principal, self._run.id)
        rest = _untold(self._run, told, self._result["answers"])
        if rest:
            yield Delta(0, rest)
        yield PartEnded(0)
        if usage := self._result["usage"]:
            yield UsageReported(Usage(**usage))
        yield Finished(_reason(self._result), raw_reason=self._run.status)


def _reason(result: Mapping[str, Any]) -> FinishReason:
    """Return why the verdict ends: a text that its author was cut off in is not told as whole."""
    cut: FinishReason | None = next(
        (each["finish_reason"] for each in result["answers"] if each["cut"] and each["text"] == result["text"]), None
    )
    return cut or "stop"


def _untold(run: Run, told: str, answers: Sequence[Mapping[str, Any]]) -> str:
    """Return what of the verdict the client has not got; raise when it can no longer be told truthfully."""
    if run.verdict is None or run.status in ("failed", "cancelled"):
        raise failure(run, answers)
    if not run.verdict.text.startswith(told):
        raise Truncated(
            "The synthesis broke off after it had begun and was replaced.",
            hint=f"The whole verdict is kept: GET /api/analyses/{run.id}.",
        )
    return run.verdict.text[len(told) :]


def _pattern(model: str) -> str:
    return model.removeprefix("ultra/")


def _refuse_tools(request: ChatRequest) -> None:
    if request.tools:
        raise InvalidRequest(
            "An ensemble cannot call tools.",
            param="tools",
            hint="Ask a single model for tools, or leave `tools` out.",
        )


def _losses(request: ChatRequest) -> list[dict[str, str]]:
    """Name what was asked of one model's sampling or thinking and has no meaning for several."""
    said = [{"param": each.param, "action": each.action, "detail": each.detail} for each in request.losses]
    sampling, unset = request.sampling, Sampling()
    named = [each.name for each in fields(sampling) if getattr(sampling, each.name) != getattr(unset, each.name)]
    if request.reasoning != ReasoningWish():
        named.append("reasoning")
    return said + [{"param": name, "action": "dropped", "detail": "An ensemble's members choose it."} for name in named]


def question(request: ChatRequest) -> Question:
    """Read a conversation as a question: its last user message asks, what came before is history."""
    *history, last = request.messages
    if last.role != "user":
        raise InvalidRequest("The last message must be the user's.", param="messages")
    return Question(
        prompt="\n\n".join(part.text for part in last.parts if isinstance(part, Text)),
        images=tuple(part for part in last.parts if isinstance(part, Image)),
        history=tuple(Message(each.role, each.parts) for each in history),
        instructions=request.instructions,
        output=request.output,
    )
