"""Gemini's stream as events."""

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.raw_server import SSE
from tests.unit.providers.gemini.samples import ASK, EVENTS, STREAM, candidate, play, sse
from ultra.domain.chat import (
    Delta,
    Finished,
    Opaque,
    PartEnded,
    PartStarted,
    Started,
)
from ultra.domain.errors import (
    Truncated,
    UltraError,
    UpstreamFailed,
)
from ultra.providers import Gemini


def test_reads_a_stream_cut_anywhere(pure):
    """Two chunks split at every byte give the same events."""
    for cut in range(len(STREAM) + 1):
        assert play(pure(Gemini), STREAM[:cut], STREAM[cut:]) == EVENTS


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=30))
def test_reads_a_stream_in_any_pieces(pure, cuts):
    """However the network cuts a stream, the events are the same."""
    edges = [0, *sorted(cuts), len(STREAM)]
    assert play(pure(Gemini), *(STREAM[start:end] for start, end in pairwise(edges))) == EVENTS


async def test_reads_a_stream_from_the_socket(make, server, listen):
    """Over a real socket the events are the same; the body just ends."""
    server.plan(SSE, *(STREAM[start : start + 50] for start in range(0, len(STREAM), 50)))
    events, error = await listen(make(Gemini), ASK)
    assert error is None
    assert events[1:] == EVENTS[1:]
    assert [loss.param for loss in events[0].losses] == ["tools.name"]


def test_keeps_what_it_does_not_read(pure):
    """Parts of other kinds come out whole; a signature with empty text belongs to the text before it."""
    code = {"executableCode": {"language": "PYTHON", "code": "1"}}
    events = play(
        pure(Gemini),
        sse(candidate(code, {"text": "a"}), candidate({"text": "", "thoughtSignature": "s"}, finish="STOP")),
    )
    assert events[1:] == [
        PartStarted(0, "opaque"),
        PartEnded(0, Opaque("gemini", "gemini-x", code)),
        PartStarted(1, "text"),
        Delta(1, "a"),
        PartEnded(1, Opaque("gemini", "gemini-x", "s")),
        Finished("stop", "STOP"),
    ]


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "filtered"),
        ("RECITATION", "filtered"),
        ("PROHIBITED_CONTENT", "filtered"),
        ("CONTINUATION", "paused"),
        ("BRAND_NEW", "stop"),
    ],
)
def test_knows_why_it_ended(pure, word, reason):
    """Each finish reason has its meaning; an unknown one is a stop whose own word is kept."""
    assert play(pure(Gemini), sse(candidate({"text": "x"}, finish=word)))[-1] == Finished(reason, word)


def test_a_blocked_prompt_is_filtered(pure):
    """Feedback without candidates is an answer that was filtered, with the vendor's word."""
    assert play(pure(Gemini), sse({"promptFeedback": {"blockReason": "SAFETY"}, "responseId": "r"})) == [
        Started("r", "gemini", "gemini-x"),
        Finished("filtered", "SAFETY"),
    ]
    assert play(pure(Gemini), sse({"promptFeedback": {"blockReason": "OTHER"}}))[-1] == Finished("filtered", "OTHER")


def test_an_end_that_is_none_is_an_error(pure):
    """Output that the vendor itself could not use is a failure, not an answer."""
    with pytest.raises(UpstreamFailed):
        play(pure(Gemini), sse(candidate(finish="MALFORMED_FUNCTION_CALL")))


async def test_a_body_without_a_reason_is_truncated(make, server, listen):
    """There is no terminator: only the finish reason tells an end from a cut."""
    server.plan(SSE + sse(candidate({"text": "x"})))
    events, error = await listen(make(Gemini), ASK)
    assert type(error) is Truncated
    assert events[-1] == Delta(0, "x")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    chunk=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4),
        lambda inner: st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["candidates", "content", "parts", "text", "functionCall", "args", "finishReason", "usageMetadata",
                 "promptFeedback", "blockReason", "error", "details"]
            ),
            inner,
        ),
        max_leaves=15,
    )
)  # fmt: skip
def test_survives_any_json(pure, chunk):
    """Whatever a chunk holds, it is read, ignored or refused as one of our errors."""
    with suppress(UltraError):
        play(pure(Gemini), sse(chunk), sse(candidate(chunk, finish="STOP")))
