"""The one table from error kinds to what each wire says; every wire reads it, so no two disagree.

Statuses: a failed upstream is 502, none available is 503; a bad key of Ultra's own is the server's fault (502),
never 401. A used-up budget is 429 on the OpenAI and Gemini wires, and the words those vendors have for money
elsewhere (402). Anthropic says 529 for saturation.
"""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ultra.domain.errors import Refused, UltraError


@dataclass(frozen=True, slots=True)
class Reply:
    """A whole HTTP answer whose body is a JSON object; header names are lower case."""

    status: int
    headers: dict[str, str]
    body: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Failure:
    """How one kind of error looks on each wire. `repeat`: may a client send the same request again by itself?

    `status` counts wherever no wire has its own: `anthropic_status`, `api_status`.
    """

    status: int
    title: str
    openai_type: str
    openai_code: str | None
    anthropic_type: str
    gemini_word: str
    repeat: bool = False
    anthropic_status: int = 0
    api_status: int = 0
    said: str | None = None
    """Said instead of the error's own message, where that may hold what outsiders must not see."""


_INVALID = "invalid_request_error"
_SERVER = "server_error"
_OWN_KEY = "The provider does not accept this server's own key."
_INTERNAL = "Something went wrong inside this server; its log has the details under the request id."

FAILURES: Mapping[str, Failure] = {
    "internal": Failure(
        500, "Internal error", _SERVER, "internal_error", "api_error", "INTERNAL", said=_INTERNAL
    ),
    "refused": Failure(400, "Request refused", _INVALID, None, _INVALID, "INVALID_ARGUMENT"),
    "invalid_request": Failure(400, "Invalid request", _INVALID, "invalid_value", _INVALID, "INVALID_ARGUMENT"),
    "context_too_long": Failure(
        400, "Prompt too long", _INVALID, "context_length_exceeded", _INVALID, "INVALID_ARGUMENT"
    ),
    "unauthenticated": Failure(
        401, "Not signed in", _INVALID, "invalid_api_key", "authentication_error", "UNAUTHENTICATED"
    ),
    "forbidden": Failure(
        403, "Not permitted", "permission_error", "permission_denied", "permission_error", "PERMISSION_DENIED"
    ),
    "not_found": Failure(404, "Not found", _INVALID, "model_not_found", "not_found_error", "NOT_FOUND"),
    "method_not_allowed": Failure(
        405, "Method not allowed", _INVALID, "method_not_allowed", _INVALID, "INVALID_ARGUMENT"
    ),
    "conflict": Failure(409, "Conflict", _INVALID, "conflict", "conflict_error", "ABORTED"),
    "too_large": Failure(413, "Too large", _INVALID, "request_too_large", "request_too_large", "INVALID_ARGUMENT"),
    "unsupported_media": Failure(
        415, "Unsupported content type", _INVALID, "unsupported_media_type", _INVALID, "INVALID_ARGUMENT"
    ),
    "quota_exhausted": Failure(
        429, "Budget used up", "insufficient_quota", "insufficient_quota", "billing_error", "RESOURCE_EXHAUSTED",
        anthropic_status=402, api_status=402,
    ),
    "rate_limited": Failure(
        429, "Too many requests", "rate_limit_error", "rate_limit_exceeded", "rate_limit_error", "RESOURCE_EXHAUSTED",
        repeat=True,
    ),
    "unavailable": Failure(
        503, "Not available", "service_unavailable_error", "unavailable", "overloaded_error", "UNAVAILABLE",
        repeat=True,
    ),
    "overloaded": Failure(
        503, "Overloaded", "service_unavailable_error", "overloaded", "overloaded_error", "UNAVAILABLE",
        repeat=True, anthropic_status=529,
    ),
    "circuit_open": Failure(
        503, "Left alone for now", "service_unavailable_error", "overloaded", "overloaded_error", "UNAVAILABLE",
        repeat=True,
    ),
    "none_available": Failure(
        503, "No model available", "service_unavailable_error", "overloaded", "overloaded_error", "UNAVAILABLE",
        repeat=True,
    ),
    "upstream_failed": Failure(
        502, "Provider failed", _SERVER, "upstream_failed", "api_error", "UNAVAILABLE", repeat=True
    ),
    "upstream_refused_key": Failure(
        502, "Provider refused this server", _SERVER, "upstream_refused_key", "api_error", "UNAVAILABLE",
        said=_OWN_KEY,
    ),
    "network_failed": Failure(
        502, "Provider not reached", _SERVER, "network_failed", "api_error", "UNAVAILABLE", repeat=True
    ),
    "protocol_violated": Failure(
        502, "Provider answered garbled", _SERVER, "protocol_violated", "api_error", "UNAVAILABLE"
    ),
    "truncated": Failure(502, "Answer cut short", _SERVER, "truncated", "api_error", "UNAVAILABLE"),
    "all_failed": Failure(502, "Nobody answered", _SERVER, "all_failed", "api_error", "UNAVAILABLE"),
    "request_timeout": Failure(
        408, "Request too slow", _INVALID, "request_timeout", _INVALID, "DEADLINE_EXCEEDED", repeat=True
    ),
    "timed_out": Failure(504, "Took too long", "timeout_error", "timeout", "timeout_error", "DEADLINE_EXCEEDED"),
    "cancelled": Failure(499, "Cancelled", _INVALID, "cancelled", _INVALID, "CANCELLED"),
}  # fmt: skip
"""One row a kind. A kind without a row is answered as the nearest class above it that has one."""

_URL = re.compile(r"\b[a-z][a-z0-9+.-]*://\S+", re.IGNORECASE)
_KEY = re.compile(
    r"(?i)\bbearer\s+\S+|\b(?:sk|rk|pk|xai|gsk)[-_][\w*.-]{6,}|\bAIza[\w-]{8,}|\b(?:api[-_]?key|key|token)=[^\s&]+"
)


def failure(err: UltraError) -> Failure:
    """Return the row of an error's kind."""
    for each in type(err).__mro__:
        row = FAILURES.get(getattr(each, "kind", ""))
        if row is not None:
            return row
    return FAILURES["internal"]


def message(err: UltraError) -> str:
    """Return the message without addresses and keys, or what is said instead of it."""
    return failure(err).said or _KEY.sub("[removed]", _URL.sub("[address]", err.message))


def sentence(err: UltraError) -> str:
    """Return what wires without a field for hints tell a client: the message, then the hint."""
    return f"{message(err)} {err.hint}" if err.hint else message(err)


def code(err: UltraError) -> str | None:
    """Return the word for programs on OpenAI's wire: a refusal's own one where it has one, else its kind's."""
    own = err.code if isinstance(err, Refused) and err.code != err.kind else None
    return own or failure(err).openai_code


def is_worth_repeating(err: UltraError) -> bool:
    """May the client repeat by itself? Not when it cannot help, nor when upstream money may be spent already."""
    return failure(err).repeat and not (err.upstream is not None and err.upstream.started)


def headers(err: UltraError, *, request_id: str | None, content_type: str = "application/json") -> dict[str, str]:
    """Return the headers of an error: its request id, when to come back, and whether to."""
    found = {"content-type": content_type}
    if request_id is not None:
        found |= {"x-request-id": request_id, "request-id": request_id}
    if err.retry_after is not None:
        wait = max(err.retry_after, 0.0)
        found |= {"retry-after": str(math.ceil(wait)), "retry-after-ms": str(math.ceil(wait * 1000))}
    if not is_worth_repeating(err):
        found["x-should-retry"] = "false"
    if failure(err).status == 401:
        found["www-authenticate"] = "Bearer"
    return found
