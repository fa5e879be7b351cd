"""Google's error object, with the details that say when to come back and what was wrong with a key."""

from typing import Any

from ultra.domain.errors import QuotaExhausted, UltraError, Unauthenticated
from ultra.protocols.failures import Reply, failure, headers, sentence

_WORDS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    409: "ABORTED",
    429: "RESOURCE_EXHAUSTED",
    499: "CANCELLED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}
_TYPE = "type.googleapis.com/google.rpc."


def error(err: UltraError, *, request_id: str | None, status: int | None = None) -> Reply:
    """Return an error before the first byte.

    `status` replaces the table's and its word, for a server that imitates the vendor, which answers a bad key with 400.
    """
    body = {"error": detail(err, status=status)}
    return Reply(body["error"]["code"], headers(err, request_id=request_id), body)


def detail(err: UltraError, *, status: int | None = None) -> dict[str, Any]:
    """Return the object under `error`, in an answer as in a stream."""
    row = failure(err)
    found: dict[str, Any] = {
        "code": status or row.status,
        "message": sentence(err),
        "status": row.gemini_word if status is None else _WORDS.get(status, row.gemini_word),
    }
    details = _details(err)
    return found | ({"details": details} if details else {})


def _details(err: UltraError) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    if isinstance(err, Unauthenticated):
        info = {"reason": "API_KEY_INVALID", "domain": "googleapis.com", "metadata": {}}
        found.append({"@type": _TYPE + "ErrorInfo", **info})
    if isinstance(err, QuotaExhausted):
        found.append({"@type": _TYPE + "QuotaFailure", "violations": [{"description": sentence(err)}]})
    if err.param is not None:
        violation = {"field": err.param, "description": sentence(err)}
        found.append({"@type": _TYPE + "BadRequest", "fieldViolations": [violation]})
    if err.retry_after is not None:
        found.append({"@type": _TYPE + "RetryInfo", "retryDelay": f"{max(err.retry_after, 0):g}s"})
    return found
