"""OpenAI's wire: chat completions, embeddings, models; also spoken by every compatible server."""

import base64
import re
import struct
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

from ultra.domain.chat import ChatRequest, Delta
from ultra.domain.completion import Completion
from ultra.domain.models import ListedModel
from ultra.mock import tokens
from ultra.mock.chance import number
from ultra.mock.problems import Kind, Problem
from ultra.mock.script import events
from ultra.mock.steps import Send, Step
from ultra.mock.wire import Call, Wire, dumps
from ultra.protocols import openai_chat, sse

_WORDS: Mapping[Kind, tuple[int, str, str | None]] = {
    "invalid": (400, "invalid_request_error", None),
    "context": (400, "invalid_request_error", "context_length_exceeded"),
    "auth": (401, "invalid_request_error", "invalid_api_key"),
    "billing": (402, "insufficient_quota", "billing_not_active"),
    "forbidden": (403, "invalid_request_error", "unsupported_country_region_territory"),
    "not_found": (404, "invalid_request_error", "model_not_found"),
    "conflict": (409, "invalid_request_error", None),
    "too_large": (413, "invalid_request_error", None),
    "rate": (429, "rate_limit_error", "rate_limit_exceeded"),
    "quota": (429, "insufficient_quota", "insufficient_quota"),
    "server": (500, "server_error", None),
    "unavailable": (503, "service_unavailable_error", None),
    "timeout": (504, "server_error", "timeout"),
    "overloaded": (503, "service_unavailable_error", "server_is_overloaded"),
}
_BEARER = re.compile(r"bearer\s+(\S+)", re.IGNORECASE)
_DIMENSIONS = 1536
_EMPTY_LIMIT = {"requests": "10000", "tokens": "2000000"}


class OpenAIWire(Wire):
    """Chat completions and their stream; `data: [DONE]` ends it."""

    name: ClassVar[str] = "openai"

    def key(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """Return the bearer token."""
        del query
        found = _BEARER.fullmatch(headers.get("authorization", "").strip())
        return found.group(1) if found else None

    def parse(self, call: Call) -> ChatRequest:
        """Read `POST /chat/completions`."""
        return openai_chat.parse(call.body)

    def whole(self, completion: Completion, call: Call) -> dict[str, Any]:
        """Return a `chat.completion`."""
        return openai_chat.answer(
            completion, id=completion.id, created=int(call.at.timestamp()), model=completion.model
        )

    def stream(self, completion: Completion, call: Call) -> Iterator[Send]:
        """Return `chat.completion.chunk` frames."""
        writer = openai_chat.ChunkWriter(
            id=completion.id,
            created=int(call.at.timestamp()),
            model=completion.model,
            include_usage=openai_chat.wants_usage(call.body),
        )
        for event in events(completion):
            for frame in writer.write(event):
                yield Send(frame, token=isinstance(event, Delta))
        for frame in writer.end():
            yield Send(frame, last=True)

    def headers(self, call: Call) -> dict[str, str]:
        """Return request id, processing time, version and rate limits as OpenAI sends them."""
        limits = {f"x-ratelimit-limit-{unit}": most for unit, most in _EMPTY_LIMIT.items()}
        left = {f"x-ratelimit-remaining-{unit}": str(int(most) - 1) for unit, most in _EMPTY_LIMIT.items()}
        resets = {"x-ratelimit-reset-requests": "6ms", "x-ratelimit-reset-tokens": "0s"}
        own = {
            "x-request-id": call.request_id,
            "openai-processing-ms": "1",
            "openai-version": "2020-10-01",
            "openai-organization": "mock",
        }
        return own | limits | left | resets

    def explain(self, problem: Problem, call: Call) -> tuple[int, dict[str, str], dict[str, Any]]:
        """Return OpenAI's error object; a rate limit says `retry-after` and the reset durations."""
        del call
        status, _, _ = _WORDS[problem.kind]
        headers: dict[str, str] = {}
        if problem.retry_s is not None and problem.in_vendor_words:
            headers = {
                "retry-after": f"{problem.retry_s:g}",
                "x-ratelimit-remaining-requests": "0",
                "x-ratelimit-reset-requests": f"{problem.retry_s:g}s",
            }
        return problem.status or status, headers, {"error": _detail(problem)}

    def break_off(self, problem: Problem, call: Call) -> Send:
        """Return a data frame with `error` at its top level."""
        del call
        return Send(self.frame(dumps({"error": _detail(problem)}), event="error"))

    def block(self, completion: Completion, call: Call) -> Completion | Iterator[Step]:
        """Refuse the prompt with 400."""
        del completion
        problem = Problem("invalid", "Your request was rejected by our safety system.", param="prompt")
        return self.refuse(problem, call)

    def frame(self, body: bytes, *, event: str) -> bytes:
        """Return an unnamed data frame."""
        del event
        return sse.encode(body)

    @property
    def keepalive(self) -> bytes:
        """A comment."""
        return b": keep-alive\n\n"


def list_models(listed: Sequence[ListedModel], *, owner: str) -> dict[str, Any]:
    """Return `GET /models`."""
    return openai_chat.models(listed, owned_by=owner)


def describe_model(listed: ListedModel, *, owner: str) -> dict[str, Any]:
    """Return `GET /models/{id}`."""
    return openai_chat.model(listed, owned_by=owner)


def embed(body: Mapping[str, Any], *, model: str) -> dict[str, Any]:
    """Return `POST /embeddings`: a unit vector per input that depends on its words only, as base64 or as numbers."""
    texts = _inputs(body.get("input", ""))
    size = int(body.get("dimensions") or _DIMENSIONS)
    vectors = [vector(text, size) for text in texts]
    as_text = body.get("encoding_format") == "base64"
    data = [
        {"object": "embedding", "index": index, "embedding": _packed(each) if as_text else each}
        for index, each in enumerate(vectors)
    ]
    used = sum(tokens.count(text) for text in texts)
    usage = {"prompt_tokens": used, "total_tokens": used}
    return {"object": "list", "data": data, "model": model, "usage": usage}


def vector(text: str, size: int) -> list[float]:
    """Return a vector of length 1 in which texts that share words point in similar directions."""
    values = [0.0] * size
    for word in text.lower().split() or [""]:
        for twist in range(8):
            place = number(word, str(twist))
            values[place % size] += 1.0 if place >> 32 & 1 else -1.0
    length = sum(value * value for value in values) ** 0.5 or 1.0
    return [value / length for value in values]


def _packed(values: Sequence[float]) -> str:
    return base64.b64encode(struct.pack(f"<{len(values)}f", *values)).decode()


def _inputs(value: Any) -> list[str]:
    """Return the inputs as texts: a string, strings, token numbers, or lists of them."""
    if isinstance(value, str):
        return [value]
    if value and isinstance(value[0], int):
        return [" ".join(map(str, value))]
    return [each if isinstance(each, str) else " ".join(map(str, each)) for each in value]


def _detail(problem: Problem) -> dict[str, Any]:
    _, kind, code = _WORDS[problem.kind]
    return {"message": problem.message, "type": kind, "param": problem.param, "code": code}
