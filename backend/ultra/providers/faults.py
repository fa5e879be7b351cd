"""What a vendor reports as wrong becomes one of Ultra's errors, by tables: first its words, then its status."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import NamedTuple

from ultra.domain.errors import (
    ContextTooLong,
    InvalidRequest,
    NotFound,
    Overloaded,
    ProtocolViolated,
    QuotaExhausted,
    RateLimited,
    Refused,
    TimedOut,
    TooLarge,
    UltraError,
    Upstream,
    UpstreamFailed,
    UpstreamRefusedKey,
)
from ultra.providers.delays import asked_delay, reset_delay


class Meaning(NamedTuple):
    """An error class and the word it gets as `code`; None is the class's own kind."""

    error: type[UltraError]
    code: str | None = None


MODEL_NOT_FOUND = Meaning(NotFound, "model_not_found")
PERMISSION_DENIED = Meaning(UpstreamRefusedKey, "permission_denied")
REGION_BLOCKED = Meaning(UpstreamRefusedKey, "region_blocked")
TIMED_OUT = Meaning(TimedOut, "timeout")

STATUSES: Mapping[int, Meaning] = {
    400: Meaning(InvalidRequest),
    401: Meaning(UpstreamRefusedKey),
    402: Meaning(QuotaExhausted),
    403: PERMISSION_DENIED,
    404: MODEL_NOT_FOUND,
    408: TIMED_OUT,
    409: Meaning(UpstreamFailed),
    410: MODEL_NOT_FOUND,
    413: Meaning(TooLarge),
    415: Meaning(InvalidRequest),
    422: Meaning(InvalidRequest),
    425: Meaning(Overloaded),
    429: Meaning(RateLimited),
    498: Meaning(Overloaded),
    499: Meaning(UpstreamFailed),
    503: Meaning(Overloaded),
    504: TIMED_OUT,
    524: TIMED_OUT,
    529: Meaning(Overloaded),
}
"""What a status means when the body's words say no more."""

_CLEAR_WITHOUT_BODY = frozenset({401, 402, 408, 413, 425, 429, 498, 503, 504, 524, 529})
"""Statuses that mean the same when a proxy wrote the body."""

_SENTENCES: tuple[tuple[re.Pattern[str], Meaning], ...] = (
    (
        re.compile(
            r"context (length|window|size)|prompt is too long|input is too long|too many (input )?tokens"
            r"|input token count .* exceeds|exceeds? the (available|maximum) context",
            re.IGNORECASE,
        ),
        Meaning(ContextTooLong),
    ),
    (re.compile(r"credit balance|usage limits?\b|spend(ing)? limit|billing", re.IGNORECASE), Meaning(QuotaExhausted)),
    (re.compile(r"location is not supported|not available in your (country|region)", re.IGNORECASE), REGION_BLOCKED),
)
"""For refusals whose type and code say nothing more than "invalid": what their sentence gives away."""

_SECRETS = re.compile(r"([?&]key=)[^&\s\"']+|\b(?:sk|gsk|xai|pplx)[-_][A-Za-z0-9_*.-]{6,}|\bAIza[A-Za-z0-9_*-]{6,}")
_LONGEST_MESSAGE = 500


@dataclass(frozen=True, slots=True)
class Fault:
    """What a vendor said, read out of its own shape; `words` from the most telling to the least.

    `readable` is False when the body was not the vendor's JSON. `retry_after` is one found in the body (seconds).
    """

    words: tuple[str, ...] = ()
    message: str = ""
    param: str | None = None
    request_id: str | None = None
    retry_after: float | None = None
    readable: bool = True


