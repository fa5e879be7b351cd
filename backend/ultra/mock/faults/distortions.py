"""Scenarios in which an answer arrives, but not as the protocol or the client expects it."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from ultra.domain.chat import Finished, Refusal, Text, ToolCall
from ultra.domain.completion import Completion
from ultra.mock.faults.act import Act
from ultra.mock.problems import Problem
from ultra.mock.steps import Head, Send, Step, after_tokens, among_tokens

_HUGE = 1_500_000
_UNHEARD_OF = "mock_unheard_of"
_REASONS = frozenset({"finish_reason", "stop_reason", "finishReason"})
_USAGES = frozenset({"usage", "usageMetadata"})


def error_in_stream(act: Act) -> Iterator[Step]:
    """Report an overload inside the stream after `after` pieces; an answer sent whole is refused instead."""
    problem = Problem("overloaded", "Overloaded.")
    if not act.call.stream:
        return act.refuse(problem)
    return after_tokens(act.normal(), act.pieces, [act.wire.break_off(problem, act.call)])


def server_error_in_stream(act: Act) -> Iterator[Step]:
    """Report an internal error inside the stream after `after` pieces; an answer sent whole is refused instead."""
    problem = Problem("server", "The server had an error while processing your request.")
    if not act.call.stream:
        return act.refuse(problem)
    return after_tokens(act.normal(), act.pieces, [act.wire.break_off(problem, act.call)])


def invalid_json(act: Act) -> Iterator[Step]:
    """Put an event with broken JSON between the others; an answer sent whole is broken itself."""
    broken = b'{"id": "broken", "choices": [{'
    if not act.call.stream:
        yield Head(200, {"content-type": "application/json", **act.wire.headers(act.call)}, length=len(broken))
        yield Send(broken, last=True)
        return
    yield from _insert(act, act.wire.frame(broken, event="content_block_delta"))


def unknown_event(act: Act) -> Iterator[Step]:
    """Put an event of an unheard-of type between the others."""
    body = b'{"type":"mock_unheard_of","mock":{"level":1}}'
    yield from _insert(act, act.wire.frame(body, event=_UNHEARD_OF)) if act.call.stream else act.normal()


def unknown_field(act: Act) -> Iterator[Step]:
    """Add a field nobody has heard of to every object of the answer."""
    return act.normal(change=lambda body: {**body, _UNHEARD_OF: {"level": 1, "words": ["a", "b"]}})


def unknown_finish(act: Act) -> Iterator[Step]:
    """End with a reason nobody has heard of."""
    return act.normal(change=_replace_reason)


def empty_choices(act: Act) -> Iterator[Step]:
    """Answer without any choice, candidate or content."""
    return act.normal(change=_without_choices)


def no_usage(act: Act) -> Iterator[Step]:
    """Answer without token counts."""
    return act.normal(change=lambda body: _without(body, _USAGES))


def huge_event(act: Act) -> Iterator[Step]:
    """Send one event larger than a mebibyte."""
    if act.play is None:
        return act.normal(change=lambda body: {**body, _UNHEARD_OF: "x" * _HUGE})
    return act.normal(change=_enlarge_once())


def duplicate_tool_ids(act: Act) -> Iterator[Step]:
    """Give every tool call of the answer the same id; a single call is made twice."""

    def change(completion: Completion) -> Completion:
        calls = [part for part in completion.parts if isinstance(part, ToolCall)]
        if not calls:
            return completion
        others = tuple(part for part in completion.parts if not isinstance(part, ToolCall))
        doubled = calls if len(calls) > 1 else calls * 2
        return replace(completion, parts=(*others, *(replace(call, id="call_twice") for call in doubled)))

    return _played(act, change)


def invalid_tool_args(act: Act) -> Iterator[Step]:
    """Write arguments that are not JSON."""

    def change(completion: Completion) -> Completion:
        parts = (
            replace(part, args_json=part.args_json[:-1] + ', "oops') if isinstance(part, ToolCall) else part
            for part in completion.parts
        )
        return replace(completion, parts=tuple(parts))

    return _played(act, change)


def refusal(act: Act) -> Iterator[Step]:
    """Decline in the model's own words."""
    words = "I'm sorry, but I can't help with that."
    return _played(act, lambda completion: replace(completion, parts=(Refusal(words),), finish=Finished("refusal")))


def filtered(act: Act) -> Iterator[Step]:
    """Break off after the first words because a filter objected."""

    def change(completion: Completion) -> Completion:
        return replace(completion, parts=(Text(completion.text[:20]),), finish=Finished("filtered"))

    return _played(act, change)


def blocked(act: Act) -> Iterator[Step]:
    """Refuse to answer the prompt at all, in the vendor's own way."""
    if act.play is None:
        return act.normal()
    found = act.wire.block(act.play(), act.call)
    return found if not isinstance(found, Completion) else act.normal(found)


def cut_at_limit(act: Act) -> Iterator[Step]:
    """Stop after the first words because the output limit was reached."""

    def change(completion: Completion) -> Completion:
        return replace(completion, parts=(Text(completion.text[:20]),), finish=Finished("length"))

    return _played(act, change)


def keepalives(act: Act) -> Iterator[Step]:
    """Put what is legal between events, and nothing else: comments, pings or blank lines."""
    for step in act.normal():
        yield step
        if act.call.stream and isinstance(step, Send) and not step.last and act.wire.keepalive:
            yield Send(act.wire.keepalive)


def odd_framing(act: Act) -> Iterator[Step]:
    """Frame events legally but unusually: CRLF line ends, no space after the colon, a comment in each event."""
    for step in act.normal():
        if isinstance(step, Send) and act.call.stream:
            data = step.data.replace(b"\r\n", b"\n").replace(b"\ndata: ", b"\ndata:").replace(b"\n", b"\r\n")
            data = data[:5] + data[6:] if data.startswith(b"data: ") else data
            yield replace(step, data=data if data[:1] in b"[,]" else b": odd\r\n" + data)
        else:
            yield step


def _played(act: Act, change: Callable[[Completion], Completion]) -> Iterator[Step]:
    return act.normal() if act.play is None else act.normal(change(act.play()))


def _insert(act: Act, frame: bytes) -> Iterator[Step]:
    return among_tokens(act.normal(), act.pieces, Send(frame))


def _replace_reason(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: _UNHEARD_OF if name in _REASONS and inner is not None else _replace_reason(inner)
            for name, inner in value.items()
        }
    return [_replace_reason(inner) for inner in value] if isinstance(value, list) else value


def _without(value: Any, names: frozenset[str]) -> Any:
    if isinstance(value, dict):
        return {name: _without(inner, names) for name, inner in value.items() if name not in names}
    return [_without(inner, names) for inner in value] if isinstance(value, list) else value


def _without_choices(body: dict[str, Any]) -> Mapping[str, Any] | None:
    if str(body.get("type", "")).startswith("content_block"):
        return None
    return {name: [] if name in ("choices", "candidates", "content") else inner for name, inner in body.items()}


def _enlarge_once() -> Callable[[dict[str, Any]], Mapping[str, Any]]:
    """Return a change that makes the first text it meets huge."""
    done = False

    def enlarge(value: Any) -> Any:
        nonlocal done
        if isinstance(value, list):
            return [enlarge(inner) for inner in value]
        if not isinstance(value, dict):
            return value
        made = {}
        for name, inner in value.items():
            if not done and name in ("content", "text") and isinstance(inner, str) and inner:
                done = True
                made[name] = inner + " " + "x" * _HUGE
            else:
                made[name] = enlarge(inner)
        return made

    return enlarge
