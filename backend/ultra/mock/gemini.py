"""Gemini's wire: generateContent and its stream, token counts, embeddings, models with pages."""

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, ClassVar

from ultra.domain.chat import ChatRequest, Delta, Finished, PartEnded
from ultra.domain.completion import Completion
from ultra.mock.openai import vector
from ultra.mock.problems import Kind, Problem
from ultra.mock.script import events
from ultra.mock.steps import Send, Step
from ultra.mock.wire import Call, Wire, dumps
from ultra.protocols import gemini_generate, sse

_WORDS: Mapping[Kind, tuple[int, str]] = {
    "invalid": (400, "INVALID_ARGUMENT"),
    "context": (400, "INVALID_ARGUMENT"),
    "auth": (400, "INVALID_ARGUMENT"),
    "billing": (403, "PERMISSION_DENIED"),
    "forbidden": (403, "PERMISSION_DENIED"),
    "not_found": (404, "NOT_FOUND"),
    "conflict": (409, "ABORTED"),
    "too_large": (413, "INVALID_ARGUMENT"),
    "rate": (429, "RESOURCE_EXHAUSTED"),
    "quota": (429, "RESOURCE_EXHAUSTED"),
    "server": (500, "INTERNAL"),
    "unavailable": (503, "UNAVAILABLE"),
    "timeout": (504, "DEADLINE_EXCEEDED"),
    "overloaded": (503, "UNAVAILABLE"),
}
_TYPE = "type.googleapis.com/google.rpc."
_DIMENSIONS = 768


class GeminiWire(Wire):
    """generateContent. A stream has no terminator: only its last response has a `finishReason`."""

    name: ClassVar[str] = "gemini"

    def key(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """Return the key from `x-goog-api-key` or `?key=`."""
        return headers.get("x-goog-api-key", "").strip() or query.get("key") or None

    def parse(self, call: Call) -> ChatRequest:
        """Read `…:generateContent`, `…:streamGenerateContent` or `…:countTokens`."""
        if call.path.endswith(":countTokens"):
            return gemini_generate.parse_count(call.body, model=call.model)
        return gemini_generate.parse(call.body, model=call.model, stream=call.stream)

    def whole(self, completion: Completion, call: Call) -> dict[str, Any]:
        """Return a `GenerateContentResponse`."""
        del call
        return gemini_generate.answer(completion, id=completion.id, model=completion.model)

    def stream(self, completion: Completion, call: Call) -> Iterator[Send]:
        """Return whole responses with new parts each: as events with `alt=sse`, else as one JSON array."""
        sends = self._responses(completion)
        return sends if call.query.get("alt") == "sse" else _as_array(sends)

    def headers(self, call: Call) -> dict[str, str]:
        """Return what Google's front end adds; there is no request id and no rate header."""
        del call
        return {"server-timing": "gfet4t7; dur=1", "vary": "Origin, X-Origin, Referer"}

    def stream_headers(self, call: Call) -> dict[str, str]:
        """Return an event stream's type without a charset, as Google does; JSON's where an array was asked for."""
        kind = "text/event-stream" if call.query.get("alt") == "sse" else "application/json; charset=UTF-8"
        return {"content-type": kind, "cache-control": "no-cache"}

    def explain(self, problem: Problem, call: Call) -> tuple[int, dict[str, str], dict[str, Any]]:
        """Return Google's error; a rate limit says `RetryInfo`, a bad key `API_KEY_INVALID`."""
        del call
        error = _detail(problem)
        return error["code"], {}, {"error": error}

    def break_off(self, problem: Problem, call: Call) -> Send:
        """Return a response with `error` as its first key."""
        body = dumps({"error": _detail(problem)})
        return Send(self.frame(body, event="") if call.query.get("alt") == "sse" else b",\r\n" + body + b"]")

    def block(self, completion: Completion, call: Call) -> Completion | Iterator[Step]:
        """Answer with `promptFeedback` and no candidates."""
        del call
        return replace(completion, parts=(), finish=Finished("filtered"))

    def frame(self, body: bytes, *, event: str) -> bytes:
        """Return a data frame with CRLF line ends."""
        del event
        return sse.encode(body, newline=b"\r\n")

    @property
    def keepalive(self) -> bytes:
        """A blank line: anything else breaks this vendor's clients."""
        return b"\r\n"

    def _responses(self, completion: Completion) -> Iterator[Send]:
        writer = gemini_generate.ChunkWriter(id=completion.id, model=completion.model)
        for event in events(completion):
            for frame in writer.write(event):
                yield Send(frame, token=isinstance(event, Delta | PartEnded))
        for frame in writer.end():
            yield Send(frame, last=True)


def embed(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return `…:batchEmbedContents`: one vector per request that depends on its words only."""
    made = []
    for each in body.get("requests", ()):
        parts = each.get("content", {}).get("parts", ())
        text = " ".join(str(part.get("text", "")) for part in parts)
        size = int(each.get("outputDimensionality") or each.get("output_dimensionality") or _DIMENSIONS)
        made.append({"values": vector(text, size)})
    return {"embeddings": made}


def _as_array(sends: Iterator[Send]) -> Iterator[Send]:
    opening = b"["
    for send in sends:
        begin, end = send.data.find(b"{"), send.data.rfind(b"}") + 1
        closing = b"]" if send.last else b""
        yield replace(send, data=opening + send.data[begin:end] + closing)
        opening = b",\r\n"


def _detail(problem: Problem) -> dict[str, Any]:
    usual, word = _WORDS[problem.kind]
    found: dict[str, Any] = {"code": problem.status or usual, "message": problem.message, "status": word}
    details = _details(problem)
    return found | ({"details": details} if details else {})


def _details(problem: Problem) -> list[dict[str, Any]]:
    if problem.kind == "auth":
        return [
            {
                "@type": f"{_TYPE}ErrorInfo",
                "reason": "API_KEY_INVALID",
                "domain": "googleapis.com",
                "metadata": {"service": "generativelanguage.googleapis.com"},
            }
        ]
    if problem.kind == "quota":
        violation = {"quotaMetric": "generate_content_requests", "quotaId": "GenerateRequestsPerDay"}
        return [{"@type": f"{_TYPE}QuotaFailure", "violations": [violation]}]
    if problem.kind == "rate" and problem.retry_s is not None and problem.in_vendor_words:
        return [{"@type": f"{_TYPE}RetryInfo", "retryDelay": f"{problem.retry_s:g}s"}]
    return []
