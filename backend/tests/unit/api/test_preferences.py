"""`Prefer` is read as RFC 7240 writes it."""

import pytest

from ultra.api.preferences import read_preferences


@pytest.mark.parametrize(
    "line",
    [
        "respond-async",
        "Respond-Async",
        "return=minimal, RESPOND-ASYNC;wait=10",
        'x="a, b" , respond-async',
        "respond-async, wait=10",
        'respond-async=""',
    ],
)
def test_a_preference_has_many_spellings(line: str) -> None:
    """Without regard to case, among others, with a value or parameters."""
    assert "respond-async" in read_preferences(line)


@pytest.mark.parametrize(
    "line",
    [
        "",
        'x="respond-async"',
        "x=respond-async",
        "x; respond-async",
        'x="a, respond-async, b"',
        'x="\\", respond-async"',
        "respond-asynchronously",
        '"respond-async"',
    ],
)
def test_what_stands_elsewhere_is_no_preference(line: str) -> None:
    """Neither in a value, nor among parameters, nor as a part of another name."""
    assert "respond-async" not in read_preferences(line)
