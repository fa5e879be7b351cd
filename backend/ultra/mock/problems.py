"""What a vendor's server complains about, in words that every wire translates into its own shape."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeAlias

Kind: TypeAlias = Literal[
    "invalid",
    "context",
    "auth",
    "billing",
    "forbidden",
    "not_found",
    "conflict",
    "too_large",
    "rate",
    "quota",
    "server",
    "unavailable",
    "timeout",
    "overloaded",
]

STATUS_KINDS: Mapping[int, Kind] = {
    400: "invalid",
    401: "auth",
    402: "billing",
    403: "forbidden",
    404: "not_found",
    409: "conflict",
    413: "too_large",
    422: "invalid",
    429: "rate",
    500: "server",
    502: "server",
    503: "unavailable",
    504: "timeout",
    529: "overloaded",
}


@dataclass(frozen=True, slots=True)
class Problem:
    """A complaint. `status` None is the vendor's usual one for the kind; `headers` are sent besides its usual ones.

    `retry_s` is when to come back; `in_vendor_words` says it the way the vendor does, else only `headers` say it.
    """

    kind: Kind
    message: str
    status: int | None = None
    param: str | None = None
    retry_s: float | None = None
    in_vendor_words: bool = True
    headers: Mapping[str, str] = field(default_factory=dict)


def of_status(status: int) -> Problem:
    """Return the problem that usually stands behind a status."""
    kind = STATUS_KINDS.get(status, "server" if status >= 500 else "invalid")
    return Problem(kind, f"The mock was told to answer {status}.", status=status)
