"""The table of failures, whole and without leaks."""

import pytest

from ultra.domain import errors
from ultra.domain.errors import (
    AllFailed,
    CircuitOpen,
    InvalidRequest,
    NetworkFailed,
    NotFound,
    Overloaded,
    QuotaExhausted,
    RateLimited,
    TimedOut,
    Truncated,
    UltraError,
    Unauthenticated,
    Upstream,
    UpstreamFailed,
    UpstreamRefusedKey,
)
from ultra.protocols import anthropic_messages, gemini_generate, openai_chat, problems
from ultra.protocols.failures import FAILURES, Reply, failure, sentence

_KINDS = {
    each.kind: each
    for each in vars(errors).values()
    if isinstance(each, type) and issubclass(each, UltraError) and "kind" in vars(each)
}


def _make(kind: str) -> UltraError:
    return AllFailed("It.", causes=()) if kind == "all_failed" else _KINDS[kind]("It.")


def _replies(err: UltraError) -> list[Reply]:
    return [
        openai_chat.error(err, request_id="req_1"),
        anthropic_messages.error(err, request_id="req_1"),
        gemini_generate.error(err, request_id="req_1"),
        problems.problem(err, request_id="req_1", show_internals=False),
    ]


def test_every_kind_has_a_row_and_every_row_a_kind() -> None:
    """No error is answered by accident, and no row is left over."""
    assert set(FAILURES) == set(_KINDS)


_TABLE = """
internal 500 server_error internal_error 500 api_error 500 INTERNAL 500
refused 400 invalid_request_error - 400 invalid_request_error 400 INVALID_ARGUMENT 400
invalid_request 400 invalid_request_error invalid_value 400 invalid_request_error 400 INVALID_ARGUMENT 400
context_too_long 400 invalid_request_error context_length_exceeded 400 invalid_request_error 400 INVALID_ARGUMENT 400
unauthenticated 401 invalid_request_error invalid_api_key 401 authentication_error 401 UNAUTHENTICATED 401
forbidden 403 permission_error permission_denied 403 permission_error 403 PERMISSION_DENIED 403
not_found 404 invalid_request_error model_not_found 404 not_found_error 404 NOT_FOUND 404
method_not_allowed 405 invalid_request_error method_not_allowed 405 invalid_request_error 405 INVALID_ARGUMENT 405
conflict 409 invalid_request_error conflict 409 conflict_error 409 ABORTED 409
too_large 413 invalid_request_error request_too_large 413 request_too_large 413 INVALID_ARGUMENT 413
unsupported_media 415 invalid_request_error unsupported_media_type 415 invalid_request_error 415 INVALID_ARGUMENT 415
quota_exhausted 429 insufficient_quota insufficient_quota 402 billing_error 429 RESOURCE_EXHAUSTED 402
rate_limited 429 rate_limit_error rate_limit_exceeded 429 rate_limit_error 429 RESOURCE_EXHAUSTED 429
unavailable 503 service_unavailable_error unavailable 503 overloaded_error 503 UNAVAILABLE 503
overloaded 503 service_unavailable_error overloaded 529 overloaded_error 503 UNAVAILABLE 503
circuit_open 503 service_unavailable_error overloaded 503 overloaded_error 503 UNAVAILABLE 503
none_available 503 service_unavailable_error overloaded 503 overloaded_error 503 UNAVAILABLE 503
upstream_failed 502 server_error upstream_failed 502 api_error 502 UNAVAILABLE 502
upstream_refused_key 502 server_error upstream_refused_key 502 api_error 502 UNAVAILABLE 502
network_failed 502 server_error network_failed 502 api_error 502 UNAVAILABLE 502
protocol_violated 502 server_error protocol_violated 502 api_error 502 UNAVAILABLE 502
truncated 502 server_error truncated 502 api_error 502 UNAVAILABLE 502
all_failed 502 server_error all_failed 502 api_error 502 UNAVAILABLE 502
timed_out 504 timeout_error timeout 504 timeout_error 504 DEADLINE_EXCEEDED 504
cancelled 499 invalid_request_error cancelled 499 invalid_request_error 499 CANCELLED 499
"""
"""Kind; OpenAI's status, type, code; Anthropic's status, type; Gemini's code, status; the status of problem+json."""


