"""Streams of events for property tests, and how to read back what a writer made of them."""

from collections.abc import Iterable, Sequence
from typing import Any

import orjson
from hypothesis import strategies as st

from ultra.domain.chat import (
    Delta,
    Event,
    Finished,
    PartEnded,
    PartKind,
    PartStarted,
    Started,
    Usage,
    UsageReported,
)
from ultra.domain.completion import Completion, Fold
from ultra.protocols.sse import Decoder, Frame

KINDS: tuple[PartKind, ...] = ("text", "reasoning", "refusal", "tool_call")
STARTED = Started("up_1", "mock", "m")
COUNTED = Usage(input_total=7, input_cached=2, output_total=5, output_reasoning=1)


@st.composite
def streams(draw: st.DrawFn) -> list[Event]:
    """Whole streams: any parts, one after the other or interleaved, usage reported once or twice, one end."""
    kinds = draw(st.lists(st.sampled_from(KINDS), max_size=4))
    lanes: list[list[Event]] = []
    for index, kind in enumerate(kinds):
        named = kind == "tool_call"
        start = PartStarted(index, kind, f"call_{index}" if named else None, f"tool_{index}" if named else None)
        pieces = draw(st.lists(st.text(max_size=5), max_size=3))
        body = ['{"q":"', *(orjson.dumps(piece).decode()[1:-1] for piece in pieces), '"}'] if named else pieces
        lanes.append([start, *(Delta(index, piece) for piece in body), PartEnded(index)])
    events: list[Event] = [STARTED]
    started: list[list[Event]] = []
    while lanes or started:
        if lanes and (not started or draw(st.booleans())):
            lane = lanes.pop(0)
            started.append(lane)
        else:
            lane = draw(st.sampled_from(started))
        events.append(lane.pop(0))
        started = [each for each in started if each]
    early = draw(st.booleans())
    if early:
        events.insert(1, UsageReported(Usage(input_total=7, input_cached=2)))
    finish = draw(st.sampled_from(("stop", "length", "filtered", "paused")))
    return [*events, UsageReported(COUNTED), Finished("tool_calls" if "tool_call" in kinds else finish)]


def fold(events: Iterable[Event]) -> Completion:
    """Return the answer that the events add up to."""
    folded = Fold()
    for event in events:
        folded.add(event)
    return folded.result()


def written(writer: Any, events: Sequence[Event], extra: dict[str, Any] | None = None) -> bytes:
    """Return the whole stream that a writer makes of the events."""
    frames = [frame for event in events for frame in writer.write(event)]
    return b"".join([*frames, *writer.end(extra)])


def frames(stream: bytes) -> list[Frame]:
    """Decode a whole stream; every one must end with a finished event."""
    decoder = Decoder()
    found = [*decoder.feed(stream), *decoder.close()]
    assert not decoder.pending
    return found