@dataclass(frozen=True, slots=True)
class Interpreter:
    """Turns faults of one provider into errors. `words` are its types and codes; `key_hint` says where its key is set.

    Types that say no more than the status does (`invalid_request_error`) belong in `in_band`, which is asked only
    where there is no status: for errors inside a stream.
    """

    provider: str
    words: Mapping[str, Meaning]
    in_band: Mapping[str, Meaning]
    key_hint: str

    def error(self, status: int, headers: Mapping[str, str], fault: Fault, *, now: datetime) -> UltraError:
        """Return the error to raise. `headers` have lower-case names; `status` 200 is an error inside a stream."""
        meaning = self._meaning(status, fault)
        should_retry = {"false": False, "true": True}.get(headers.get("x-should-retry", "").lower())
        if issubclass(meaning.error, Refused) and should_retry:
            should_retry = None
        return meaning.error(
            self._message(meaning.error, status, fault),
            hint=self._hint(meaning.error),
            param=fault.param if issubclass(meaning.error, InvalidRequest) else None,
            code=meaning.code,
            retry_after=_delay(meaning.error, headers, fault, now),
            retryable=should_retry,
            provider=self.provider,
            upstream=Upstream(
                status=status,
                type=fault.words[-1] if fault.words else None,
                code=fault.words[0] if fault.words else None,
                request_id=fault.request_id or headers.get("x-request-id") or headers.get("request-id"),
                started=status in (200, 408) or (status >= 500 and status not in (501, 503, 529)),
            ),
        )

    def _meaning(self, status: int, fault: Fault) -> Meaning:
        if not fault.readable and status not in _CLEAR_WITHOUT_BODY:
            return Meaning(ProtocolViolated)
        found = next((self.words[each] for each in fault.words if each in self.words), None)
        if found is None and status == 200:
            found = next((self.in_band[each] for each in fault.words if each in self.in_band), None)
            status = next((int(each) for each in fault.words if re.fullmatch(r"[45]\d\d", each)), 500)
        if found is None:
            found = STATUSES.get(status) or _by_hundred(status)
        if found.error is InvalidRequest:
            return next((meaning for pattern, meaning in _SENTENCES if pattern.search(fault.message)), found)
        return found

    def _message(self, error: type[UltraError], status: int, fault: Fault) -> str:
        if issubclass(error, UpstreamRefusedKey):
            return f"{self.provider} does not accept the configured key (status {status})."
        if not fault.readable:
            return f"{self.provider} answered {status} with something that is not its protocol."
        head = f"{self.provider} failed inside its answer" if status == 200 else f"{self.provider} answered {status}"
        return f"{head}: {clean(fault.message)}" if fault.message.strip() else f"{head}."

    def _hint(self, error: type[UltraError]) -> str | None:
        hints: Mapping[type[UltraError], str] = {
            UpstreamRefusedKey: self.key_hint,
            ProtocolViolated: f"Check the base URL of {self.provider}: another server seems to answer there.",
            NotFound: f"Check the model's name and the base URL of {self.provider}.",
            ContextTooLong: "Send less text, or choose a model with a larger context.",
            QuotaExhausted: f"Check the plan and the billing of the {self.provider} account.",
        }
        return hints.get(error)


def _by_hundred(status: int) -> Meaning:
    if 400 <= status < 500:
        return Meaning(InvalidRequest)
    return Meaning(UpstreamFailed if status >= 500 else ProtocolViolated)


def _delay(error: type[UltraError], headers: Mapping[str, str], fault: Fault, now: datetime) -> float | None:
    asked = asked_delay(headers, now=now)
    if asked is None:
        asked = fault.retry_after
    if asked is None and issubclass(error, RateLimited):
        asked = reset_delay(headers, now=now)
    return asked


def clean(text: str, secret: str | None = None) -> str:
    """Return text fit for people: one line, of bounded length, without the key and without anything like a key."""
    if secret:
        text = text.replace(secret, "[key]")
    text = _SECRETS.sub(lambda match: f"{match[1] or ''}[key]", text)
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST_MESSAGE else line[: _LONGEST_MESSAGE - 1] + "…"


def dress(
    error: UltraError, *, provider: str, model: str | None, secret: str | None, request_id: str | None, answering: bool
) -> UltraError:
    """Complete an error with who failed and how far it came, and take the key out of all its words.

    `answering` says that the vendor had accepted the request, so money may have been spent.
    """
    error.provider = error.provider or provider
    error.model = error.model or model
    known = error.upstream or Upstream(status=200 if answering else None)
    error.upstream = replace(
        known,
        type=clean(known.type, secret) if known.type else None,
        code=clean(known.code, secret) if known.code else None,
        request_id=known.request_id or request_id,
        started=known.started or answering,
    )
    error.message = clean(error.message, secret)
    error.args = (error.message,)
    error.param = clean(error.param, secret) if error.param else None
    return error
