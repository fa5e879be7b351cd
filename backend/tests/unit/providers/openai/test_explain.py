"""What OpenAI's errors mean, before a stream and inside it."""

import json

import pytest

from tests.fakes.raw_server import SSE, answer
from tests.unit.providers.openai.samples import ASK, TEXT, TEXT_EVENTS
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
from ultra.providers import OpenAI


@pytest.mark.parametrize(
    ("status", "error", "kind", "code"),
    [
        (400, {"type": "invalid_request_error", "code": "context_length_exceeded"}, ContextTooLong, None),
        (400, {"type": "exceed_context_size_error", "code": 400}, ContextTooLong, None),
        (400, {"message": "This model's maximum context length is 8 tokens."}, ContextTooLong, None),
        (400, {"type": "invalid_request_error", "code": "invalid_value", "param": "stop"}, InvalidRequest, None),
        (401, {"type": "invalid_request_error", "code": "invalid_api_key"}, UpstreamRefusedKey, None),
        (401, {}, UpstreamRefusedKey, None),
        (402, {"message": "pay"}, QuotaExhausted, None),
        (403, {"code": "unsupported_country_region_territory"}, UpstreamRefusedKey, "region_blocked"),
        (403, {"message": "no"}, UpstreamRefusedKey, "permission_denied"),
        (404, {"type": "invalid_request_error", "code": "model_not_found"}, NotFound, "model_not_found"),
        (404, {"message": "nothing here"}, NotFound, "model_not_found"),
        (408, {}, TimedOut, "timeout"),
        (429, {"type": "rate_limit_error", "code": "rate_limit_exceeded"}, RateLimited, None),
        (429, {"type": "insufficient_quota", "code": "insufficient_quota"}, QuotaExhausted, None),
        (429, {"code": "credit_balance_exhausted"}, QuotaExhausted, None),
        (500, {"type": "server_error"}, UpstreamFailed, None),
        (503, {"type": "service_unavailable_error", "code": "server_is_overloaded"}, Overloaded, None),
        (504, {}, TimedOut, "timeout"),
        (529, {}, Overloaded, None),
    ],
)
def test_explains_by_word_then_by_status(pure, status, error, kind, code):
    """A code or a type says more than the status; without them the status decides."""
    explained = pure(OpenAI).explain(status, {}, json.dumps({"error": error}).encode())
    assert (type(explained), explained.code) == (kind, code or kind.kind)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"type": "server_error", "message": "x"}, UpstreamFailed),
        ({"type": "invalid_request_error"}, InvalidRequest),
        ({"code": 429, "message": "slow"}, RateLimited),
        ({"code": "502"}, UpstreamFailed),
        ("out of memory", UpstreamFailed),
    ],
)
async def test_raises_an_error_inside_the_stream(make, server, listen, error, kind):
    """An error object in the stream ends it, after the text that came before, and money may have been spent."""
    bad = b"data: " + json.dumps({"error": error}).encode() + b"\n\n"
    server.plan(SSE + TEXT[: TEXT.index(b"e \xe2")].rpartition(b"data: ")[0] + bad)
    events, raised = await listen(make(OpenAI), ASK)
    assert events == TEXT_EVENTS[:3]
    assert type(raised) is kind
    assert raised.upstream.started is True


async def test_errors_carry_the_vendor_s_facts(make, server, listen):
    """Request id, type, code, param and delay come along; the status line decides nothing else."""
    body = b'{"error":{"message":"Too fast.","type":"rate_limit_error","code":"rate_limit_exceeded","param":null}}'
    server.plan(
        answer(429, body, "x-request-id: req_9", "retry-after-ms: 1500", "retry-after: 9", "x-should-retry: false")
    )
    _, raised = await listen(make(OpenAI), ASK)
    assert isinstance(raised, RateLimited)
    assert (raised.message, raised.retry_after, raised.retryable) == ("openai answered 429: Too fast.", 1.5, False)
    assert (raised.provider, raised.model) == ("openai", "gpt-x")
    upstream = raised.upstream
    assert (upstream.status, upstream.type, upstream.code) == (429, "rate_limit_error", "rate_limit_exceeded")
    assert (upstream.request_id, upstream.started) == ("req_9", False)
