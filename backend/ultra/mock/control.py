"""The mock's own door, which no vendor has: which faults are armed, and what it was asked."""

import base64
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import orjson
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from ultra.mock.faults import SCENARIOS, Chosen, UnknownScenario, choose, of_model
from ultra.mock.log import Entry, RequestLog

HEADER = "x-mock-scenario"
Door: TypeAlias = Literal["chat", "models", "other"]


@dataclass(slots=True)
class Rule:
    """An armed fault. `times` None is for ever; provider and model None are any; `on` is which routes it hits."""

    chosen: Chosen
    provider: str | None
    model: str | None
    times: int | None
    on: str

    def matches(self, provider: str, model: str, door: Door) -> bool:
        """Say whether this rule is meant for such a call."""
        return (
            self.times != 0
            and self.provider in (None, provider)
            and self.model in (None, model)
            and self.on in ("all", door)
        )


class Control:
    """Arms faults and keeps the log of requests."""

    def __init__(self, *, log: RequestLog) -> None:
        self.log = log
        self._rules: list[Rule] = []

    def choose(self, *, provider: str, model: str, header: str | None, door: Door) -> Chosen | None:
        """Return the fault for a call: by its header, else the latest armed rule, else by the model's name.

        Raises `UnknownScenario` when a name cannot be read.
        """
        if header:
            return choose(header)
        for rule in reversed(self._rules):
            if rule.matches(provider, model, door):
                rule.times = rule.times - 1 if rule.times is not None else None
                return rule.chosen
        return of_model(model)

    def arm(self, rule: Rule) -> None:
        """Arm a fault; of several that match, the latest is used until its times are over."""
        self._rules.append(rule)

    def disarm(self) -> None:
        """Disarm every fault."""
        self._rules.clear()

    def routes(self) -> list[Route]:
        """Return the routes under `/control`."""
        return [
            Route("/control/scenario", self._arm, methods=["POST"]),
            Route("/control/scenarios", self._list, methods=["GET"]),
            Route("/control/scenarios", self._disarm, methods=["DELETE"]),
            Route("/control/requests", self._requests, methods=["GET"]),
            Route("/control/reset", self._reset, methods=["POST"]),
        ]

    async def _arm(self, request: Request) -> Response:
        try:
            rule = _read_rule(orjson.loads(await request.body()))
        except ValueError as error:
            return JSONResponse({"error": str(error)}, status_code=400)
        self.arm(rule)
        return JSONResponse({"armed": _shown(rule)}, status_code=201)

    async def _list(self, _request: Request) -> Response:
        known = [{"name": scenario.name, "sentence": scenario.sentence} for scenario in SCENARIOS.values()]
        return JSONResponse({"scenarios": known, "armed": [_shown(rule) for rule in self._rules]})

    async def _disarm(self, _request: Request) -> Response:
        self.disarm()
        return Response(status_code=204)

    async def _reset(self, _request: Request) -> Response:
        self.disarm()
        self.log.clear()
        return Response(status_code=204)

    async def _requests(self, request: Request) -> Response:
        query = request.query_params
        entries = self.log.entries(provider=query.get("provider"), model=query.get("model"))
        return JSONResponse({"counts": self.log.counts(), "requests": [_recorded(entry) for entry in entries]})


def _read_rule(body: Any) -> Rule:
    if not isinstance(body, dict) or not isinstance(body.get("scenario"), str):
        raise UnknownScenario('Send {"scenario": "name", "provider"?, "model"?, "times"?, "after_tokens"?, "on"?}.')
    unknown = sorted(set(body) - {"scenario", "provider", "model", "times", "after_tokens", "on"})
    if unknown:
        raise UnknownScenario(f"Unknown: {', '.join(unknown)}.")
    on = body.get("on", "chat")
    if on not in ("chat", "models", "other", "all"):
        raise UnknownScenario("`on` is chat, models, other or all.")
    times = body.get("times")
    if times is not None and (not isinstance(times, int) or times < 1):
        raise UnknownScenario("`times` is a number from 1, or null for ever.")
    return Rule(
        chosen=choose(body["scenario"], count=body.get("after_tokens")),
        provider=body.get("provider"),
        model=body.get("model"),
        times=times,
        on=on,
    )


def _shown(rule: Rule) -> dict[str, Any]:
    return {
        "scenario": rule.chosen.name,
        "provider": rule.provider,
        "model": rule.model,
        "times": rule.times,
        "on": rule.on,
    }


def _recorded(entry: Entry) -> dict[str, Any]:
    try:
        body: Any = orjson.loads(entry.body) if entry.body else None
    except orjson.JSONDecodeError:
        body = None
    return {
        "number": entry.number,
        "at": entry.at.isoformat(),
        "provider": entry.provider,
        "method": entry.method,
        "path": entry.path,
        "model": entry.model,
        "stream": entry.stream,
        "scenario": entry.scenario,
        "headers": dict(entry.headers),
        "key_sha256": entry.key_sha256,
        "body": body,
        "body_base64": base64.b64encode(entry.body).decode(),
        "outcome": entry.outcome,
        "tokens_sent": entry.tokens_sent,
        "seconds": entry.seconds,
    }
