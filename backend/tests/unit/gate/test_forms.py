"""A form is names and texts, each once."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultra.domain.errors import InvalidRequest
from ultra.gate.forms import read_form


def test_fields_are_read_as_browsers_write_them() -> None:
    """Plus signs and percents are decoded as UTF-8; an empty field is there and empty."""
    assert read_form(b"name=Ann+Lee&note=%C3%A9&empty=") == {"name": "Ann Lee", "note": "é", "empty": ""}
    assert read_form(b"") == {}


@pytest.mark.parametrize(
    "body", [b"a=1&a=2", b"plain", b"a=%FF", b"\xff=1", b"&".join(b"f%d=1" % n for n in range(101))]
)
def test_what_could_be_read_in_two_ways_is_refused(body: bytes) -> None:
    """A field twice, bytes that are no text, and too many fields are no form."""
    with pytest.raises(InvalidRequest):
        read_form(body)


@given(st.binary(max_size=300))
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    """No body makes reading fail in another way."""
    try:
        assert all(isinstance(value, str) for value in read_form(body).values())
    except InvalidRequest as error:
        assert error.code == "invalid_form"  # noqa: PT017 - valid forms are welcome too
