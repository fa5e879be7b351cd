"""A request that is sent again under its Idempotency-Key is answered again and not done again."""

import asyncio
from typing import Any

import orjson
import pytest
from starlette.types import Receive, Scope, Send

from tests.fakes.asgi import Exchange
from tests.fakes.idempotency import FakeIdempotency
from tests.fakes.system import FakeSystem
from ultra.domain.errors import Conflict, InvalidRequest, Unavailable
from ultra.domain.identity import Principal
from ultra.gate.body import Body, BodyCaps
from ultra.gate.departure import Departure
from ultra.gate.idempotency import Repeats

CAPS = BodyCaps(max_bytes=10_000, max_seconds=5.0)
ALICE = Principal(id="user_alice", kind="user")
BOB = Principal(id="user_bob", kind="user")
KEY = Principal(id="user_alice", kind="service", credential="key", credential_id="key_1")
OTHER_KEY = Principal(id="user_alice", kind="service", credential="key", credential_id="key_2")
TOKEN = Principal(id="user_alice", kind="user", credential="token", credential_id="family_1")
PRIVATE = Principal(id="user_alice", kind="service", stores=False)


class Till:
    """A route that counts what it did, behind the skins that stand before it; `go` lets it answer."""

    def __init__(self, *, status: int = 201, finishes: bool = False, shows_secret: bool = False) -> None:
        self.store = FakeIdempotency()
        self.status = status
        self.error: Exception | None = None
        self.done = 0
        self.body = b""
        self.began = asyncio.Event()
        self.go = asyncio.Event()
        self.go.set()
        self.facts: dict[str, Any] = {}
        repeats = Repeats(
            Departure(self._serve),
            store=lambda _: self.store,
            caps=CAPS,
            finishes=finishes,
            shows_secret=shows_secret,
            system=FakeSystem(),
        )
        self.app = Body(repeats, caps=CAPS)

    def request(
        self, key: str | None = "k1", principal: Principal | None = ALICE, body: Any = None, **more: Any
    ) -> Exchange:
        """Return a request that is ready to be sent."""
        headers = {"content-type": "application/json", **({} if key is None else {"idempotency-key": key})}
        return Exchange(
            method="POST",
            path=more.pop("path", "/api/things"),
            headers={**headers, **more},
            body=[orjson.dumps({"a": 1} if body is None else body)],
            scope={"ultra.principal": principal, "query_string": b""},
        )

    async def send(self, *given: Any, **more: Any) -> Exchange:
        """Send one request."""
        return await self.request(*given, **more)(self.app)

    async def _serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert (await receive())["type"] == "http.request"
        self.began.set()
        await self.go.wait()
        if self.error is not None:
            raise self.error
        self.done += 1
        scope["ultra.facts"] |= self.facts
        body = self.body or str(self.done).encode()
        headers = [(b"content-type", b"text/plain"), (b"location", b"/x"), (b"set-cookie", b"secret=1")]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": body, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def test_the_same_request_is_done_once() -> None:
    """Status, body, type and place come again; nothing else of the first answer does."""
    till = Till()
    first, second = await till.send(), await till.send()
    assert (first.status, first.answer, till.done) == (201, b"1", 1)
    assert (second.status, second.answer) == (201, b"1")
    assert second.answer_headers == {
        "content-type": "text/plain",
        "location": "/x",
        "content-length": "1",
        "idempotent-replayed": "true",
    }
    assert "idempotent-replayed" not in first.answer_headers


@pytest.mark.parametrize(("key", "principal"), [("k2", ALICE), ("k1", BOB), (None, ALICE)])
async def test_another_key_caller_or_no_key_is_another_request(key: str | None, principal: Principal) -> None:
    """A key is its caller's own; nobody gets what somebody else was answered."""
    till = Till()
    await till.send()
    again = await till.send(key, principal)
    assert (again.answer, till.done) == (b"2", 2)


@pytest.mark.parametrize(("first", "second"), [(ALICE, KEY), (KEY, ALICE), (KEY, OTHER_KEY), (KEY, TOKEN)])
async def test_a_key_of_the_owner_gets_what_it_asked_for_itself(first: Principal, second: Principal) -> None:
    """An API key may do less than its owner: neither gets the answers of the other."""
    till = Till()
    await till.send("k1", first)
    assert (await till.send("k1", second)).answer == b"2"
    assert (await till.send("k1", first)).answer == b"1"


async def test_a_user_is_one_caller_however_signed_in() -> None:
    """A program whose tokens were renewed repeats its request as before."""
    till = Till()
    await till.send("k1", TOKEN)
    assert (await till.send("k1", ALICE)).answer == b"1"


