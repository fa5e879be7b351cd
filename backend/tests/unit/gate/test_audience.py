"""Who reads an answer."""

import pytest

from ultra.gate.audience import is_person


def asked(*accept: bytes, path: str = "/sign-in") -> bool:
    """Whether a request with these lines of `Accept` is a person's."""
    return is_person({"path": path, "headers": [(b"host", b"x"), *((b"accept", line) for line in accept)]})


@pytest.mark.parametrize(
    "accept",
    [
        b"text/html",
        b"text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        b"TEXT/HTML ; q=0.5",
        b"application/json;q=0.4, text/html;q=0.5",
    ],
)
def test_whoever_names_html_is_a_person(accept: bytes) -> None:
    """However it is written, unless JSON is wanted more."""
    assert asked(accept)
    assert asked(b"image/*", accept)
    assert not asked(accept, path="/api/keys")


@pytest.mark.parametrize(
    "accept",
    [
        b"",
        b"*/*",
        b"text/*",
        b"application/json",
        b"text/html;q=0",
        b"text/html;q=x",
        b"text/html;q=0.1, application/json",
        b"text/html;q=0.1, application/problem+json;q=0.2",
        b"text/htmlx",
        b"\xff;;,,q=",
    ],
)
def test_all_else_is_a_program(accept: bytes) -> None:
    """Whoever takes anything takes the problem document."""
    assert not asked(accept)


def test_without_a_wish_it_is_a_program() -> None:
    """No header, no page."""
    assert not asked()
