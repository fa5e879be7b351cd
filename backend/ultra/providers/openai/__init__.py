"""OpenAI's chat completions."""

from collections.abc import Mapping
from typing import Any

from ultra.domain.chat import ChatRequest, Loss
from ultra.domain.errors import (
    ContextTooLong,
    InvalidRequest,
    Overloaded,
    QuotaExhausted,
    RateLimited,
    TooLarge,
    UltraError,
    UpstreamFailed,
    UpstreamRefusedKey,
)
from ultra.domain.models import ListedModel
from ultra.providers.base import HttpProvider
from ultra.providers.calls import Call
from ultra.providers.faults import (
    MODEL_NOT_FOUND,
    PERMISSION_DENIED,
    REGION_BLOCKED,
    TIMED_OUT,
    Fault,
    Interpreter,
    Meaning,
)
from ultra.providers.loose_json import mapping, read_anything
from ultra.providers.openai.decode import OpenAIDecoder, error_words
from ultra.providers.openai.dialect import OPENAI, Dialect
from ultra.providers.openai.encode import encode_chat
from ultra.providers.openai.models import read_models

WORDS: Mapping[str, Meaning] = {
    "context_length_exceeded": Meaning(ContextTooLong),
    "exceed_context_size_error": Meaning(ContextTooLong),
    "string_above_max_length": Meaning(ContextTooLong),
    "model_not_found": MODEL_NOT_FOUND,
    "model_decommissioned": MODEL_NOT_FOUND,
    "insufficient_quota": Meaning(QuotaExhausted),
    "credit_balance_exhausted": Meaning(QuotaExhausted),
    "billing_hard_limit_reached": Meaning(QuotaExhausted),
    "billing_not_active": Meaning(QuotaExhausted),
    "invalid_api_key": Meaning(UpstreamRefusedKey),
    "account_deactivated": Meaning(UpstreamRefusedKey),
    "authentication_error": Meaning(UpstreamRefusedKey),
    "unsupported_country_region_territory": REGION_BLOCKED,
    "rate_limit_exceeded": Meaning(RateLimited),
    "rate_limit_error": Meaning(RateLimited),
    "slow_down": Meaning(RateLimited),
    "server_is_overloaded": Meaning(Overloaded),
    "service_unavailable_error": Meaning(Overloaded),
    "unavailable_error": Meaning(Overloaded),
    "overloaded_error": Meaning(Overloaded),
    "request_too_large": Meaning(TooLarge),
}
"""Codes and types that say more than the status."""

IN_BAND: Mapping[str, Meaning] = {
    "invalid_request_error": Meaning(InvalidRequest),
    "invalid_value": Meaning(InvalidRequest),
    "not_found_error": MODEL_NOT_FOUND,
    "permission_error": PERMISSION_DENIED,
    "server_error": Meaning(UpstreamFailed),
    "timeout": TIMED_OUT,
}
"""Types that are asked only inside a stream, where there is no status."""


class OpenAI(HttpProvider):
    """Speaks OpenAI's wire; base URL with `/v1`. `dialect` holds what other servers do differently."""

    name = "openai"
    dialect: Dialect = OPENAI

    def encode(self, request: ChatRequest) -> tuple[Call, tuple[Loss, ...]]:
        """Return the call for a streamed chat completion."""
        return encode_chat(request, self.name, self.dialect)

    def decoder(self, request: ChatRequest) -> OpenAIDecoder:
        """Return a decoder for its chunks."""
        return OpenAIDecoder(
            provider=self.name,
            model=request.model,
            reasoning_fields=self.dialect.reasoning_fields,
            in_band=self._in_band,
            new_id=self.system.new_id,
        )

    def explain(self, status: int, headers: Mapping[str, str], body: bytes) -> UltraError:
        """Return what an error answer means."""
        value = read_anything(body)
        if isinstance(value, list) and value:
            value = value[0]
        said = mapping(value)
        words, message, param = error_words(said.get("error") or said)
        readable = bool(said) or not body.strip()
        return self._interpret(status, headers, Fault(words, message, param, readable=readable))

    def authorize(self, key: str) -> Mapping[str, str]:
        """Return the key as a bearer token."""
        return {"authorization": f"Bearer {key}"}

    def encode_models(self, cursor: str | None) -> Call:  # noqa: ARG002 - this wire has one page
        """Return the call for the model list."""
        return Call("GET", "/models", {"accept": "application/json"})

    def decode_models(self, body: bytes) -> tuple[tuple[ListedModel, ...], str | None]:
        """Return all models; there is one page."""
        return read_models(body, self.name), None

    def _in_band(self, error: Any) -> UltraError:
        words, message, param = error_words(error)
        return self._interpret(200, {}, Fault(words, message, param))

    def _interpret(self, status: int, headers: Mapping[str, str], fault: Fault) -> UltraError:
        interpreter = Interpreter(self.name, WORDS, IN_BAND, self.key_hint)
        return interpreter.error(status, headers, fault, now=self.system.now())
