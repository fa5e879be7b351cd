"""Anthropic's messages."""

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import aiohttp

from ultra.domain.chat import ChatRequest, Loss
from ultra.domain.errors import (
    InvalidRequest,
    Overloaded,
    QuotaExhausted,
    RateLimited,
    TooLarge,
    UltraError,
    UpstreamFailed,
    UpstreamRefusedKey,
)
from ultra.domain.models import Capabilities, ListedModel
from ultra.providers.anthropic.decode import AnthropicDecoder
from ultra.providers.anthropic.encode import encode_messages
from ultra.providers.anthropic.models import read_models
from ultra.providers.base import HttpProvider
from ultra.providers.calls import Call, Timeouts
from ultra.providers.faults import MODEL_NOT_FOUND, PERMISSION_DENIED, TIMED_OUT, Fault, Interpreter, Meaning
from ultra.providers.loose_json import mapping, read_anything, text, word
from ultra.system import System

WORDS: Mapping[str, Meaning] = {
    "authentication_error": Meaning(UpstreamRefusedKey),
    "billing_error": Meaning(QuotaExhausted),
    "permission_error": PERMISSION_DENIED,
    "not_found_error": MODEL_NOT_FOUND,
    "request_too_large": Meaning(TooLarge),
    "rate_limit_error": Meaning(RateLimited),
    "timeout_error": TIMED_OUT,
    "overloaded_error": Meaning(Overloaded),
    "api_error": Meaning(UpstreamFailed),
}
"""Error types, inside a stream and outside."""

IN_BAND: Mapping[str, Meaning] = {"invalid_request_error": Meaning(InvalidRequest)}
"""Types that are asked only inside a stream, where there is no status."""


class Anthropic(HttpProvider):
    """Speaks Anthropic's wire; base URL without `/v1`.

    `version` is the API version; from 2026-10-21 on sampling parameters are refused there, so they are dropped and
    reported. `max_output` gives a model's own output limit where known: this wire must be told one.
    """

    name = "anthropic"

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
        version: str = "2026-10-21",
        max_output: Callable[[str], int | None] = lambda _: None,
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
        self._max_output = max_output

    def encode(self, request: ChatRequest) -> tuple[Call, tuple[Loss, ...]]:
        """Return the call for a streamed message."""
        return encode_messages(
            request,
            provider=self.name,
            version=self._version,
            known=self.capabilities(request.model),
            most_tokens=self._max_output(request.model),
        )

    def decoder(self, request: ChatRequest) -> AnthropicDecoder:
        """Return a decoder for its events."""
        return AnthropicDecoder(provider=self.name, model=request.model, in_band=self._in_band)

    def explain(self, status: int, headers: Mapping[str, str], body: bytes) -> UltraError:
        """Return what an error answer means."""
        said = mapping(read_anything(body))
        return self._interpret(status, headers, _fault(said, readable=bool(said) or not body.strip()))

    def authorize(self, key: str) -> Mapping[str, str]:
        """Return the key as a bearer token, as the newest clients send it."""
        return {"authorization": f"Bearer {key}"}

    def encode_models(self, cursor: str | None) -> Call:
        """Return the call for a page of the model list."""
        after = f"&after_id={quote(cursor, safe='')}" if cursor else ""
        headers = {"accept": "application/json", "anthropic-version": self._version}
        return Call("GET", f"/v1/models?limit=1000{after}", headers)

    def decode_models(self, body: bytes) -> tuple[tuple[ListedModel, ...], str | None]:
        """Return the models of a page and the cursor of the next."""
        return read_models(body, self.name)

    def _in_band(self, data: dict[str, Any]) -> UltraError:
        return self._interpret(200, {}, _fault(data, readable=True))

    def _interpret(self, status: int, headers: Mapping[str, str], fault: Fault) -> UltraError:
        interpreter = Interpreter(self.name, WORDS, IN_BAND, self.key_hint)
        return interpreter.error(status, headers, fault, now=self.system.now())


def _fault(said: dict[str, Any], *, readable: bool) -> Fault:
    error = mapping(said.get("error"))
    words = (word(mapping(error.get("details")).get("error_code")), word(error.get("type")))
    return Fault(
        words=tuple(each for each in words if each),
        message=text(error.get("message")),
        request_id=word(said.get("request_id")),
        readable=readable,
    )
