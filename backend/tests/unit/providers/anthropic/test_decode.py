"""Anthropic's stream as events."""

import json
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.raw_server import SSE
from tests.unit.providers.anthropic.samples import ASK, BEGIN, EVENTS, STOP, STREAM, ended, play, sse
from ultra.domain.chat import (
    ChatRequest,
    Finished,
    Message,
    Opaque,
)
from ultra.domain.completion import Fold
from ultra.domain.errors import (
    ProtocolViolated,
    Truncated,
    UltraError,
)
from ultra.providers import Anthropic


def test_reads_a_stream_cut_anywhere(pure):
    """Two chunks split at every byte give the same events."""
    for cut in range(len(STREAM) + 1):
        assert play(pure(Anthropic), STREAM[:cut], STREAM[cut:]) == EVENTS


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=30))
def test_reads_a_stream_in_any_pieces(pure, cuts):
    """However the network cuts a stream, the events are the same."""
    edges = [0, *sorted(cuts), len(STREAM)]
    assert play(pure(Anthropic), *(STREAM[start:end] for start, end in pairwise(edges))) == EVENTS


async def test_reads_a_stream_from_the_socket(make, server, listen):
    """Over a real socket the events are the same."""
    server.plan(SSE, *(STREAM[start : start + 50] for start in range(0, len(STREAM), 50)))
    assert await listen(make(Anthropic), ASK) == (EVENTS, None)


def test_unknown_blocks_pass_unread(pure):
    """Blocks of the vendor's own come out whole, their pieces put in, and go back as they came."""
    block = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    piece = {"type": "input_json_delta", "partial_json": '{"q":"x"}'}
    stream = sse(
        BEGIN,
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": piece},
        {"type": "content_block_stop", "index": 0},
        {"type": "brand_new", "index": 9},
        ended("end_turn"),
        STOP,
    )
    fold = Fold()
    for event in play(pure(Anthropic), stream):
        fold.add(event)
    (part,) = fold.result().parts
    assert part == Opaque("anthropic", "claude-x", block | {"input": {"q": "x"}})
    call, losses = pure(Anthropic).encode(
        ChatRequest("claude-x", (Message("assistant", (part,)),), max_output_tokens=9)
    )
    assert json.loads(call.body)["messages"][0]["content"] == [part.raw]
    assert losses == ()


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("end_turn", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("pause_turn", "paused"),
        ("refusal", "refusal"),
        ("brand_new", "stop"),
    ],
)
def test_knows_why_it_ended(pure, word, reason):
    """Each stop reason has its meaning; an unknown one is a stop whose own word is kept."""
    assert play(pure(Anthropic), sse(BEGIN, ended(word), STOP))[-1] == Finished(reason, word)


def test_says_which_sequence_stopped_it(pure):
    """The matched stop sequence comes along."""
    events = play(pure(Anthropic), sse(BEGIN, ended("stop_sequence", stop_sequence="END"), STOP))
    assert events[-1] == Finished("stop", "stop_sequence", "END")


async def test_a_reason_without_the_stop_is_truncated(make, server, listen):
    """Only `message_stop` ends a message."""
    server.plan(SSE + sse(BEGIN, ended("end_turn")))
    _, error = await listen(make(Anthropic), ASK)
    assert type(error) is Truncated


@pytest.mark.parametrize(
    "stream",
    [
        ({"type": "content_block_start", "index": 0, "content_block": {"type": "text"}},),
        (BEGIN, {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "x"}}),
        (BEGIN, {"type": "content_block_stop", "index": 3}),
    ],
)
def test_blocks_out_of_turn_violate_the_protocol(pure, stream):
    """Pieces of a block that was not begun are not guessed at."""
    with pytest.raises(ProtocolViolated):
        play(pure(Anthropic), sse(*stream))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(["message_start", "content_block_start", "content_block_delta", "message_delta", "error"]),
    junk=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(
                st.sampled_from(["index", "message", "content_block", "delta", "usage", "type", "input", "id"]), inner
            )
        ),
        max_leaves=12,
    ),
)
def test_survives_any_json(pure, kind, junk):
    """Whatever an event holds, it is read, ignored or refused as one of our errors."""
    event = {**(junk if isinstance(junk, dict) else {"delta": junk, "index": junk, "usage": junk}), "type": kind}
    with suppress(UltraError):
        play(pure(Anthropic), sse(BEGIN, event))
