"""`Idempotency-Key`: a request that is sent again gets the answer of the first time, and nothing is done twice."""

import asyncio
import hashlib
import re
from collections.abc import Callable
from typing import Final

import orjson
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ultra.domain.access import Idempotency, KeptResponse
from ultra.domain.errors import Conflict, InvalidRequest
from ultra.domain.identity import Principal
from ultra.gate.body import BodyCaps, body_of
from ultra.system import System

_NAME: Final = b"idempotency-key"
_KEY: Final = re.compile(r"[\x21-\x7e]{1,255}")
_KEPT_HEADERS: Final = frozenset({"content-type", "location"})
_RETRY_AFTER_S: Final = 1.0


class Repeats:
    """Does a request with an `Idempotency-Key` once; the key belongs to the caller and goes with one body.

    The caller of a request with an API key is that key, which may do less than its owner; of all others, the user.

    It must stand inside whatever knows the caller and reads the body. The answer is kept before it is sent, so whoever
    got one gets the same again. What failed, or was refused, is not kept: trying again is the point. Neither is an
    answer whose content may not be stored; then the key still holds back a second one while the first is under way.

    An answer that `shows_secret` is kept without it: repeating the request raises `Conflict` (`already_done`), which
    names what was made.

    A client that leaves ends nothing where `finishes`: the work goes on anyway, and the answer waits for the client's
    second attempt.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        store: Callable[[Scope], Idempotency],
        caps: BodyCaps,
        finishes: bool,
        shows_secret: bool,
        system: System,
    ) -> None:
        self._app = app
        self._store = store
        self._caps = caps
        self._finishes = finishes
        self._shows_secret = shows_secret
        self._system = system

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        given = _key(scope)
        principal: Principal | None = scope["ultra.principal"]
        if given is None or principal is None:
            await self._app(scope, receive, send)
            return
        key = _whose(principal, given)
        _refuse_streams(scope)
        store = self._store(scope)
        body = body_of(scope, receive, caps=self._caps)
        fingerprint = _fingerprint(scope, await body.read())
        state, kept = await store.begin(principal.id, key, fingerprint, at=self._system.now())
        if state == "conflict":
            raise Conflict(
                "This Idempotency-Key was used for another request.",
                param="Idempotency-Key",
                code="idempotency_key_reused",
                hint="Use a fresh key for every request.",
            )
        if state == "in_progress":
            raise Conflict(
                "The first request with this Idempotency-Key is still under way.",
                code="idempotency_in_progress",
                hint="Wait as long as Retry-After says, and send it again.",
                retry_after=_RETRY_AFTER_S,
                retryable=True,
            )
        if kept is not None:
            scope["ultra.facts"]["repeated"] = True
            if self._shows_secret:
                raise _already_done(kept)
            await _repeat(kept, send)
            return
        inward = _staying(receive) if self._finishes else receive
        await self._do(store, principal, key, scope, inward, send)

    async def _do(
        self, store: Idempotency, principal: Principal, key: str, scope: Scope, receive: Receive, send: Send
    ) -> None:
        """Do it, and keep the answer or give the key free again."""
        answer = _Answer()
        is_kept = False
        try:
            await self._app(scope, receive, answer.take)
            if answer.is_good and _may_be_kept(scope, principal):
                kept = answer.kept(run_id=scope["ultra.facts"].get("run_id"))
                await store.finish(principal.id, key, _without_secret(kept) if self._shows_secret else kept)
                is_kept = True
        finally:
            if not is_kept:
                await asyncio.shield(store.forget(principal.id, key))
        for message in answer.messages:
            await send(message)


class _Answer:
    """A whole response, held back until it is known whether it is kept."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def take(self, message: Message) -> None:
        self.messages.append(message)

    @property
    def is_good(self) -> bool:
        return bool(self.messages) and 200 <= self.messages[0]["status"] < 400

    def kept(self, *, run_id: str | None) -> KeptResponse:
        start, *pieces = self.messages
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in start["headers"]}
        return KeptResponse(
            status=start["status"],
            headers={name: value for name, value in headers.items() if name in _KEPT_HEADERS},
            body=b"".join(piece.get("body", b"") for piece in pieces),
            run_id=run_id,
        )


def _without_secret(response: KeptResponse) -> KeptResponse:
    """Return what may be kept of an answer that shows a secret: the id of what it is about."""
    shown = orjson.loads(response.body)
    return KeptResponse(response.status, {}, str(shown["id"]).encode())


def _already_done(kept: KeptResponse) -> Conflict:
    return Conflict(
        f"This was done already: {kept.body.decode()}.",
        param="Idempotency-Key",
        code="already_done",
        hint="What was shown then, once, is not kept. If it was lost, end what was made and send a fresh key.",
    )


async def _repeat(kept: KeptResponse, send: Send) -> None:
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in kept.headers.items()]
    if kept.status not in (204, 304):
        headers.append((b"content-length", str(len(kept.body)).encode()))
    headers.append((b"idempotent-replayed", b"true"))
    await send({"type": "http.response.start", "status": kept.status, "headers": headers})
    await send({"type": "http.response.body", "body": kept.body})


def _whose(principal: Principal, given: str) -> str:
    """Return a name for a client's key that goes with its credential; a blank stands in no key of a client's."""
    return f"{principal.credential_id} {given}" if principal.credential == "key" else given


def _key(scope: Scope) -> str | None:
    given = [value for name, value in scope["headers"] if name == _NAME]
    if not given:
        return None
    key: str = given[0].decode("latin-1")
    if len(given) > 1 or not _KEY.fullmatch(key):
        raise InvalidRequest(
            "An Idempotency-Key is 1 to 255 visible ASCII characters, once.",
            param="Idempotency-Key",
            hint="A fresh UUID for every request is a good one.",
        )
    return key


def _refuse_streams(scope: Scope) -> None:
    """Refuse what is told as it happens: it cannot be told a second time as if it did."""
    accepts = b",".join(value for name, value in scope["headers"] if name == b"accept")
    body = scope.get("ultra.json")
    if b"text/event-stream" in accepts or (isinstance(body, dict) and body.get("stream") is True):
        raise InvalidRequest(
            "A stream cannot be repeated.",
            param="Idempotency-Key",
            code="idempotency_key_with_stream",
            hint="Ask without streaming, or leave the Idempotency-Key out.",
        )


def _may_be_kept(scope: Scope, principal: Principal) -> bool:
    """Whether content may be stored. Routes take `store` as true, false or null; whatever else comes keeps nothing."""
    body = scope.get("ultra.json")
    wish = body.get("store") if isinstance(body, dict) else None
    return principal.stores and (wish is None or wish is True)


def _fingerprint(scope: Scope, body: bytes) -> str:
    digest = hashlib.sha256()
    for part in (scope["method"].encode(), scope["path"].encode(), scope.get("query_string", b""), body):
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()


def _staying(receive: Receive) -> Receive:
    """Hand the body on and never say that the client has left."""

    async def receive_body() -> Message:
        message = await receive()
        return message if message["type"] == "http.request" else await asyncio.Future()

    return receive_body
