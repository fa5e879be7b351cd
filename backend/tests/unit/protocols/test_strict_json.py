"""JSON with one meaning only."""

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ultra.domain.errors import InvalidRequest
from ultra.protocols.strict_json import loads

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
