"""JSON with one meaning only."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultra.domain.errors import InvalidRequest, TooLarge
from ultra.protocols.strict_json import MOST_VALUES, loads

_TEXTS = st.text(st.characters(codec="utf-8"), max_size=8)
_NUMBERS = st.integers(-(2**63), 2**63 - 1) | st.floats(allow_nan=False, allow_infinity=False)
_VALUES = st.recursive(
    st.none() | st.booleans() | _NUMBERS | _TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=3),
    max_leaves=12,
)


@given(value=_VALUES)
def test_what_is_valid_reads_as_written(value: object) -> None:
    """Every value with one meaning comes back unchanged."""
    assert loads(orjson.dumps(value)) == value


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "not valid JSON"),
        (b"{", "not valid JSON"),
        (b"{} x", "not valid JSON"),
        (b"{'a': 1}", "not valid JSON"),
        (b"[1,]", "not valid JSON"),
        (b"[NaN]", "not valid JSON"),
        (b"[Infinity]", "not valid JSON"),
        (b"[-Infinity]", "not valid JSON"),
        (b"[1e999]", "not valid JSON"),
        (b"[01]", "not valid JSON"),
        (b'["\\ud800"]', "not valid JSON"),
        (b'["\\udc00\\ud800"]', "not valid JSON"),
        (b'["\xff"]', "not valid JSON"),
        (b'["\xed\xa0\x80"]', "not valid JSON"),
        (b'\xef\xbb\xbf{"a":1}', "not valid JSON"),
        (b'["a\nb"]', "not valid JSON"),
        (b'{"a":1,"a":1}', "'a' stands twice"),
        (b'{"x":[{"b":1,"\\u0062":2}]}', "'b' stands twice"),
        (b"[9223372036854775808]", "64 bits"),
        (b"[-9223372036854775809]", "64 bits"),
        (b"[" + b"1" * 100 + b"]", "64 bits"),
        (b"[" + b"1" * 100_000 + b"]", "not valid JSON"),
        (b"[" * 65 + b"]" * 65, "deeper than 64"),
        (b'{"a":' * 65 + b"1" + b"}" * 65, "deeper than 64"),
        (b"[" * 100_000, "deeper than 1024"),
    ],
)
def test_doubtful_json_is_refused(body: bytes, said: str) -> None:
    """Each refusal says what is wrong and what to do, and is a bad request, never a crash."""
    with pytest.raises(InvalidRequest, match=said) as caught:
        loads(body)
    assert caught.value.hint
    assert caught.value.code == "invalid_json"


@pytest.mark.parametrize(
    ("body", "value"),
    [
        (b"[9223372036854775807,-9223372036854775808]", [2**63 - 1, -(2**63)]),
        (b'["\\ud83d\\ude00","\\u0000"]', ["😀", "\0"]),
        (b'{"a":1,"b":{"a":2}}', {"a": 1, "b": {"a": 2}}),
        (b"-0", 0),
        (b" true ", True),
    ],
)
def test_edges_that_are_allowed(body: bytes, value: object) -> None:
    """The largest numbers, surrogate pairs and equal keys of different objects are fine."""
    assert loads(body) == value


def test_depth_is_the_callers_choice() -> None:
    """Nesting is allowed down to `max_depth` and not one level further."""
    assert loads(b"[[1]]", max_depth=2) == [[1]]
    with pytest.raises(InvalidRequest, match="deeper than 1"):
        loads(b"[[1]]", max_depth=1)


@pytest.mark.parametrize(
    "body",
    [
        b"[" + b"1," * MOST_VALUES + b"1]",
        b"[" + b"{}," * MOST_VALUES + b"1]",
        b"{" + b",".join(b'"%d":1' % number for number in range(MOST_VALUES + 2)) + b"}",
        b"[" + b'"a"' * (2 * MOST_VALUES + 1) + b"," * MOST_VALUES + b"1]",
    ],
)
def test_too_many_values_are_not_even_read(body: bytes) -> None:
    """A body of many small values takes a hundred times its bytes, so it is refused before anything is built of it."""
    with pytest.raises(TooLarge) as caught:
        loads(body)
    assert caught.value.code == "too_many_values"


@pytest.mark.parametrize("text", ["a, [b] {c} " * MOST_VALUES, '\\",' * MOST_VALUES, "\\\\" * MOST_VALUES + ","])
def test_a_text_is_one_value_whatever_it_is_full_of(text: str) -> None:
    """Commas and brackets inside strings are not counted, whatever stands before the quotes among them."""
    body = orjson.dumps({"prompt": text, "more": [1] * (MOST_VALUES - 10)})
    assert loads(body)["prompt"] == text


def test_a_long_name_is_not_said_back() -> None:
    """The complaint about a name that stands twice is short, and found without comparing each with all others."""
    many = b",".join(b'"%d":1' % number for number in range(50_000))
    with pytest.raises(InvalidRequest) as caught:
        loads(b"{" + many + b',"' + b"x" * 5000 + b'":1,"' + b"x" * 5000 + b'":2}')
    assert len(caught.value.message) < 200
    assert len(caught.value.param or "") < 100
