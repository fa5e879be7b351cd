"""The socket of every provider. A vendor's file says what to send and what came back, and awaits nothing."""

import asyncio
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping

import aiohttp
from yarl import URL

from ultra.domain.chat import ChatRequest, Loss
from ultra.domain.errors import TooLarge, UltraError, UpstreamRefusedKey
from ultra.domain.models import Capabilities, ListedModel
from ultra.providers.calls import Call, StreamDecoder, Timeouts
from ultra.providers.faults import dress
from ultra.providers.session import FAILURES, network_error
from ultra.providers.stream import ProviderStream, capped, close, lower, post, request_id
from ultra.system import System

_PAGES = 50
_LIST_BODY = 16 * 1024 * 1024


class HttpProvider(ABC):
    """A provider reached over HTTP; keeps the promise `domain/ports.py: Provider`.

    `key` is asked for each call, so that a new key counts at once; when it returns None the call is refused with
    `key_hint`, one sentence naming the setting. `capabilities` says what is known of a model (None: nothing), for
    wires that need to know before asking. The base URL comes from the operator, never from a request.
    """

    name: str
    needs_key: bool = True

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
    ) -> None:
        url = URL(base_url)
        if url.scheme not in ("http", "https") or not url.host or url.user or url.query_string or url.fragment:
            raise ValueError("A provider's base URL is http(s)://host[:port][/path], without user, query or fragment.")
        self.session = session
        self.base_url = str(url).rstrip("/")
        self.system = system
        self.timeouts = timeouts
        self.client_timeout = aiohttp.ClientTimeout(total=None, sock_connect=timeouts.connect)
        self.key_hint = key_hint or f"Set the key of {self.name}."
        self.capabilities = capabilities
        self._key = key

    # --- what a vendor's file says -----------------------------------------------------------------------------------

    @abstractmethod
    def encode(self, request: ChatRequest) -> tuple[Call, tuple[Loss, ...]]:
        """Return the call that asks for a streamed answer, and what of the request it cannot carry."""

    @abstractmethod
    def decoder(self, request: ChatRequest) -> StreamDecoder:
        """Return a decoder for the answer to one request."""

    @abstractmethod
    def explain(self, status: int, headers: Mapping[str, str], body: bytes) -> UltraError:
        """Return what an error answer means; header names are lower-case, status 200 is an error inside a stream."""

    @abstractmethod
    def authorize(self, key: str) -> Mapping[str, str]:
        """Return the headers that carry the key."""

    @abstractmethod
    def encode_models(self, cursor: str | None) -> Call:
        """Return the call for a page of the model list; None is the first."""

    @abstractmethod
    def decode_models(self, body: bytes) -> tuple[tuple[ListedModel, ...], str | None]:
        """Return the models of a page and the cursor of the next; raises `ProtocolViolated`."""

    # --- what all of them do -----------------------------------------------------------------------------------------

    def open(self, request: ChatRequest, *, deadline: float) -> ProviderStream:
        """Ask once. `deadline` is absolute, on `System.monotonic()`."""
        return ProviderStream(self, request, deadline)

    async def list_models(self) -> tuple[ListedModel, ...]:
        """Return the provider's live list, page by page; raises an `UltraError`."""
        found: list[ListedModel] = []
        cursor: str | None = None
        seen: set[str | None] = set()
        while cursor not in seen and len(seen) < _PAGES:
            seen.add(cursor)
            models, cursor = self.decode_models(await self._fetch(self.encode_models(cursor)))
            found.extend(models)
            if cursor is None:
                break
        return tuple(found)

    def signed(self, call: Call) -> tuple[str | None, dict[str, str]]:
        """Return the key of this moment and the headers with it; raises `UpstreamRefusedKey` when there is none."""
        key = (self._key() or "").strip()
        headers = {"accept-encoding": "identity", **call.headers}
        if key and not (key.isascii() and key.isprintable()):
            raise UpstreamRefusedKey(
                f"The key of {self.name} holds characters that no header can carry.", hint=self.key_hint
            )
        if key:
            return key, {**headers, **self.authorize(key)}
        if self.needs_key:
            raise UpstreamRefusedKey(f"{self.name} has no key.", hint=self.key_hint, code="no_api_key")
        return None, headers

    async def _fetch(self, call: Call) -> bytes:
        secret: str | None = None
        response: aiohttp.ClientResponse | None = None
        try:
            secret, headers = self.signed(call)
            async with asyncio.timeout(self.timeouts.first_byte):
                response = await post(self, call, headers)
                body = await capped(response, _LIST_BODY)
            if response.status != 200:
                raise self.explain(response.status, lower(response.headers), body)
            if len(body) == _LIST_BODY:
                raise TooLarge(f"The model list of {self.name} is larger than {_LIST_BODY} bytes.")
        except UltraError as error:
            raise self._dressed(error, secret, response) from None
        except FAILURES as error:
            raise self._dressed(network_error(error, self.name), secret, response) from None
        finally:
            if response is not None:
                close(response)
        return body

    def _dressed(self, error: UltraError, secret: str | None, response: aiohttp.ClientResponse | None) -> UltraError:
        known = request_id(response.headers) if response is not None else None
        return dress(error, provider=self.name, model=None, secret=secret, request_id=known, answering=False)
