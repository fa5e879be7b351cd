"""What Gemini's errors mean, before a stream and inside it."""

import json

import pytest

from tests.fakes.raw_server import SSE, answer
from tests.unit.providers.gemini.samples import ASK, candidate, sse
from ultra.domain.chat import (
    Delta,
)
from ultra.domain.errors import (
    ContextTooLong,
    InvalidRequest,
    NotFound,
    Overloaded,
    QuotaExhausted,
    RateLimited,
    TimedOut,
    UpstreamFailed,
    UpstreamRefusedKey,
)
from ultra.providers import Gemini

RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "59.5s"}
DAILY = {
    "@type": "type.googleapis.com/google.rpc.QuotaFailure",
    "violations": [{"quotaId": "RequestsPerDayPerProject"}],
}
BAD_KEY = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}


@pytest.mark.parametrize(
    ("status", "word", "message", "details", "kind"),
    [
        (400, "INVALID_ARGUMENT", "Bad field.", [], InvalidRequest),
        (400, "INVALID_ARGUMENT", "API key not valid.", [BAD_KEY], UpstreamRefusedKey),
        (400, "INVALID_ARGUMENT", "The input token count (9) exceeds the maximum number of tokens", [], ContextTooLong),
        (400, "FAILED_PRECONDITION", "User location is not supported for the API use.", [], UpstreamRefusedKey),
        (401, "UNAUTHENTICATED", "", [], UpstreamRefusedKey),
        (403, "PERMISSION_DENIED", "", [], UpstreamRefusedKey),
        (404, "NOT_FOUND", "models/x is not found", [], NotFound),
        (429, "RESOURCE_EXHAUSTED", "Check your plan and billing details.", [], RateLimited),
        (429, "RESOURCE_EXHAUSTED", "", [DAILY, RETRY], RateLimited),
        (429, "RESOURCE_EXHAUSTED", "", [DAILY], QuotaExhausted),
        (500, "INTERNAL", "", [], UpstreamFailed),
        (503, "UNAVAILABLE", "", [], Overloaded),
        (504, "DEADLINE_EXCEEDED", "", [], TimedOut),
    ],
)
async def test_explains_errors_alike_before_and_inside_the_stream(
    make, server, listen, status, word, message, details, kind
):
    """Reasons and status words mean the same with their status and, at status 200, inside the stream."""
    error = {"error": {"code": status, "message": message, "status": word, "details": details}}
    server.plan(answer(status, json.dumps(error).encode()))
    server.plan(SSE + sse(candidate({"text": "x"}), error))
    _, before = await listen(make(Gemini), ASK)
    events, inside = await listen(make(Gemini), ASK)
    assert (type(before), type(inside)) == (kind, kind)
    assert before.retry_after == (59.5 if RETRY in details else None)
    assert events[-1] == Delta(0, "x")
