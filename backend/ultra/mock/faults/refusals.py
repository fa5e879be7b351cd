"""Scenarios in which the vendor answers with a status instead of an answer, or with something that is none."""

from collections.abc import Iterator
from datetime import timedelta
from email.utils import format_datetime

from ultra.mock.faults.act import Act
from ultra.mock.problems import Problem, of_status
from ultra.mock.steps import Head, Send, Step

_HTML = (
    b"<!DOCTYPE html><html><head><title>502 Bad Gateway</title></head>"
    b"<body><center><h1>502 Bad Gateway</h1></center><hr><center>nginx</center></body></html>"
)
_SKEW = timedelta(hours=1)


def status(act: Act) -> Iterator[Step]:
    """Answer any status, `status-503`; 500 when none is named."""
    return act.refuse(of_status(act.settings.number or 500))


def bad_key(act: Act) -> Iterator[Step]:
    """Refuse the API key in the vendor's way."""
    return act.refuse(Problem("auth", "Incorrect API key provided."))


def forbidden(act: Act) -> Iterator[Step]:
    """Refuse a good key that lacks the permission."""
    return act.refuse(Problem("forbidden", "This key may not use this model."))


def not_found(act: Act) -> Iterator[Step]:
    """Say that there is no such model."""
    return act.refuse(Problem("not_found", f"The model `{act.call.model}` does not exist.", param="model"))


def retired(act: Act) -> Iterator[Step]:
    """Answer the first calls (`retired-after-2`: two), then say that the model has been retired."""
    if act.earlier < (act.settings.count or 0):
        return act.normal()
    return act.refuse(Problem("not_found", f"The model `{act.call.model}` has been retired.", param="model"))


def too_large(act: Act) -> Iterator[Step]:
    """Refuse the body for its bytes."""
    return act.refuse(Problem("too_large", "The request is larger than allowed."))


def context_too_long(act: Act) -> Iterator[Step]:
    """Refuse the prompt for its tokens."""
    return act.refuse(Problem("context", "This model's maximum context length is 8192 tokens; your prompt has more."))


def quota(act: Act) -> Iterator[Step]:
    """Say that the account has no money or quota left."""
    return act.refuse(Problem("quota", "You exceeded your current quota, check your plan and billing details."))


def rate_limit(act: Act) -> Iterator[Step]:
    """Limit the rate, and say when to come back in the vendor's own way (`rate-limit-2s`)."""
    return act.refuse(Problem("rate", "Rate limit reached.", retry_s=_seconds(act)))


def rate_limit_seconds(act: Act) -> Iterator[Step]:
    """Limit the rate with `retry-after` in seconds."""
    return _limit(act, {"retry-after": f"{_seconds(act):g}"})


def rate_limit_ms(act: Act) -> Iterator[Step]:
    """Limit the rate with `retry-after-ms`."""
    return _limit(act, {"retry-after-ms": f"{_seconds(act) * 1000:g}"})


def rate_limit_date(act: Act) -> Iterator[Step]:
    """Limit the rate with `retry-after` as an HTTP date."""
    return _limit(act, {"retry-after": format_datetime(act.call.at + timedelta(seconds=_seconds(act)), usegmt=True)})


def rate_limit_skewed(act: Act) -> Iterator[Step]:
    """Limit the rate with an HTTP date of a clock that is an hour behind; `date` says so."""
    then = act.call.at - _SKEW
    later = then + timedelta(seconds=_seconds(act))
    return _limit(act, {"date": format_datetime(then, usegmt=True), "retry-after": format_datetime(later, usegmt=True)})


def rate_limit_reset(act: Act) -> Iterator[Step]:
    """Limit the rate with OpenAI's `x-ratelimit-reset-*` durations only."""
    seconds = _seconds(act)
    return _limit(
        act,
        {
            "x-ratelimit-remaining-requests": "0",
            "x-ratelimit-reset-requests": f"{seconds:g}s" if seconds < 60 else f"{seconds // 60:g}m{seconds % 60:g}s",
            "x-ratelimit-reset-tokens": "12ms",
        },
    )


def rate_limit_rfc3339(act: Act) -> Iterator[Step]:
    """Limit the rate with Anthropic's RFC 3339 reset time only."""
    until = act.call.at + timedelta(seconds=_seconds(act))
    return _limit(
        act,
        {
            "anthropic-ratelimit-requests-remaining": "0",
            "anthropic-ratelimit-requests-reset": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
    )


def rate_limit_bare(act: Act) -> Iterator[Step]:
    """Limit the rate without saying for how long."""
    return _limit(act, {})


def overloaded(act: Act) -> Iterator[Step]:
    """Say that the vendor is saturated: 529 from Anthropic, 503 from others."""
    return act.refuse(Problem("overloaded", "Overloaded."))


def unavailable(act: Act) -> Iterator[Step]:
    """Answer 503."""
    return act.refuse(Problem("unavailable", "The service is temporarily unavailable."))


def server_error(act: Act) -> Iterator[Step]:
    """Answer 500."""
    return act.refuse(Problem("server", "The server had an error while processing your request."))


def timeout(act: Act) -> Iterator[Step]:
    """Answer 504."""
    return act.refuse(Problem("timeout", "The request timed out upstream."))


def flaky(act: Act) -> Iterator[Step]:
    """Fail the first calls with 500 (`flaky-2`: two, else one), then answer."""
    return server_error(act) if act.earlier < (act.settings.number or 1) else act.normal()


def html_502(act: Act) -> Iterator[Step]:
    """Answer a proxy's HTML page with status 502."""
    yield from _page(act, 502)


def html_200(act: Act) -> Iterator[Step]:
    """Answer a proxy's HTML page with status 200."""
    yield from _page(act, 200)


def empty_body(act: Act) -> Iterator[Step]:
    """Answer 200 with no body at all."""
    head = act.head()
    yield Head(head.status, head.headers, length=0)


def other_json(_act: Act) -> Iterator[Step]:
    """Answer 200 with JSON that is not this vendor's."""
    body = b'{"hello": "world"}'
    yield Head(200, {"content-type": "application/json"}, length=len(body))
    yield Send(body, last=True)


def _page(act: Act, code: int) -> Iterator[Step]:
    head = act.head(status=code, media_type="text/html")
    yield Head(code, head.headers, length=len(_HTML))
    yield Send(_HTML, last=True)


def _limit(act: Act, headers: dict[str, str]) -> Iterator[Step]:
    return act.refuse(Problem("rate", "Rate limit reached.", in_vendor_words=False, headers=headers))


def _seconds(act: Act) -> float:
    return 2.0 if act.settings.seconds is None else act.settings.seconds
