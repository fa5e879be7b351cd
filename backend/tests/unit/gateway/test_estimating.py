"""Bytes of a request, for the worst case and for vendors that report nothing."""

from hypothesis import given
from hypothesis import strategies as st

from ultra.domain.chat import (
    Audio,
    ChatRequest,
    File,
    Image,
    Message,
    Output,
    Reasoning,
    Text,
    Tool,
    ToolCall,
    ToolResult,
)
from ultra.gateway.estimating import byte_length, prompt_bytes


@given(st.text())
def test_byte_length_is_that_of_utf8(text: str) -> None:
    """The short cut for ASCII agrees with encoding."""
    assert byte_length(text) == len(text.encode())


def test_lone_surrogates_have_a_length() -> None:
    """Text that cannot be encoded is counted all the same."""
    assert byte_length("\ud800") == 3


def _bytes(*parts, **fields) -> int:
    return prompt_bytes(ChatRequest("a/one", (Message("user", parts),), **fields))


def test_every_part_of_a_request_counts() -> None:
    """Text, tool calls and results, reasoning, instructions, tools and schemas add their bytes."""
    empty = _bytes()
    assert _bytes(Text("äb")) - empty == 3
    assert _bytes(Reasoning("abc")) - empty == 3
    assert _bytes(ToolCall("1", "look", "{}")) - empty == 6
    assert _bytes(ToolResult("1", (Text("four"),))) - empty == 4
    assert _bytes(instructions=(Text("12345"),)) - empty == 5
    assert _bytes(tools=(Tool("look", "around", {"a": 1}),)) - empty == 10 + len('{"a": 1}')
    assert _bytes(output=Output("json_schema", schema={"a": 1})) - empty == len('{"a": 1}')
    assert prompt_bytes(ChatRequest("a/one", ())) < empty


def test_media_count_as_text_of_their_price() -> None:
    """A picture costs the same whatever its bytes, sound less than its bytes, a document all of them."""
    empty = _bytes()
    assert _bytes(Image(data=b"x")) == _bytes(Image(url="https://example.org/x")) > empty + 1000
    assert 0 < _bytes(Audio(b"x" * 16000, "mp3")) - empty < 16000
    assert _bytes(File(data=b"x" * 500)) - empty == 500
    assert _bytes(File(file_id="f")) == empty
