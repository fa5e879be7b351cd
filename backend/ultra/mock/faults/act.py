"""One answer about to be given, as a scenario sees it: what would be sent, and the means to send something else."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson

from ultra.domain.completion import Completion
from ultra.mock import tokens
from ultra.mock.pace import Pace
from ultra.mock.problems import Problem
from ultra.mock.steps import Head, Send, Step, Wait
from ultra.mock.wire import Call, Wire, dumps, reply

Change: TypeAlias = Callable[[dict[str, Any]], Mapping[str, Any] | None]
"""Rewrites one JSON object of an answer; None drops it."""

_PIECES = 3


@dataclass(frozen=True, slots=True)
class Settings:
    """The numbers of a scenario: after how many pieces or calls, how many seconds, and a bare number (a status)."""

    count: int | None = None
    seconds: float | None = None
    number: int | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """A call with its wire. `play` writes the scripted answer; `plain` is the reply of a route that is no chat.

    `earlier` counts the calls of this model before this one.
    """

    wire: Wire
    call: Call
    pace: Pace
    settings: Settings = Settings()
    earlier: int = 0
    play: Callable[[], Completion] | None = None
    plain: Callable[[], Mapping[str, Any]] | None = None

    @property
    def pieces(self) -> int:
        """After how many pieces of the answer something happens."""
        return _PIECES if self.settings.count is None else self.settings.count

    def normal(self, completion: Completion | None = None, *, change: Change | None = None) -> Iterator[Step]:
        """Return the steps of the answer, paced; `change` rewrites every JSON object in it."""
        if completion is None and self.play is not None:
            completion = self.play()
        if completion is None:
            body = dict(self.plain()) if self.plain is not None else {}
            return reply(200, self.wire.headers(self.call), _changed(body, change))
        return self._streamed(completion, change) if self.call.stream else self._whole(completion, change)

    def refuse(self, problem: Problem) -> Iterator[Step]:
        """Return the steps of a problem instead of an answer."""
        return self.wire.refuse(problem, self.call)

    def head(self, *, status: int = 200, media_type: str | None = None) -> Head:
        """Return status and headers as the vendor begins an answer, without a length."""
        streams = self.call.stream and media_type is None
        own = self.wire.stream_headers(self.call) if streams else {"content-type": media_type or "application/json"}
        return Head(status, {**own, **self.wire.headers(self.call)})

    def unmeasured(self) -> Iterator[Step]:
        """Return the normal steps without an announced length, so that an early end looks regular to HTTP."""
        for step in self.normal():
            yield Head(step.status, step.headers) if isinstance(step, Head) else step

    def _streamed(self, completion: Completion, change: Change | None) -> Iterator[Step]:
        yield self.head()
        pace = self.pace
        if pace.first_token_s > 0:
            yield Wait(pace.first_token_s)
        for send in self.wire.stream(completion, self.call):
            if send.token and pace.token_s > 0:
                yield Wait(pace.token_s)
            if change is None:
                yield send
            elif (data := rewrite(send.data, change)) is not None:
                yield Send(data, token=send.token, last=send.last)

    def _whole(self, completion: Completion, change: Change | None) -> Iterator[Step]:
        seconds = self.pace.first_token_s + self.pace.token_s * tokens.count_parts(completion.parts)
        if seconds > 0:
            yield Wait(seconds)
        yield from reply(200, self.wire.headers(self.call), _changed(self.wire.whole(completion, self.call), change))


def rewrite(data: bytes, change: Change) -> bytes | None:
    """Apply a change to the JSON object inside a frame, whatever the framing; None when the frame is dropped."""
    begin, end = data.find(b"{"), data.rfind(b"}") + 1
    if begin < 0:
        return data
    changed = change(orjson.loads(data[begin:end]))
    return None if changed is None else data[:begin] + dumps(changed) + data[end:]


def _changed(body: dict[str, Any], change: Change | None) -> Mapping[str, Any]:
    if change is None:
        return body
    changed = change(body)
    return {} if changed is None else changed
