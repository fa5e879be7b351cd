"""Everything that can go wrong, as types that carry what the caller needs to act.

UltraError                      never raised itself
├── Refused                     the request as it stands; asking again unchanged cannot help
│   ├── InvalidRequest          malformed, out of bounds, or not possible on this model
│   │   ├── ContextTooLong      the prompt does not fit the model
│   │   └── MethodNotAllowed    the route exists, with another method
│   ├── Unauthenticated         no credential, or a bad one
│   ├── Forbidden               a good credential without the permission
│   ├── NotFound                no such model, run, pattern ... for this caller
│   │   └── NotTheirs           there is one, and it is somebody else's: told in the same words
│   ├── Conflict                the state does not allow it
│   ├── TooLarge                more bytes than the cap
│   └── UnsupportedMedia        a body of another content type
├── QuotaExhausted              money or quota is used up (Ultra's budget or the vendor's account)
├── RateLimited                 too fast; `retry_after` says when
├── Unavailable                 nothing was tried, or nothing could be
│   ├── Overloaded              the vendor or Ultra is saturated
│   ├── CircuitOpen             this model failed too often just now
│   └── NoneAvailable           no candidate or panel member may be asked at the moment
├── UpstreamFailed              the vendor failed (5xx)
│   ├── UpstreamRefusedKey      the vendor does not accept Ultra's own key
│   ├── NetworkFailed           connection refused or reset, DNS, TLS
│   ├── ProtocolViolated        bytes that are not the vendor's protocol
│   ├── Truncated               the stream ended before its end was announced
│   └── AllFailed               every candidate failed; `causes` has one error each
├── TooSlow                     the request itself did not arrive in time
├── TimedOut                    the deadline, or silence for longer than allowed
└── Cancelled                   the caller asked for it to end

Expected outcomes are values, not errors: one model of five failing is an `Answer` that failed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar


@dataclass(frozen=True, slots=True)
class Upstream:
    """What the vendor said, for logs and operators: redacted text only, never a key or a URL with one."""

    status: int | None = None
    type: str | None = None
    code: str | None = None
    request_id: str | None = None
    started: bool = False
    """True once the vendor may have begun to work, so that money may have been spent."""


class UltraError(Exception):
    """The root. `kind` is the stable word that tables map to statuses; `message` is one sentence for people."""

    kind: ClassVar[str] = "internal"
    retryable: bool = False
    """The same call may succeed when repeated a little later; one error may differ from its class."""
    falls_back: ClassVar[bool] = True
    """Another candidate of the same list may succeed where this one failed."""

    def __init__(
        self,
        message: str,
        *,
        hint: str | None = None,
        param: str | None = None,
        code: str | None = None,
        retry_after: float | None = None,
        retryable: bool | None = None,
        provider: str | None = None,
        model: str | None = None,
        upstream: Upstream | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint
        self.param = param
        self.code = code or self.kind
        self.retry_after = retry_after
        """Seconds from now, when known."""
        if retryable is not None:
            self.retryable = retryable
        self.provider = provider
        self.model = model
        self.upstream = upstream


class Refused(UltraError):
    """The request as it stands is refused; asking again unchanged cannot help."""

    kind = "refused"
    falls_back = False


class InvalidRequest(Refused):
    """Malformed, out of bounds, or not possible on this model; `param` names the field."""

    kind = "invalid_request"


class ContextTooLong(InvalidRequest):
    """The prompt does not fit the model; a candidate with a larger window may take it."""

    kind = "context_too_long"
    falls_back = True


class MethodNotAllowed(InvalidRequest):
    """The route exists, with another method."""

    kind = "method_not_allowed"


class Unauthenticated(Refused):
    """No credential, or one that is not good."""

    kind = "unauthenticated"


class Forbidden(Refused):
    """A good credential without the permission."""

    kind = "forbidden"


class NotFound(Refused):
    """No such thing for this caller; a thing of somebody else looks the same."""

    kind = "not_found"
    falls_back = True


class NotTheirs(NotFound):
    """It is there and somebody else's; told as what it is for this caller. `target` is for the audit alone."""

    def __init__(self, message: str, *, target: str, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.target = target


class Conflict(Refused):
    """The present state does not allow it."""

    kind = "conflict"


class TooLarge(Refused):
    """More bytes than the cap."""

    kind = "too_large"


class UnsupportedMedia(Refused):
    """The body has another content type than the route reads."""

    kind = "unsupported_media"


class QuotaExhausted(UltraError):
    """Money or quota is used up; waiting a little does not help."""

    kind = "quota_exhausted"


class RateLimited(UltraError):
    """Too many requests or tokens in a window; `retry_after` says when to come back."""

    kind = "rate_limited"
    retryable = True

    def __init__(self, message: str, *, violated: Sequence[str] = (), **details: Any) -> None:
        super().__init__(message, **details)
        self.violated = tuple(violated)
        """The names of the limits that said no, where they are Ultra's own."""


class Unavailable(UltraError):
    """Nothing was tried, or nothing could be."""

    kind = "unavailable"


class Overloaded(Unavailable):
    """Saturated for the moment."""

    kind = "overloaded"
    retryable = True


class CircuitOpen(Unavailable):
    """The model failed too often just now and is left alone until `retry_after`."""

    kind = "circuit_open"


class NoneAvailable(Unavailable):
    """No candidate or panel member may be asked at the moment."""

    kind = "none_available"


class UpstreamFailed(UltraError):
    """The vendor failed."""

    kind = "upstream_failed"
    retryable = True


class UpstreamRefusedKey(UpstreamFailed):
    """The vendor does not accept Ultra's own key; the caller's credential is not the problem."""

    kind = "upstream_refused_key"
    retryable = False


class NetworkFailed(UpstreamFailed):
    """Connection refused or reset, DNS, TLS."""

    kind = "network_failed"


class ProtocolViolated(UpstreamFailed):
    """The vendor sent bytes that are not its protocol."""

    kind = "protocol_violated"


class Truncated(UpstreamFailed):
    """The stream ended before its end was announced; what came is incomplete."""

    kind = "truncated"


class AllFailed(UpstreamFailed):
    """Every candidate failed; `causes` has one error for each, in the order tried."""

    kind = "all_failed"
    retryable = False

    def __init__(self, message: str, *, causes: Sequence[UltraError], hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.causes = tuple(causes)


class TooSlow(UltraError):
    """The client did not send its whole request within the time it has for that."""

    kind = "request_timeout"
    retryable = True


class TimedOut(UltraError):
    """The deadline passed, or nothing came for longer than allowed."""

    kind = "timed_out"
    retryable = True


class Cancelled(UltraError):
    """The caller asked for it to end."""

    kind = "cancelled"
    falls_back = False
