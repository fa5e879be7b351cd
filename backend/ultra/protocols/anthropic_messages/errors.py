"""Anthropic's error object."""

from typing import Any

from ultra.domain.errors import UltraError
from ultra.protocols.failures import Reply, failure, headers, sentence

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    402: "billing_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    413: "request_too_large",
    429: "rate_limit_error",
    500: "api_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def error(err: UltraError, *, request_id: str | None, status: int | None = None) -> Reply:
    """Return an error before the first byte.

    `status` replaces the table's and, where it names one, the error's type: for a server that imitates the vendor.
    """
    row = failure(err)
    word = row.anthropic_type if status is None else _TYPES.get(status, row.anthropic_type)
    body = {"type": "error", "error": {"type": word, "message": sentence(err)}, "request_id": request_id}
    return Reply(status or row.anthropic_status or row.status, headers(err, request_id=request_id), body)


def detail(err: UltraError, *, request_id: str | None) -> dict[str, Any]:
    """Return the data of an `error` event inside a stream."""
    body: dict[str, Any] = {"type": "error", "error": {"type": failure(err).anthropic_type, "message": sentence(err)}}
    return body | ({"request_id": request_id} if request_id else {})
