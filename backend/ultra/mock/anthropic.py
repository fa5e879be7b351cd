"""Anthropic's wire: messages in both versions, token counts, models with pages."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any, ClassVar

from ultra.domain.chat import ChatRequest, Delta, Finished
from ultra.domain.completion import Completion
from ultra.mock.problems import Kind, Problem
from ultra.mock.script import events
from ultra.mock.steps import Send, Step
from ultra.mock.wire import Call, Wire, dumps
from ultra.protocols import anthropic_messages, sse

_WORDS: Mapping[Kind, tuple[int, str]] = {
    "invalid": (400, "invalid_request_error"),
    "context": (400, "invalid_request_error"),
    "auth": (401, "authentication_error"),
    "billing": (402, "billing_error"),
    "forbidden": (403, "permission_error"),
    "not_found": (404, "not_found_error"),
    "conflict": (409, "conflict_error"),
    "too_large": (413, "request_too_large"),
    "rate": (429, "rate_limit_error"),
    "quota": (402, "billing_error"),
    "server": (500, "api_error"),
    "unavailable": (503, "api_error"),
    "timeout": (504, "timeout_error"),
    "overloaded": (529, "overloaded_error"),
}
_BEARER = re.compile(r"bearer\s+(\S+)", re.IGNORECASE)
_LIMITS = {"requests": 4000, "tokens": 800000, "input-tokens": 600000, "output-tokens": 200000}


class AnthropicWire(Wire):
    """Messages and their stream of named events; `message_stop` ends it."""

    name: ClassVar[str] = "anthropic"

    def key(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """Return the key from `x-api-key`, as older clients send it, or the bearer token of newer ones."""
        del query
        found = _BEARER.fullmatch(headers.get("authorization", "").strip())
        return headers.get("x-api-key", "").strip() or (found.group(1) if found else None)

    def parse(self, call: Call) -> ChatRequest:
        """Read `POST /v1/messages` or `/v1/messages/count_tokens`, under the version the call names."""
        return anthropic_messages.parse(
            call.body,
            version=call.headers.get("anthropic-version", ""),
            is_count=call.path.endswith("/count_tokens"),
        )

    def whole(self, completion: Completion, call: Call) -> dict[str, Any]:
        """Return a `message`."""
        del call
        return anthropic_messages.answer(completion, id=completion.id, model=completion.model)

    def stream(self, completion: Completion, call: Call) -> Iterator[Send]:
        """Return the named events of a message."""
        writer = anthropic_messages.ChunkWriter(id=completion.id, model=completion.model, request_id=call.request_id)
        for event in events(completion):
            for frame in writer.write(event):
                yield Send(frame, token=isinstance(event, Delta))
        for frame in writer.end():
            yield Send(frame, last=True)

    def headers(self, call: Call) -> dict[str, str]:
        """Return request id, organisation and rate limits with RFC 3339 resets as Anthropic sends them."""
        reset = _moment(call, 1)
        own = {"request-id": call.request_id, "anthropic-organization-id": "mock"}
        for unit, most in _LIMITS.items():
            own[f"anthropic-ratelimit-{unit}-limit"] = str(most)
            own[f"anthropic-ratelimit-{unit}-remaining"] = str(most - 1)
            own[f"anthropic-ratelimit-{unit}-reset"] = reset
        return own

    def explain(self, problem: Problem, call: Call) -> tuple[int, dict[str, str], dict[str, Any]]:
        """Return Anthropic's error; a rate limit says `retry-after` in seconds and when the window resets."""
        headers: dict[str, str] = {}
        if problem.retry_s is not None and problem.in_vendor_words:
            headers = {
                "retry-after": f"{problem.retry_s:g}",
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-requests-reset": _moment(call, problem.retry_s),
            }
        return problem.status or _WORDS[problem.kind][0], headers, _detail(problem, call)

    def break_off(self, problem: Problem, call: Call) -> Send:
        """Return `event: error`."""
        return Send(self.frame(dumps(_detail(problem, call)), event="error"))

    def block(self, completion: Completion, call: Call) -> Completion | Iterator[Step]:
        """Answer nothing, and say that it is a refusal."""
        del call
        return replace(completion, parts=(), finish=Finished("refusal"))

    def frame(self, body: bytes, *, event: str) -> bytes:
        """Return a named frame; this vendor's clients drop unnamed ones."""
        return sse.encode(body, event=event)

    @property
    def keepalive(self) -> bytes:
        """A ping."""
        return b'event: ping\ndata: {"type": "ping"}\n\n'


def _detail(problem: Problem, call: Call) -> dict[str, Any]:
    error = {"type": _WORDS[problem.kind][1], "message": problem.message}
    return {"type": "error", "error": error, "request_id": call.request_id}


def _moment(call: Call, seconds: float) -> str:
    return (call.at + timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
