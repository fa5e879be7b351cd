"""Errors of Ultra's own API."""

from ultra.domain.errors import AllFailed, InvalidRequest, RateLimited, TimedOut, Upstream, UpstreamFailed
from ultra.protocols.problems import problem


def test_a_problem_has_what_the_caller_needs_to_act() -> None:
    """Detail and hint stay apart, the field is named, the media type is problem+json."""
    reply = problem(
        InvalidRequest("prompt is required.", hint="Send prompt.", param="prompt", code="missing_required_parameter"),
        request_id="req_1",
        show_internals=False,
    )
    assert reply.status == 400
    assert reply.headers["content-type"] == "application/problem+json"
    assert reply.body == {
        "type": "urn:ultra:problem:invalid-request",
        "title": "Invalid request",
        "status": 400,
        "detail": "prompt is required.",
        "code": "missing_required_parameter",
        "hint": "Send prompt.",
        "request_id": "req_1",
        "param": "prompt",
    }


def test_a_limit_has_its_registered_type_and_its_wait() -> None:
    """Rate limits use the registered problem type and say when to come back."""
    body = problem(RateLimited("Slow.", retry_after=3.0), request_id=None, show_internals=False).body
    assert body["type"] == "https://iana.org/assignments/http-problem-types#quota-exceeded"
    assert body["retry_after"] == 3.0


def test_internals_are_shown_only_where_asked_for() -> None:
    """Who failed is always said; what the vendor said only to an operator."""
    said = Upstream(status=500, type="server_error", code=None, request_id="up_9", started=True)
    causes = (
        UpstreamFailed("Broke.", provider="openai", model="gpt", upstream=said),
        TimedOut("Late.", model="anthropic/opus"),
    )
    err = AllFailed("Nobody answered.", causes=causes)
    outside = problem(err, request_id="r", show_internals=False).body
    assert outside["causes"] == [
        {"model": "openai/gpt", "code": "upstream_failed"},
        {"model": "anthropic/opus", "code": "timed_out"},
    ]
    assert "up_9" not in str(outside)
    assert "internals" not in outside
    inside = problem(err, request_id="r", show_internals=True).body["internals"]
    assert inside["error"] == "AllFailed"
    assert inside["causes"][0]["upstream"]["request_id"] == "up_9"
    assert inside["causes"][1]["detail"] == "Late."
