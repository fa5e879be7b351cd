"""OpenAI's stream, and those of servers like it, as events."""

import json
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.raw_server import SSE
from tests.unit.providers.openai.samples import ASK, TEXT, TEXT_EVENTS, TOOL_EVENTS, TOOLS, choice, one, play
from ultra.domain.chat import (
    Delta,
    Finished,
    PartEnded,
    PartStarted,
    Usage,
    UsageReported,
)
from ultra.domain.errors import (
    Overloaded,
    Truncated,
    UltraError,
)
from ultra.protocols.sse import Decoder
from ultra.providers import OpenAI

STREAMS = [pytest.param(TEXT, TEXT_EVENTS, id="text"), pytest.param(TOOLS, TOOL_EVENTS, id="tools")]


@pytest.mark.parametrize(("stream", "events"), STREAMS)
def test_reads_a_stream_cut_anywhere(pure, stream, events):
    """Two chunks split at every byte give the same events."""
    for cut in range(len(stream) + 1):
        assert play(pure(OpenAI), (stream[:cut], stream[cut:])) == events


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, len(TEXT)), max_size=30))
def test_reads_a_stream_in_any_pieces(pure, cuts):
    """However the network cuts a stream, the events are the same."""
    edges = [0, *sorted(cuts), len(TEXT)]
    assert play(pure(OpenAI), [TEXT[start:end] for start, end in pairwise(edges)]) == TEXT_EVENTS


async def test_reads_a_stream_byte_by_byte_from_the_socket(make, server, listen):
    """A slow drip over a real socket gives the same events."""
    server.plan(SSE, *[part for byte in range(len(TEXT)) for part in (TEXT[byte : byte + 1], 0.0)])
    assert await listen(make(OpenAI), ASK) == (TEXT_EVENTS, None)


def test_shows_reasoning_of_compatible_servers(pure):
    """Reasoning comes under several names and as Mistral's typed content."""
    for delta in (
        {"reasoning_content": "hm"},
        {"reasoning": "hm"},
        {"reasoning": "hm", "reasoning_content": "hm"},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]},
    ):
        events = one(
            pure(OpenAI), choice(delta), choice({"content": [{"type": "text", "text": "so"}]}), choice({}, "stop")
        )
        assert events[1:-1] == [
            PartStarted(0, "reasoning"),
            Delta(0, "hm"),
            PartEnded(0),
            PartStarted(1, "text"),
            Delta(1, "so"),
            PartEnded(1),
        ]


def test_tells_tool_calls_apart_without_index(pure):
    """Servers that leave out index and id, or send arguments as an object, are understood."""
    calls = [
        {"function": {"name": "f", "arguments": {"x": 1}}},
        {"id": "b", "function": {"name": "g", "arguments": "{"}},
    ]
    more = [{"function": {"arguments": "}"}}]
    events = one(pure(OpenAI), choice({"tool_calls": calls}), choice({"tool_calls": more}), choice({}, "stop"))
    assert events[1:] == [
        PartStarted(0, "tool_call", "call_1", "f"),
        Delta(0, '{"x":1}'),
        PartStarted(1, "tool_call", "b", "g"),
        Delta(1, "{"),
        Delta(1, "}"),
        PartEnded(0),
        PartEnded(1),
        Finished("tool_calls", "stop"),
    ]


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("model_length", "length"),
        ("content_filter", "filtered"),
        ("function_call", "tool_calls"),
        ("brand_new", "stop"),
    ],
)
def test_knows_why_it_ended(pure, word, reason):
    """Each finish reason has its meaning; an unknown one is a stop whose own word is kept."""
    assert one(pure(OpenAI), choice({"content": "x"}, word))[-1] == Finished(reason, word)


def test_calls_a_refusal_a_refusal(pure):
    """A refusal is a part of its own and the reason of the end."""
    events = one(pure(OpenAI), choice({"refusal": "I can't."}, "stop"))
    assert events[1:] == [PartStarted(0, "refusal"), Delta(0, "I can't."), PartEnded(0), Finished("refusal", "stop")]


def test_an_end_that_is_none_is_an_error(pure):
    """A server that gave up in the middle has failed, whatever it calls that."""
    with pytest.raises(Overloaded):
        one(pure(OpenAI), choice({"content": "x"}, "insufficient_system_resource"))


def test_counts_reasoning_that_stands_beside_the_completion(pure):
    """Where the total shows that reasoning is not in the completion, it is added."""
    usage = {
        "prompt_tokens": 1,
        "completion_tokens": 2,
        "total_tokens": 6,
        "completion_tokens_details": {"reasoning_tokens": 3},
    }
    assert UsageReported(Usage(1, output_total=5, output_reasoning=3)) in one(
        pure(OpenAI), choice({}, "stop"), {"choices": [], "usage": usage}
    )


def test_done_without_a_reason_is_truncated(pure):
    """The terminator alone does not make an answer whole."""
    with pytest.raises(Truncated):
        play(pure(OpenAI), [b'data: {"id":"1","choices":[{"index":0,"delta":{"content":"x"}}]}\n\ndata: [DONE]\n\n'])


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    chunk=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "id",
                        "choices",
                        "delta",
                        "index",
                        "content",
                        "tool_calls",
                        "function",
                        "usage",
                        "error",
                        "finish_reason",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=20,
    )
)
def test_survives_any_json(pure, chunk):
    """Whatever a chunk holds, it is read, ignored or refused as one of our errors."""
    decoder = pure(OpenAI).decoder(ASK)
    frames = Decoder().feed(b"data: " + json.dumps(chunk).encode() + b"\n\n")
    with suppress(UltraError):
        for frame in frames:
            list(decoder.decode(frame))
