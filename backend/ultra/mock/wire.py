"""The promise of a vendor's wire: how it asks for a key, reads a request, and says answers and problems."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, ClassVar

import orjson

from ultra.domain.chat import ChatRequest
from ultra.domain.completion import Completion
from ultra.mock.problems import Problem
from ultra.mock.steps import Head, Send, Step


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP request as it came: header names in lower case, `body` as parsed JSON, `at` when it came (UTC)."""

    provider: str
    model: str
    request_id: str
    at: datetime
    path: str
    headers: Mapping[str, str]
    body: Mapping[str, Any] = field(default_factory=dict)
    stream: bool = False
    query: Mapping[str, str] = field(default_factory=dict)


class Wire(ABC):
    """One vendor's wire. Everything is pure: values in, steps and bytes out."""

    name: ClassVar[str]

    @abstractmethod
    def key(self, headers: Mapping[str, str], query: Mapping[str, str]) -> str | None:
        """Return the API key, wherever this vendor's clients put it; None when there is none."""

    @abstractmethod
    def parse(self, call: Call) -> ChatRequest:
        """Read a chat request; raises `InvalidRequest`."""

    @abstractmethod
    def whole(self, completion: Completion, call: Call) -> dict[str, Any]:
        """Return the body of an answer that is not streamed."""

    @abstractmethod
    def stream(self, completion: Completion, call: Call) -> Iterator[Send]:
        """Return the frames of a streamed answer, one `Send` each."""

    @abstractmethod
    def headers(self, call: Call) -> dict[str, str]:
        """Return the headers this vendor adds to every answer: request id, rate limits, version."""

    @abstractmethod
    def explain(self, problem: Problem, call: Call) -> tuple[int, dict[str, str], dict[str, Any]]:
        """Return status, headers and body of a problem before the first byte."""

    @abstractmethod
    def break_off(self, problem: Problem, call: Call) -> Send:
        """Return the frame that tells of a problem inside a stream."""

    @abstractmethod
    def frame(self, body: bytes, *, event: str) -> bytes:
        """Return one frame of a stream around any bytes; `event` is used where this wire names its events."""

    @abstractmethod
    def block(self, completion: Completion, call: Call) -> Completion | Iterator[Step]:
        """Return what answers a prompt that is not answered at all; `completion` is what would have been said."""

    @property
    @abstractmethod
    def keepalive(self) -> bytes:
        """What may legally stand between two frames of a stream."""

    def stream_headers(self, call: Call) -> dict[str, str]:
        """Return the headers that belong to a streamed answer."""
        del call
        return {
            "content-type": "text/event-stream; charset=utf-8",
            "cache-control": "no-cache",
            "x-accel-buffering": "no",
        }

    def refuse(self, problem: Problem, call: Call) -> Iterator[Step]:
        """Return the steps of a problem before the first byte."""
        status, headers, body = self.explain(problem, call)
        yield from reply(status, {**self.headers(call), **headers, **problem.headers}, body)


def reply(status: int, headers: Mapping[str, str], body: Mapping[str, Any]) -> Iterator[Step]:
    """Return the steps of a whole JSON answer."""
    data = dumps(body)
    yield Head(status, {"content-type": "application/json", **headers}, length=len(data))
    yield Send(data, last=True)


def dumps(body: Any) -> bytes:
    """Write JSON as vendors do: compact, UTF-8."""
    return orjson.dumps(body)
