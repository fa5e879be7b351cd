"""Scenarios in which an answer begins and does not properly end, or does not come at a proper speed."""

from collections.abc import Iterator
from dataclasses import replace

from ultra.domain.chat import Text
from ultra.mock.faults.act import Act
from ultra.mock.steps import HangUp, Head, Reset, Send, Step, Wait, after_tokens, among_tokens, half

_FOREVER_S = 3600.0
_DRIP_S = 0.01
_DRIPS = 400
_FACE = "🙂"


def reset_before_headers(_act: Act) -> Iterator[Step]:
    """Reset the connection before a byte was answered."""
    yield Reset()


def reset_after_headers(act: Act) -> Iterator[Step]:
    """Send status and headers, then reset the connection."""
    yield act.head()
    yield Wait(0)
    yield Reset()


def reset_mid_event(act: Act) -> Iterator[Step]:
    """Reset the connection in the middle of an event, after `after` pieces of the answer."""
    return after_tokens(act.normal(), act.pieces, [Send(half(_next_frame(act))), Reset()])


def close_mid_event(act: Act) -> Iterator[Step]:
    """Close the connection (FIN) in the middle of an event, without ending the body."""
    return after_tokens(act.normal(), act.pieces, [Send(half(_next_frame(act))), HangUp()])


def half_utf8(act: Act) -> Iterator[Step]:
    """End the body regularly in the middle of a UTF-8 character."""
    frame = _frame_saying(act, _FACE)
    at = frame.index(_FACE.encode())
    return after_tokens(act.unmeasured(), act.pieces, [Send(frame[: at + 2])])


def no_terminator(act: Act) -> Iterator[Step]:
    """Send every piece of the answer but nothing that announces its end; end the body regularly."""
    for step in act.unmeasured():
        if isinstance(step, Send) and step.last:
            if not act.call.stream:
                yield Send(half(step.data))
            return
        yield step


def no_last_event(act: Act) -> Iterator[Step]:
    """Leave out the very last frame only (`[DONE]`, `message_stop`); the reason of the end was sent."""
    held: Step | None = None
    for step in act.unmeasured():
        if held is not None:
            yield held
        held = step
    if not act.call.stream and held is not None:
        yield held


def stall(act: Act) -> Iterator[Step]:
    """Fall silent after `after` pieces of the answer for so many seconds (an hour), then go on."""
    seconds = _FOREVER_S if act.settings.seconds is None else act.settings.seconds
    return among_tokens(act.normal(), act.pieces, Wait(seconds))


def slow_start(act: Act) -> Iterator[Step]:
    """Wait so many seconds (an hour) before status and headers."""
    yield Wait(_FOREVER_S if act.settings.seconds is None else act.settings.seconds)
    yield from act.normal()


def silent(act: Act) -> Iterator[Step]:
    """Send status and headers at once, then nothing for so many seconds (an hour)."""
    first = True
    for step in act.normal():
        yield step
        if first and isinstance(step, Head):
            yield Wait(_FOREVER_S if act.settings.seconds is None else act.settings.seconds)
            first = False


def drip(act: Act) -> Iterator[Step]:
    """Send a few bytes at a time with a pause between (`drip-50ms`), cutting events and characters anywhere."""
    pause = _DRIP_S if act.settings.seconds is None else act.settings.seconds
    steps = list(act.normal())
    whole = b"".join(step.data for step in steps if isinstance(step, Send))
    size = max(len(whole) // _DRIPS, 1)
    yield from (step for step in steps if isinstance(step, Head))
    for at in range(0, len(whole), size):
        yield Send(whole[at : at + size], token=True)
        yield Wait(pause)


def _next_frame(act: Act) -> bytes:
    """Return bytes that will be cut: a frame of this answer, or its whole body."""
    return _frame_saying(act, "and so on")


def _frame_saying(act: Act, words: str) -> bytes:
    if act.play is None:
        return b'{"object":"list","note":"' + words.encode() + b'"}'
    completion = replace(act.play(), parts=(Text(words),))
    sends = [step for step in act.normal(completion) if isinstance(step, Send)]
    return next((send.data for send in sends if send.token), sends[-1].data)
