"""The page needs nothing else, and takes what servers say as text."""

import re

from tests.unit.readiness.outcomes import outcome, report
from ultra.readiness.page import page


def test_what_a_server_says_is_text() -> None:
    """Markup in a reply, even between backticks, stays text."""
    said = "It said <script>alert(1)</script> and `<img src=x onerror=alert(2)>`."
    found = page(report(outcome("errors", "failed", said, "Run `ultra check` & read.")))
    assert "<script" not in found
    assert "<img" not in found
    assert "&lt;script&gt;" in found
    assert "<code>&lt;img src=x onerror=alert(2)&gt;</code>" in found
    assert "Run <code>ultra check</code> &amp; read." in found


def test_it_needs_nothing_else() -> None:
    """No script, no file, no other host; light and dark; a policy that says so."""
    found = page(report(outcome("alive")))
    assert not re.search(r"<(script|link|img|iframe|object)|\b(src|href)=|@import|url\(", found)
    assert "default-src 'none'" in found
    assert "prefers-color-scheme: dark" in found
    assert 'name="viewport"' in found


def test_failures_stand_first() -> None:
    """What needs somebody comes before what does not, and the heading says how it is."""
    found = page(report(outcome("alive"), outcome("live-answer", "not_run", "No key."), outcome("limits", "failed")))
    assert "Not ready: 1 of 3 checks failed" in found
    places = [found.index(f'id="{name}"') for name in ("limits", "live-answer", "alive")]
    assert places == sorted(places)


def test_ready_says_what_was_left_out() -> None:
    """With steps that were not run it is ready as far as could be tried."""
    assert ">Ready<" in page(report(outcome("alive")))
    assert "as far as could be tried" in page(report(outcome("alive"), outcome("tokens", "not_run")))
    assert "Nothing could be tried" in page(report(outcome("tokens", "not_run")))
