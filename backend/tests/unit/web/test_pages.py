"""Pages are rendered whole, with everything escaped, under a policy that allows no script."""

import pytest
from jinja2 import UndefinedError

from ultra.web.pages import POLICY, page


def test_what_is_put_into_a_page_is_text() -> None:
    """A link or problem with markup in it stays text, in attributes too."""
    evil = '"><script>alert(1)</script>'
    rendered = bytes(page("sign_in.html", link=evil, problem=evil, csrf_token=evil).body).decode()
    assert "<script" not in rendered
    assert rendered.count("&lt;script&gt;") == 3


def test_a_page_is_not_kept_and_runs_nothing() -> None:
    """It says so to the browser, whatever its status."""
    answer = page("sign_in.html", status=429, link=None, problem="Wait.", csrf_token="t")
    assert (answer.status_code, answer.headers["cache-control"]) == (429, "no-store")
    assert answer.headers["content-security-policy"] == POLICY
    assert "script-src" not in POLICY
    assert POLICY.startswith("default-src 'none'")


def test_a_fact_that_is_missing_is_an_error() -> None:
    """A gap in a page would be found by a reader; this is found by a test."""
    with pytest.raises(UndefinedError):
        page("sign_in.html", link=None, problem=None)
