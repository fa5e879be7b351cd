"""One completion, whoever answers: a model, an alias, or an ensemble of several."""

from collections.abc import AsyncIterator, MutableMapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from decimal import Decimal
from typing import Any, Protocol

from ultra.desk.ensembles import Ensembles
from ultra.desk.reach import refuse_others
from ultra.domain.chat import ChatRequest, Event
from ultra.domain.errors import InvalidRequest
from ultra.domain.identity import Principal
from ultra.domain.ports import CallContext, Catalogue, Completions
from ultra.domain.receipts import CompletionStream, Receipt
from ultra.domain.records import decimal_to_json
from ultra.system import System

ENSEMBLE = "ultra/"


class Told(Protocol):
    """The events of an answer, and what Ultra has to say about it."""

    def __aiter__(self) -> AsyncIterator[Event]:
        """Iterate the events."""

    def ready(self) -> Event | None:
        """Return the next event if it is there already; None says only that it must be awaited."""

    @property
    def model(self) -> str:
        """Who answers, by the name it can be asked for again."""

    @property
    def cost_usd(self) -> Decimal | None:
        """What was spent so far; None when unknown."""

    def extras(self) -> dict[str, Any]:
        """Return what stands under `ultra` beside the answer; complete once the events have ended."""


class CompletionDesk:
    """Opens completions for callers; entrances only translate."""

    def __init__(
        self,
        *,
        completions: Completions,
        ensembles: Ensembles,
        catalogue: Catalogue,
        system: System,
        deadline_s: float,
    ) -> None:
        self._completions = completions
        self._ensembles = ensembles
        self._catalogue = catalogue
        self._system = system
        self._deadline_s = deadline_s

    def open(
        self,
        principal: Principal,
        request: ChatRequest,
        *,
        request_id: str,
        facts: MutableMapping[str, Any] | None = None,
        store: bool = True,
    ) -> AbstractAsyncContextManager[Told]:
        """Ask `request.model`. Entering waits until somebody accepted; leaving ends all work done for it.

        `facts` get what the log line of the request says of it, however it ends. Of what one model says nothing is
        kept anyway; `store` False also keeps nothing of an ensemble's run.
        """
        facts = {} if facts is None else facts
        if not request.messages:
            raise InvalidRequest("There is no message.", param="messages", hint="Send at least one user message.")
        if request.model.startswith(ENSEMBLE):
            return self._ensembles.open(principal, request, request_id=request_id, facts=facts, store=store)
        return self._single(principal, request, request_id=request_id, facts=facts)

    @asynccontextmanager
    async def _single(
        self, principal: Principal, request: ChatRequest, *, request_id: str, facts: MutableMapping[str, Any]
    ) -> AsyncIterator[Told]:
        if principal.models is not None:
            refuse_others(principal, request.model, self._catalogue.candidates(request.model))
        call = CallContext(
            principal=principal.id,
            request_id=request_id,
            deadline=self._system.monotonic() + self._deadline_s,
            credential_id=principal.credential_id,
        )
        opening = self._completions.open(request, call)
        try:
            async with opening as stream:
                yield _SingleAnswer(stream, asked=request.model)
        finally:
            facts.update(_facts(opening.receipt))


def _facts(receipt: Receipt) -> dict[str, Any]:
    """Return what is known of a completion, also of one that failed."""
    facts: dict[str, Any] = {"attempts": receipt.attempts, "cost_usd": decimal_to_json(receipt.cost_usd)}
    if receipt.model is not None:
        facts |= {"model": receipt.model, "provider": receipt.model.partition("/")[0]}
    if receipt.usage is not None:
        facts |= {"input_tokens": receipt.usage.input_total, "output_tokens": receipt.usage.output_total}
    return facts


class _SingleAnswer:
    """One model's answer with its receipt."""

    def __init__(self, stream: CompletionStream, *, asked: str) -> None:
        self._stream = stream
        self._asked = asked

    def __aiter__(self) -> AsyncIterator[Event]:
        return aiter(self._stream)

    def ready(self) -> Event | None:
        return self._stream.ready()

    @property
    def model(self) -> str:
        return self._stream.receipt.model or self._asked

    @property
    def cost_usd(self) -> Decimal | None:
        return self._stream.receipt.cost_usd

    def extras(self) -> dict[str, Any]:
        receipt = self._stream.receipt
        return {
            "model": receipt.model,
            "attempts": receipt.attempts,
            "cost_usd": decimal_to_json(receipt.cost_usd),
            "usage_estimated": receipt.usage.estimated if receipt.usage else None,
            "losses": [{"param": loss.param, "action": loss.action, "detail": loss.detail} for loss in receipt.losses],
            "passed_over": [
                {"model": each.model, "outcome": each.outcome, "code": each.kind} for each in receipt.passed_over
            ],
        }
