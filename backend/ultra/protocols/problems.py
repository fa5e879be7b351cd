"""Errors of Ultra's own API as problem+json (RFC 9457)."""

from typing import Any

from ultra.domain.errors import AllFailed, RateLimited, UltraError
from ultra.protocols.failures import Reply, failure, headers, message

_REGISTERED = {
    "rate_limited": "https://iana.org/assignments/http-problem-types#quota-exceeded",
    "overloaded": "https://iana.org/assignments/http-problem-types#temporary-reduced-capacity",
}
"""Kinds for which IANA's registry of problem types has a name."""


def problem(err: UltraError, *, request_id: str | None, show_internals: bool) -> Reply:
    """Return an error as a problem document.

    `show_internals` adds `internals`: what the provider said (status, type, code, its request id), for a machine whose
    operator is the reader. Without it, a failed candidate is named by model and kind only.
    """
    row = failure(err)
    status = row.api_status or row.status
    body: dict[str, Any] = {
        "type": _REGISTERED.get(err.kind, f"urn:ultra:problem:{err.kind.replace('_', '-')}"),
        "title": row.title,
        "status": status,
        "detail": message(err),
        "code": err.code,
        "hint": err.hint,
        "request_id": request_id,
    }
    if err.param is not None:
        body["param"] = err.param
    if err.retry_after is not None:
        body["retry_after"] = err.retry_after
    if isinstance(err, RateLimited) and err.violated:
        body["violated-policies"] = list(err.violated)
    if isinstance(err, AllFailed):
        body["causes"] = [{"model": _name(each), "code": each.kind} for each in err.causes]
    if show_internals:
        body["internals"] = _internals(err)
    return Reply(status, headers(err, request_id=request_id, content_type="application/problem+json"), body)


def _name(err: UltraError) -> str | None:
    if err.provider and err.model and not err.model.startswith(f"{err.provider}/"):
        return f"{err.provider}/{err.model}"
    return err.model or err.provider


def _type(err: UltraError) -> str:
    """Return the class that the kind belongs to: one below it differs in what callers must not learn."""
    return next(each.__name__ for each in type(err).__mro__ if "kind" in vars(each))


def _internals(err: UltraError) -> dict[str, Any]:
    found: dict[str, Any] = {"error": _type(err), "provider": err.provider, "model": err.model}
    if err.upstream is not None:
        said = err.upstream
        found["upstream"] = {
            "status": said.status,
            "type": said.type,
            "code": said.code,
            "request_id": said.request_id,
            "started": said.started,
        }
    if isinstance(err, AllFailed):
        found["causes"] = [_internals(each) | {"detail": message(each)} for each in err.causes]
    return found