@pytest.mark.parametrize("row", _TABLE.split("\n")[1:-1], ids=lambda row: row.partition(" ")[0])
def test_each_kind_looks_as_each_wire_expects(row: str) -> None:
    """Status and words of every kind, on all four wires."""
    kind, *expected = row.split()
    chat, messages, generate, problem = _replies(_make(kind))
    seen = [
        chat.status,
        chat.body["error"]["type"],
        chat.body["error"]["code"] or "-",
        messages.status,
        messages.body["error"]["type"],
        generate.status,
        generate.body["error"]["status"],
        problem.status,
    ]
    assert [str(each) for each in seen] == expected
    assert generate.body["error"]["code"] == generate.status
    assert problem.body["status"] == problem.status


def test_a_kind_without_a_row_is_answered_as_its_parent() -> None:
    """A later subclass never turns into an internal error."""

    class Fussy(InvalidRequest):
        kind = "fussy"

    assert failure(Fussy("No.")) is FAILURES["invalid_request"]


@pytest.mark.parametrize(
    ("err", "may_repeat"),
    [
        (RateLimited("Slow down."), True),
        (Overloaded("Full."), True),
        (CircuitOpen("Resting."), True),
        (NetworkFailed("Reset."), True),
        (UpstreamFailed("Broke.", upstream=Upstream(status=500)), True),
        (UpstreamFailed("Broke.", upstream=Upstream(status=500, started=True)), False),
        (QuotaExhausted("Spent."), False),
        (InvalidRequest("No."), False),
        (Unauthenticated("Who?"), False),
        (UpstreamRefusedKey("Bad key."), False),
        (TimedOut("Late."), False),
        (Truncated("Cut."), False),
        (AllFailed("Nobody.", causes=()), False),
    ],
)
def test_clients_are_told_when_repeating_is_pointless_or_dear(err: UltraError, may_repeat: bool) -> None:
    """`x-should-retry: false` stands on every failure that cannot be cured by repeating or may have cost money."""
    for reply in _replies(err):
        assert reply.headers.get("x-should-retry") == (None if may_repeat else "false")


def test_headers_say_when_to_come_back_and_which_request_it_was() -> None:
    """Seconds are rounded up, milliseconds are exact, both spellings of the request id are there."""
    for reply in _replies(RateLimited("Slow down.", retry_after=1.25)):
        assert reply.headers["retry-after"] == "2"
        assert reply.headers["retry-after-ms"] == "1250"
        assert reply.headers["x-request-id"] == reply.headers["request-id"] == "req_1"


def test_a_refused_credential_names_the_scheme() -> None:
    """A 401 carries `www-authenticate`; an upstream's 401 is none."""
    assert all(reply.headers["www-authenticate"] == "Bearer" for reply in _replies(Unauthenticated("Who?")))
    for reply in _replies(UpstreamRefusedKey("Bad key.")):
        assert reply.status == 502
        assert "www-authenticate" not in reply.headers


def test_a_refusals_own_code_wins() -> None:
    """A code that says more than the kind is passed on, but a quota is always OpenAI's word for it."""
    named = openai_chat.error(NotFound("No.", code="run_not_found"), request_id=None)
    assert named.body["error"]["code"] == "run_not_found"
    spent = openai_chat.error(QuotaExhausted("Spent.", code="budget_exceeded"), request_id=None)
    assert spent.body["error"]["code"] == "insufficient_quota"


@pytest.mark.parametrize(
    "secret",
    [
        "sk-proj-abcdef123456", "AIzaSyD-1234567890abcdef", "https://api.vendor.test/v1?key=hunter2",
        "Bearer eyJhbGciOi.J9.x", "postgres://user:pw@db/x", "api_key=hunter2hunter2", "xai-0123456789",
    ],
)  # fmt: skip
@pytest.mark.parametrize("kind", [UpstreamFailed, UpstreamRefusedKey, NetworkFailed, InvalidRequest, UltraError])
def test_neither_keys_nor_addresses_get_out(kind: type[UltraError], secret: str) -> None:
    """Whatever a vendor's text holds, no wire repeats keys or addresses."""
    err = kind(f"The vendor said: incorrect key {secret} given.")
    for reply in _replies(err):
        assert secret not in str(reply.body)
        assert "hunter2" not in str(reply.body)


def test_internal_errors_keep_their_story() -> None:
    """What broke inside is for the log: outsiders hear a fixed sentence."""
    assert "secret plan" not in sentence(UltraError("The secret plan failed."))


def test_the_hint_is_part_of_the_sentence_where_no_field_is() -> None:
    """Vendors' error shapes have no hint, so it follows the message."""
    err = InvalidRequest("n is 0.", hint="Send 1.", param="n")
    assert openai_chat.error(err, request_id=None).body == {
        "error": {"message": "n is 0. Send 1.", "type": "invalid_request_error", "param": "n", "code": "invalid_value"}
    }
