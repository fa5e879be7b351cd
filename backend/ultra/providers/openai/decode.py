"""OpenAI's chunks as events, also as compatible servers write them."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from ultra.domain.chat import Delta, Event, Finished, FinishReason, Started, Usage, UsageReported
from ultra.domain.errors import Overloaded, Truncated, UltraError, UpstreamFailed
from ultra.protocols.sse import Frame
from ultra.providers.loose_json import count, dump, mapping, parse_object, sequence, text, word
from ultra.providers.parts import PartWriter

FINISH: Mapping[str, FinishReason] = {
    "stop": "stop",
    "eos": "stop",
    "length": "length",
    "max_tokens": "length",
    "model_length": "length",
    "tool_calls": "tool_calls",
    "function_call": "tool_calls",
    "content_filter": "filtered",
}
"""Words for the end; any other means `stop`, with the word kept in `raw_reason`."""

_BROKEN_OFF: Mapping[str, type[UltraError]] = {
    "error": UpstreamFailed,
    "insufficient_system_resource": Overloaded,
}
"""Words for an end that is none: the server gave up."""


class OpenAIDecoder:
    """Reads one answer. `in_band` turns an error object inside the stream into the error to raise."""

    def __init__(
        self,
        *,
        provider: str,
        model: str,
        reasoning_fields: tuple[str, ...],
        in_band: Callable[[Any], UltraError],
        new_id: Callable[[str], str],
    ) -> None:
        self._provider = provider
        self._model = model
        self._reasoning_fields = reasoning_fields
        self._in_band = in_band
        self._new_id = new_id
        self._parts = PartWriter()
        self._calls: dict[int | str, int] = {}
        self._ids: set[str] = set()
        self._last_call: int | str | None = None
        self._has_started = False
        self._called = False
        self._refused = False
        self._reason: str | None = None

    @property
    def is_complete(self) -> bool:
        """Has a finish reason come? `[DONE]` is not required."""
        return self._reason is not None

    def decode(self, frame: Frame) -> Iterator[Event]:
        """Return the events of one chunk."""
        if frame.data.strip() == b"[DONE]":
            yield from self.end()
            return
        chunk = parse_object(frame.data, self._provider)
        if chunk.get("error") or frame.event == "error":
            raise self._in_band(chunk.get("error") or chunk)
        choices = sequence(chunk.get("choices"))
        if not self._has_started and (choices or text(chunk.get("id"))):
            self._has_started = True
            yield Started(text(chunk.get("id")), self._provider, text(chunk.get("model")) or self._model)
        for choice in map(mapping, choices):
            if not choice.get("index") or count(choice["index"]) == 0:
                yield from self._choice(choice)
        if told := chunk.get("usage") or mapping(chunk.get("x_groq")).get("usage"):
            usage = read_usage(told)
            if usage is not None:
                yield UsageReported(usage)

    def end(self) -> Iterator[Event]:
        """Return `Finished`, or raise `Truncated` when no finish reason came."""
        if self._reason is None:
            raise Truncated(f"{self._provider} ended the stream before it finished its answer.")
        if self._reason in _BROKEN_OFF:
            raise _BROKEN_OFF[self._reason](f"{self._provider} broke off its answer: {self._reason}.")
        reason = FINISH.get(self._reason, "stop")
        if reason == "stop" and self._called:
            reason = "tool_calls"
        elif reason == "stop" and self._refused:
            reason = "refusal"
        yield Finished(reason, self._reason)

    def _choice(self, choice: dict[str, Any]) -> Iterable[Event]:
        if self._reason is not None:
            return ()
        delta = mapping(choice.get("delta")) or mapping(choice.get("message"))
        events: list[Event] = []
        for name in self._reasoning_fields:
            if said := text(delta.get(name)):
                events += self._parts.text("reasoning", said)
                break
        if content := delta.get("content"):
            events += self._content(content)
        if refusal := text(delta.get("refusal")):
            self._refused = True
            events += self._parts.text("refusal", refusal)
        if calls := delta.get("tool_calls"):
            for call in sequence(calls):
                events += self._call(mapping(call))
        if function := delta.get("function_call"):
            events += self._call({"index": "function_call", "function": function})
        if reason := text(choice.get("finish_reason")):
            self._reason = reason
            events += self._parts.close()
        return events

    def _content(self, content: Any) -> Iterable[Event]:
        if isinstance(content, str):
            return self._parts.text("text", content)
        events: list[Event] = []
        for piece in map(mapping, sequence(content)):
            if piece.get("type") == "thinking":
                for thought in map(mapping, sequence(piece.get("thinking"))):
                    events += self._parts.text("reasoning", text(thought.get("text")))
            else:
                events += self._parts.text("text", text(piece.get("text")))
        return events

    def _call(self, call: dict[str, Any]) -> Iterator[Event]:
        function = mapping(call.get("function"))
        key = self._key(call)
        if key not in self._calls:
            index, events = self._parts.open_call(self._unique(text(call.get("id"))), text(function.get("name")))
            self._calls[key] = index
            self._called = True
            yield from events
        self._last_call = key
        whole = mapping(function.get("arguments"))
        fragment = dump(whole).decode() if whole else text(function.get("arguments"))
        if fragment:
            yield Delta(self._calls[key], fragment)

    def _key(self, call: dict[str, Any]) -> int | str:
        """Tell calls apart by `index`; where a server leaves it out, a new id begins a new call."""
        index = call.get("index")
        if isinstance(index, (int, str)):
            return index
        known = text(call.get("id"))
        if known or self._last_call is None:
            return known or "first"
        return self._last_call

    def _unique(self, tool_id: str) -> str:
        """Return the vendor's id, or one made up where it gave none or the same one twice."""
        if not tool_id or tool_id in self._ids:
            tool_id = self._new_id("call")
        self._ids.add(tool_id)
        return tool_id


def read_usage(value: Any) -> Usage | None:
    """Return what a usage object says, in our words; None when there is none."""
    usage = mapping(value)
    if not usage:
        return None
    given = mapping(usage.get("prompt_tokens_details"))
    made = mapping(usage.get("completion_tokens_details"))
    prompt, completion = count(usage.get("prompt_tokens")), count(usage.get("completion_tokens"))
    reasoning = count(made.get("reasoning_tokens"))
    if reasoning and count(usage.get("total_tokens")) == prompt + completion + reasoning:
        completion += reasoning  # some servers count reasoning beside the completion instead of in it
    return Usage(
        input_total=prompt,
        input_cached=count(given.get("cached_tokens")) or count(usage.get("prompt_cache_hit_tokens")),
        cache_write_5m=count(given.get("cache_write_tokens")),
        output_total=completion,
        output_reasoning=reasoning,
    )


def error_words(error: Any) -> tuple[tuple[str, ...], str, str | None]:
    """Return code and type, message and param out of an error of any of the shapes that are in use."""
    if isinstance(error, str):
        return (), error, None
    said = mapping(error)
    message = text(said.get("message")) or text(said.get("detail")) or text(said.get("error"))
    words = (word(said.get("code")), word(said.get("type")))
    return tuple(each for each in words if each), message, word(said.get("param"))
