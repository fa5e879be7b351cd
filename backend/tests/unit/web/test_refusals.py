"""Refusals as pages."""

from ultra.domain.errors import Forbidden, Unavailable
from ultra.protocols.problems import problem
from ultra.web.refusals import refusal


def test_a_refusal_is_told_to_a_person() -> None:
    """Status, sentence, hint and request id are those of the problem document, as text."""
    told = problem(Forbidden("Not <b>you</b>.", hint="Ask & see."), request_id="req_1", show_internals=False)
    answer = refusal(told)
    text = bytes(answer.body).decode()
    assert answer.status_code == 403
    for part in (told.body["title"], "Not &lt;b&gt;you&lt;/b&gt;.", "Ask &amp; see.", "req_1", 'href="/"'):
        assert part in text


def test_without_a_hint_there_is_no_gap() -> None:
    """What is not known is left out, and what is inside stays there."""
    answer = refusal(problem(Unavailable("Later."), request_id=None, show_internals=True))
    text = bytes(answer.body).decode()
    assert "None" not in text.replace("<code>None</code>", "")
    assert "internals" not in text
