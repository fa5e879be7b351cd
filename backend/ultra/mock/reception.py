"""Takes HTTP requests in for every wire: key, JSON, model, fault; and gives back an answer to be delivered."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import orjson
from starlette.requests import Request

from ultra.domain.chat import ChatRequest
from ultra.domain.errors import UltraError
from ultra.domain.models import ListedModel
from ultra.mock.control import HEADER, Control, Door
from ultra.mock.delivery import Delivery
from ultra.mock.faults import Act, Chosen, UnknownScenario
from ultra.mock.log import Entry
from ultra.mock.pace import INSTANT, Pace
from ultra.mock.problems import Problem
from ultra.mock.script import Script
from ultra.mock.steps import Step
from ultra.mock.tooling import unusable
from ultra.mock.wire import Call, Wire
from ultra.system import System

REFUSED_KEY = "invalid"
"""The one key that is never accepted."""


class NoAnswer(Exception):
    """A request that is answered with a problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Asked:
    """What a route found out about a request from its path and body."""

    model: str = ""
    stream: bool = False


class Desk:
    """Serves one provider: its wire, its models, its name."""

    def __init__(
        self,
        *,
        wire: Wire,
        provider: str,
        models: Sequence[ListedModel],
        system: System,
        script: Script,
        control: Control,
        pace: Pace,
    ) -> None:
        self.wire = wire
        self.provider = provider
        self.models = models
        self._names = frozenset(model.name for model in models)
        self._system = system
        self._script = script
        self._control = control
        self._pace = pace

    async def chat(self, request: Request, ask: Callable[[Mapping[str, Any]], Asked]) -> Delivery:
        """Answer a request for a completion."""
        return self._serve(request, await request.body(), "chat", ask, self._prepare_chat)

    async def plain(
        self,
        request: Request,
        answer: Callable[[Call], Mapping[str, Any]],
        *,
        door: Door = "other",
        ask: Callable[[Mapping[str, Any]], Asked] = lambda _: Asked(),
    ) -> Delivery:
        """Answer any other route with what `answer` returns; it may raise `NoAnswer` or an `UltraError`."""

        def prepare(call: Call) -> Act:
            body = answer(call)
            return Act(self.wire, call, INSTANT, plain=lambda: body)

        return self._serve(request, await request.body(), door, ask, prepare)

    def find(self, name: str) -> ListedModel:
        """Return a model of this provider; raises `NoAnswer`."""
        for model in self.models:
            if model.name == name:
                return model
        raise NoAnswer(_no_such(name))

    def read(self, call: Call) -> ChatRequest:
        """Read a request in this wire's words; raises `InvalidRequest`."""
        return self.wire.parse(call)

    def _serve(
        self,
        request: Request,
        raw: bytes,
        door: Door,
        ask: Callable[[Mapping[str, Any]], Asked],
        prepare: Callable[[Call], Act],
    ) -> Delivery:
        headers = {name.lower(): value for name, value in request.headers.items()}
        query = dict(request.query_params)
        call = Call(
            provider=self.provider,
            model="",
            request_id=self._system.new_id("req"),
            at=self._system.now(),
            path=request.url.path,
            headers=headers,
            query=query,
        )
        chosen: Chosen | None = None
        earlier = 0
        try:
            call = self._understand(call, raw, ask)
            earlier = self._control.log.calls(self.provider, call.model)
            chosen = self._choose(call, door)
            self._check(call, chosen, door)
            steps = self._perform(prepare(call), chosen, earlier)
        except NoAnswer as refused:
            steps = self.wire.refuse(refused.problem, call)
        except UltraError as error:
            steps = self.wire.refuse(Problem("invalid", error.message, param=error.param), call)
        entry = self._log(request, call, raw, chosen)
        return Delivery(steps, entry=entry, system=self._system)

    def _understand(self, call: Call, raw: bytes, ask: Callable[[Mapping[str, Any]], Asked]) -> Call:
        try:
            body = orjson.loads(raw) if raw else {}
        except orjson.JSONDecodeError as error:
            raise NoAnswer(Problem("invalid", f"The body is not JSON: {error}.")) from error
        if not isinstance(body, dict):
            raise NoAnswer(Problem("invalid", "The body is not a JSON object."))
        asked = ask(body)
        return replace(call, body=body, model=asked.model, stream=asked.stream)

    def _choose(self, call: Call, door: Door) -> Chosen | None:
        header = call.headers.get(HEADER)
        try:
            return self._control.choose(provider=self.provider, model=call.model, header=header, door=door)
        except UnknownScenario as error:
            raise NoAnswer(Problem("not_found", str(error), param="model")) from error

    def _check(self, call: Call, chosen: Chosen | None, door: Door) -> None:
        """Refuse a missing or bad key, and a model that is neither listed nor the name of a scenario."""
        key = self.wire.key(call.headers, call.query)
        if not key:
            raise NoAnswer(Problem("auth", "You did not provide an API key."))
        if key == REFUSED_KEY:
            raise NoAnswer(Problem("auth", "Incorrect API key provided."))
        if door != "models" and call.model not in self._names and (chosen is None or not call.model):
            raise NoAnswer(_no_such(call.model))

    def _prepare_chat(self, call: Call) -> Act:
        read = self.wire.parse(call)
        if wrong := unusable(read):
            raise NoAnswer(Problem("invalid", wrong, param="tools"))
        answer_id = self._system.new_id(_ID_PREFIXES.get(self.wire.name, "id"))
        play = partial(self._script.play, read, provider=self.provider, model=call.model, answer_id=answer_id)
        return Act(self.wire, call, self._pace.of(call.model), play=play)

    def _perform(self, act: Act, chosen: Chosen | None, earlier: int) -> Iterator[Step]:
        if chosen is None:
            return act.normal()
        return chosen.scenario.perform(replace(act, settings=chosen.settings, earlier=earlier))

    def _log(self, request: Request, call: Call, raw: bytes, chosen: Chosen | None) -> Entry:
        return self._control.log.add(
            at=call.at,
            provider=self.provider,
            method=request.method,
            path=call.path,
            model=call.model,
            stream=call.stream,
            scenario=chosen.name if chosen else None,
            headers=call.headers,
            key=self.wire.key(call.headers, call.query),
            body=raw,
        )


_ID_PREFIXES = {"openai": "chatcmpl", "anthropic": "msg", "gemini": "gemini"}


def _no_such(name: str) -> Problem:
    return Problem("not_found", f"The model `{name}` does not exist or you do not have access to it.", param="model")
