"""Server-sent events decode alike however they are cut."""

import itertools

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ultra.domain.errors import ProtocolViolated
from ultra.protocols.sse import Decoder, Frame, encode

_PIECES = (
    b"data: ", b"data:", b"data", b"event: ping", b"id: 7", b"retry: 3", b": note", b"\n", b"\r", b"\r\n", b"\n\n",
    b"\xef\xbb\xbf", "é\u2028".encode(), b"{}", b" ", b"\0", b":",
)  # fmt: skip
_STREAMS = st.lists(st.sampled_from(_PIECES), max_size=30).map(b"".join)


def _decode(chunks: list[bytes], limit: int = 1000) -> tuple[list[Frame], bool]:
    decoder = Decoder(max_event_bytes=limit)
    found = [frame for chunk in chunks for frame in decoder.feed(chunk)]
    return found + decoder.close(), decoder.pending


@given(stream=_STREAMS, cuts=st.lists(st.integers(0, 120), max_size=8))
@example(stream=b"data: a\r\n\r\ndata: b\r\n\r\n", cuts=[8, 10])
@example(stream=b"\xef\xbb\xbfdata: \xc3\xa9\n\n", cuts=[1, 2, 10])
def test_any_split_decodes_as_the_whole(stream: bytes, cuts: list[int]) -> None:
    """Where a stream is cut into chunks never changes its events."""
    edges = [0, *sorted(cuts), len(stream)]
    chunks = [stream[start:stop] for start, stop in itertools.pairwise(edges)]
    single = [stream[index : index + 1] for index in range(len(stream))]
    assert _decode(chunks) == _decode([stream]) == _decode(single)


@given(
    data=st.binary(max_size=40).map(lambda data: data.replace(b"\r", b"")),
    event=st.none() | st.text(st.characters(codec="utf-8", exclude_characters="\r\n"), min_size=1, max_size=9),
    newline=st.sampled_from([b"\n", b"\r\n"]),
)
def test_what_is_encoded_decodes_to_itself(data: bytes, event: str | None, newline: bytes) -> None:
    """One encoded event is one event again, line feeds in its data included."""
    assert _decode([encode(data, event=event, newline=newline)]) == ([Frame(event, data)], False)


@pytest.mark.parametrize(
    ("stream", "expected"),
    [
        (b"data: a\n\n", [Frame(None, b"a")]),
        (b"data:a\ndata:  b\n\n", [Frame(None, b"a\n b")]),
        (b"event: x\ndata: a\n\ndata: b\n\n", [Frame("x", b"a"), Frame(None, b"b")]),
        (b": hi\n\n: there\ndata: a\n\n", [Frame(None, b"a")]),
        (b"event: ping\n\nretry: 3000\n\n", []),
        (b"data\n\n", [Frame(None, b"")]),
        (b"id: 1\ndata: a\n\ndata: b\n\n", [Frame(None, b"a", "1"), Frame(None, b"b", "1")]),
        (b"id: 1\nid\ndata: c\n\n", [Frame(None, b"c", "")]),
        (b"data: a\r\rdata: b\r\n\r\n", [Frame(None, b"a"), Frame(None, b"b")]),
        ("data: a\u2028b\x0bc\x85\n\n".encode(), [Frame(None, "a\u2028b\x0bc\x85".encode())]),
        (b"\xef\xbb\xbfdata: a\n\n\xef\xbb\xbfdata: b\n\n", [Frame(None, b"a")]),
        (b"other: x\ndata: a\n\n", [Frame(None, b"a")]),
    ],
)  # fmt: skip
def test_fields_mean_what_the_standard_says(stream: bytes, expected: list[Frame]) -> None:
    """Comments, unknown fields and empty events are skipped; ids stay; only CR, LF and CRLF end a line."""
    assert _decode([stream])[0] == expected


@pytest.mark.parametrize(
    ("stream", "pending"),
    [
        (b"", False), (b"data: a\n\n", False), (b"data: a\n", True), (b"data: a", True), (b"data: a\r\n\r", False),
        (b"event: x\n", True), (b": note\n", False),
    ],
)  # fmt: skip
def test_an_unfinished_event_is_not_dispatched_but_told(stream: bytes, pending: bool) -> None:
    """Bytes without a final blank line are no event, and `pending` says that they were there."""
    found, is_pending = _decode([stream])
    assert is_pending is pending
    assert len(found) == (1 if b"data" in stream and not pending else 0)


@pytest.mark.parametrize("chunk_bytes", [1, 7, 4096])
@pytest.mark.parametrize("stream", [b"data: " + b"x" * 200, b"data: xxxxxxxxx\n" * 20, b":" + b"x" * 200])
def test_an_event_over_the_limit_is_a_violation(stream: bytes, chunk_bytes: int) -> None:
    """Neither one long line nor many short ones can fill the memory."""
    chunks = [stream[start : start + chunk_bytes] for start in range(0, len(stream), chunk_bytes)]
    with pytest.raises(ProtocolViolated):
        _decode(chunks, limit=100)


def test_the_limit_counts_one_event_only() -> None:
    """Any number of events and comments within the limit may follow one another."""
    decoder = Decoder(max_event_bytes=20)
    for _ in range(50):
        assert decoder.feed(b": keep-alive\ndata: 0123456789\n\n") == [Frame(None, b"0123456789")]


def test_an_event_name_cannot_smuggle_a_line() -> None:
    """A line end in an event's name is refused instead of becoming another field."""
    with pytest.raises(ValueError, match="line end"):
        encode(b"{}", event="x\ndata: y")


def test_encoding_is_exact() -> None:
    """Bytes on the wire are what clients were seen to need."""
    assert encode(b"{}") == b"data: {}\n\n"
    assert encode(b"{}", event="ping") == b"event: ping\ndata: {}\n\n"
    assert encode(b"{}", newline=b"\r\n") == b"data: {}\r\n\r\n"
    assert encode(b"a\nb\rc\r\nd") == b"data: a\ndata: b\ndata: c\ndata: d\n\n"
