"""Gemini's generateContent."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import aiohttp

from ultra.domain.chat import ChatRequest, Loss
from ultra.domain.errors import (
    InvalidRequest,
    Overloaded,
    ProtocolViolated,
    QuotaExhausted,
    RateLimited,
    UltraError,
    UpstreamFailed,
    UpstreamRefusedKey,
)
from ultra.domain.models import Capabilities, Limits, ListedModel
from ultra.providers.base import HttpProvider
from ultra.providers.calls import Call, Timeouts
from ultra.providers.delays import duration
from ultra.providers.faults import MODEL_NOT_FOUND, PERMISSION_DENIED, TIMED_OUT, Fault, Interpreter, Meaning
from ultra.providers.gemini.decode import GeminiDecoder
from ultra.providers.gemini.encode import encode_contents
from ultra.providers.gemini.names import own_names
from ultra.providers.loose_json import known_count, mapping, read_anything, sequence, text, word
from ultra.system import System

WORDS: Mapping[str, Meaning] = {
    "API_KEY_INVALID": Meaning(UpstreamRefusedKey),
    "API_KEY_SERVICE_BLOCKED": Meaning(UpstreamRefusedKey),
    "ACCESS_TOKEN_EXPIRED": Meaning(UpstreamRefusedKey),
    "BILLING_DISABLED": Meaning(QuotaExhausted),
    "QUOTA_PER_DAY": Meaning(QuotaExhausted),
    "UNAUTHENTICATED": Meaning(UpstreamRefusedKey),
    "PERMISSION_DENIED": PERMISSION_DENIED,
    "NOT_FOUND": MODEL_NOT_FOUND,
    "RESOURCE_EXHAUSTED": Meaning(RateLimited),
    "UNAVAILABLE": Meaning(Overloaded),
    "DEADLINE_EXCEEDED": TIMED_OUT,
    "INTERNAL": Meaning(UpstreamFailed),
    "CANCELLED": Meaning(UpstreamFailed),
    "INVALID_ARGUMENT": Meaning(InvalidRequest),
    "FAILED_PRECONDITION": Meaning(InvalidRequest),
}
"""Reasons and status words, inside a stream and outside. `QUOTA_PER_DAY` is ours: waiting a little cannot help."""


class Gemini(HttpProvider):
    """Speaks Gemini's wire; base URL without the API version, which is `version` (`v1` or `v1beta`)."""

    name = "gemini"

    def __init__(
        self,
        *,
        session: aiohttp.ClientSession,
        base_url: str,
        key: Callable[[], str | None],
        system: System,
        timeouts: Timeouts,
        key_hint: str = "",
        capabilities: Callable[[str], Capabilities | None] = lambda _: None,
        version: str = "v1",
    ) -> None:
        super().__init__(
            session=session,
            base_url=base_url,
            key=key,
            system=system,
            timeouts=timeouts,
            key_hint=key_hint,
            capabilities=capabilities,
        )
        self._version = version

    def encode(self, request: ChatRequest) -> tuple[Call, tuple[Loss, ...]]:
        """Return the call for a streamed answer."""
        known = self.capabilities(request.model)
        return encode_contents(request, provider=self.name, version=self._version, known=known)

    def decoder(self, request: ChatRequest) -> GeminiDecoder:
        """Return a decoder for its chunks."""
        return GeminiDecoder(
            provider=self.name,
            model=request.model,
            own_names=own_names(request),
            in_band=self._in_band,
            new_id=self.system.new_id,
        )

    def explain(self, status: int, headers: Mapping[str, str], body: bytes) -> UltraError:
        """Return what an error answer means."""
        value = read_anything(body)
        said = mapping(value[0] if isinstance(value, list) and value else value)
        return self._interpret(status, headers, _fault(said, readable=bool(said) or not body.strip()))

    def authorize(self, key: str) -> Mapping[str, str]:
        """Return the key in its header; never in the address, where logs would keep it."""
        return {"x-goog-api-key": key}

    def encode_models(self, cursor: str | None) -> Call:
        """Return the call for a page of the model list."""
        after = f"&pageToken={quote(cursor, safe='')}" if cursor else ""
        return Call("GET", f"/{self._version}/models?pageSize=1000{after}", {"accept": "application/json"})

    def decode_models(self, body: bytes) -> tuple[tuple[ListedModel, ...], str | None]:
        """Return the models of a page that can answer, and the cursor of the next."""
        page = mapping(read_anything(body))
        if not page and body.strip() != b"{}":
            raise ProtocolViolated(f"{self.name} sent a model list that is not one.")
        entries = [mapping(entry) for entry in sequence(page.get("models"))]
        models = tuple(_model(entry) for entry in entries if _answers(entry))
        return models, text(page.get("nextPageToken")) or None

    def _in_band(self, said: dict[str, Any]) -> UltraError:
        return self._interpret(200, {}, _fault(said, readable=True))

    def _interpret(self, status: int, headers: Mapping[str, str], fault: Fault) -> UltraError:
        interpreter = Interpreter(self.name, WORDS, {}, self.key_hint)
        return interpreter.error(status, headers, fault, now=self.system.now())


def _fault(said: dict[str, Any], *, readable: bool) -> Fault:
    error = mapping(said.get("error"))
    details = [mapping(detail) for detail in sequence(error.get("details"))]
    delays = [duration(text(detail.get("retryDelay"))) for detail in details if "retryDelay" in detail]
    delay = next((each for each in delays if each is not None), None)
    words = [word(detail.get("reason")) for detail in details]
    if delay is None and any(_is_daily(detail) for detail in details):
        words.append("QUOTA_PER_DAY")
    words += [word(error.get("status")), word(error.get("code"))]
    return Fault(
        words=tuple(each for each in words if each),
        message=text(error.get("message")),
        retry_after=delay,
        readable=readable,
    )


def _is_daily(detail: dict[str, Any]) -> bool:
    violations = [mapping(each) for each in sequence(detail.get("violations"))]
    return any("PerDay" in text(each.get("quotaId")) for each in violations)


def _answers(entry: dict[str, Any]) -> bool:
    methods = sequence(entry.get("supportedGenerationMethods"))
    return bool(text(entry.get("name"))) and (not methods or "generateContent" in methods)


def _model(entry: dict[str, Any]) -> ListedModel:
    given, made = known_count(entry.get("inputTokenLimit")), known_count(entry.get("outputTokenLimit"))
    thinks = entry.get("thinking")
    return ListedModel(
        name=text(entry["name"]).removeprefix("models/"),
        display_name=text(entry.get("displayName")) or None,
        limits=Limits(None, given, made, "provider") if given or made else Limits(),
        capabilities=Capabilities(reasoning=thinks, source="provider") if isinstance(thinks, bool) else Capabilities(),
    )
