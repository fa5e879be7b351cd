"""Bytes inside JSON, read strictly."""

from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultra.domain.errors import InvalidRequest
from ultra.protocols.media import from_base64, from_data_url


@given(data=st.binary(min_size=1, max_size=40))
def test_bytes_survive_the_way_out_and_in(data: bytes) -> None:
    """Any bytes come back, alone and inside a `data:` URL with more parameters."""
    text = b64encode(data).decode()
    assert from_base64(text, param="p") == data
    url = f"data:Image/PNG;name=a;base64,{text}"
    assert from_data_url(url, param="p") == ("image/png", data)


@pytest.mark.parametrize("text", ["", "a", "ab=", "ab==cd", "a b=", "YQ==\n", "é", "-_-_"])
def test_what_is_not_strict_base64_is_refused(text: str) -> None:
    """Nothing is skipped or guessed."""
    with pytest.raises(InvalidRequest) as caught:
        from_base64(text, param="here")
    assert caught.value.param == "here"


@pytest.mark.parametrize(
    "url",
    ["data:", "data:,x", "data:image/png,x", "data:;base64,YQ==", "data:image;base64,YQ==", "http://x/y;base64,YQ=="],
)
def test_what_is_no_base64_data_url_is_refused(url: str) -> None:
    """A media type and the word base64 are needed."""
    with pytest.raises(InvalidRequest) as caught:
        from_data_url(url, param="here")
    assert caught.value.param == "here"
