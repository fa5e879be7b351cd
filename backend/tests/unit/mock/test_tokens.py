"""Tests of the token estimate."""

from hypothesis import given
from hypothesis import strategies as st

from ultra.domain.chat import ChatRequest, Image, Message, Text, Tool
from ultra.mock import tokens


@given(st.text())
def test_pieces_are_the_text(text):
    """Pieces joined are the text, and there are as many as counted."""
    pieces = tokens.split(text)
    assert "".join(pieces) == text
    assert len(pieces) == tokens.count(text)


def test_counts_everything_a_request_carries():
    """History, instructions, pictures and tools all add to the input."""
    small = ChatRequest(model="m", messages=(Message("user", (Text("Hello there"),)),))
    large = ChatRequest(
        model="m",
        messages=(Message("user", (Text("Hello there"), Image(data=b"x", media_type="image/png"))),),
        instructions=(Text("Be brief."),),
        tools=(Tool("get_weather", "Weather of a city", {"type": "object"}),),
    )
    assert tokens.count_request(small) == 2 + 4
    assert tokens.count_request(large) > tokens.count_request(small) + 258
