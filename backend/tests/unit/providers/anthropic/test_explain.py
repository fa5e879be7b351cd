"""What Anthropic's errors mean, before a stream and inside it."""

import json

import pytest

from tests.fakes.raw_server import SSE, answer
from tests.unit.providers.anthropic.samples import ASK, BEGIN, sse
from ultra.domain.errors import (
    ContextTooLong,
    InvalidRequest,
    NotFound,
    Overloaded,
    QuotaExhausted,
    RateLimited,
    TimedOut,
    TooLarge,
    UpstreamFailed,
    UpstreamRefusedKey,
)
from ultra.providers import Anthropic


@pytest.mark.parametrize(
    ("status", "word", "message", "kind"),
    [
        (400, "invalid_request_error", "max_tokens: too big", InvalidRequest),
        (400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum", ContextTooLong),
        (400, "invalid_request_error", "Your credit balance is too low", QuotaExhausted),
        (401, "authentication_error", "", UpstreamRefusedKey),
        (402, "billing_error", "", QuotaExhausted),
        (403, "permission_error", "", UpstreamRefusedKey),
        (404, "not_found_error", "model: x", NotFound),
        (413, "request_too_large", "", TooLarge),
        (429, "rate_limit_error", "", RateLimited),
        (500, "api_error", "", UpstreamFailed),
        (504, "timeout_error", "", TimedOut),
        (529, "overloaded_error", "", Overloaded),
    ],
)
async def test_explains_errors_alike_before_and_inside_the_stream(make, server, listen, status, word, message, kind):
    """An error type means the same with its status and, at status 200, inside the stream."""
    error = {"type": "error", "error": {"type": word, "message": message}, "request_id": "req_1"}
    server.plan(answer(status, json.dumps(error).encode()))
    server.plan(SSE + sse(BEGIN, error))
    _, before = await listen(make(Anthropic), ASK)
    events, inside = await listen(make(Anthropic), ASK)
    assert (type(before), type(inside)) == (kind, kind)
    assert (before.upstream.request_id, inside.upstream.request_id) == ("req_1", "req_1")
    assert inside.upstream.started is True
    assert len(events) == 2