async def test_an_answer_that_shows_a_secret_is_given_once() -> None:
    """What it was about is kept, and told to whoever asks again; the secret is not."""
    till = Till(shows_secret=True)
    till.body = b'{"id": "key_7", "key": "ultra_sk_secret"}'
    assert (await till.send()).answer == till.body
    with pytest.raises(Conflict, match="key_7") as refusal:
        await till.send()
    assert (refusal.value.code, refusal.value.retryable, till.done) == ("already_done", False, 1)
    assert "secret" not in repr(till.store.rows)
    with pytest.raises(Conflict) as reused:
        await till.send(body={"a": 2})
    assert reused.value.code == "idempotency_key_reused"


async def test_an_answer_is_kept_with_the_run_it_tells_of() -> None:
    """So that it goes when the run goes, also when that was a moment ago."""
    till = Till()
    till.facts = {"run_id": "run_1"}
    await till.send()
    (row,) = till.store.rows.values()
    assert row.response is not None
    assert row.response.run_id == "run_1"
    till.store.removed_runs.add("run_1")
    assert (await till.send("k2")).answer == b"2"
    assert (await till.send("k2")).answer == b"3"


@pytest.mark.parametrize("more", [{"body": {"a": 2}}, {"path": "/api/others"}])
async def test_a_key_goes_with_one_request(more: dict[str, Any]) -> None:
    """Another body or address under the same key is a conflict, and is not done."""
    till = Till()
    await till.send()
    with pytest.raises(Conflict) as refusal:
        await till.send(**more)
    assert (refusal.value.code, till.done) == ("idempotency_key_reused", 1)


async def test_a_second_request_does_not_overtake_the_first() -> None:
    """While the first is under way the second hears when to come back."""
    till = Till()
    till.go.clear()
    first = asyncio.ensure_future(till.send())
    await till.began.wait()
    with pytest.raises(Conflict) as refusal:
        await till.send()
    assert refusal.value.retry_after is not None
    assert refusal.value.retryable
    till.go.set()
    assert ((await first).answer, till.done) == (b"1", 1)
    assert (await till.send()).answer == b"1"


@pytest.mark.parametrize("status", [404, 500, 503])
async def test_a_failure_is_not_kept(status: int) -> None:
    """Whoever tries again after a failure means it."""
    till = Till(status=status)
    await till.send()
    till.status = 200
    assert ((await till.send()).status, till.done) == (200, 2)


async def test_an_error_frees_the_key() -> None:
    """What was raised is told, and the key may be used again."""
    till = Till()
    till.error = Unavailable("Not now.")
    with pytest.raises(Unavailable):
        await till.send()
    assert not till.store.rows
    till.error = None
    assert (await till.send()).status == 201


@pytest.mark.parametrize(
    ("principal", "body"),
    [(PRIVATE, {"a": 1}), *((ALICE, {"a": 1, "store": wish}) for wish in (False, 0, "false", "", [], 1, "true"))],
)
async def test_nothing_is_kept_for_those_who_keep_nothing(principal: Principal, body: Any) -> None:
    """A key or request with `store: false`, or with anything that is no boolean, leaves no answer behind."""
    till = Till()
    await till.send("k1", principal, body)
    assert not till.store.rows
    assert (await till.send("k1", principal, body)).answer == b"2"


@pytest.mark.parametrize(
    "more",
    [{"accept": "text/event-stream"}, {"body": {"stream": True}}],
)
async def test_streams_are_refused(more: dict[str, Any]) -> None:
    """A stream cannot be told twice, so the header is refused before anything is done."""
    till = Till()
    with pytest.raises(InvalidRequest) as refusal:
        await till.send(**more)
    assert (refusal.value.code, till.done, till.store.rows) == ("idempotency_key_with_stream", 0, {})


@pytest.mark.parametrize("key", ["", "a b", "x" * 256, "caf\u00e9"])
async def test_a_key_that_is_none_is_refused(key: str) -> None:
    """Blank, too long or outside visible ASCII is a mistake of the client's, not a key."""
    till = Till()
    request = till.request(None)
    request.scope["headers"] = [(b"content-type", b"application/json"), (b"idempotency-key", key.encode("latin-1"))]
    with pytest.raises(InvalidRequest):
        await request(till.app)
    assert till.done == 0


async def test_two_keys_are_refused() -> None:
    """Which of the two would be meant cannot be known."""
    till = Till()
    request = till.request(None)
    both = [(b"idempotency-key", b"a"), (b"idempotency-key", b"b")]
    request.scope["headers"] = [(b"content-type", b"application/json"), *both]
    with pytest.raises(InvalidRequest):
        await request(till.app)


@pytest.mark.parametrize("finishes", [True, False])
async def test_a_client_that_leaves(finishes: bool) -> None:
    """What goes on without its client is found by the second attempt; what ends with it frees the key."""
    till = Till(finishes=finishes)
    till.go.clear()
    request = till.request()
    first = asyncio.ensure_future(request(till.app))
    await till.began.wait()
    request.leave()
    for _ in range(20):
        await asyncio.sleep(0)
    till.go.set()
    await first
    assert till.done == (1 if finishes else 0)
    assert ((await till.send()).answer, till.done) == (b"1", 1)
