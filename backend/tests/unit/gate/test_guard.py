"""Who comes in is known, permitted, ours and not too much, before a byte of the body is read."""

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.fakes.asgi import Exchange
from tests.fakes.keepers import FakeAuthenticator, FakeRefusals, keepers
from tests.fakes.system import FakeSystem
from ultra.domain.errors import Forbidden, InvalidRequest, RateLimited, Unauthenticated, UnsupportedMedia
from ultra.domain.identity import Credential, Permission, Principal, Role, permitted
from ultra.gate.body import BodyCaps
from ultra.gate.flooding import Flooding
from ultra.gate.guard import Guard
from ultra.gate.need import Need
from ultra.limits import LimitPolicy, MemoryLimiter, Rates


def principal(role: Role, credential: Credential) -> Principal:
    """Return somebody with that role."""
    return Principal(
        id=f"user_{role}",
        kind="user",
        role=role,
        credential=credential,
        credential_id=f"c_{credential}",
        permissions=permitted(role, credential),
    )


KNOWN = {
    "viewer": principal(Role.VIEWER, "token"),
    "member": principal(Role.MEMBER, "token"),
    "browser": principal(Role.MEMBER, "session"),
    "test": principal(Role.MEMBER, "test"),
}


class Gate:
    """One guarded route, with everything around it under a test's hands."""

    def __init__(self, need: Need, *, rates: Rates | None = None) -> None:
        self.system = FakeSystem(jumps=False)
        self.refusals = FakeRefusals()
        self.authenticator = FakeAuthenticator(known=KNOWN)
        self.limiter = MemoryLimiter(system=self.system)
        self.keepers = keepers(
            system=self.system,
            authenticator=self.authenticator,
            refusals=self.refusals,
            limiter=self.limiter,
            policy=LimitPolicy(rates=rates or Rates()),
        )
        self.served = 0
        self.go = asyncio.Event()
        self.go.set()
        self.raw = b""
        self.reads_body = False
        caps = BodyCaps(max_bytes=100, max_seconds=5.0)
        self._guard = Guard(self, need=need, caps=caps, flooding=Flooding(system=self.system), system=self.system)

    async def __call__(self, scope, receive, send) -> None:
        """Be the route."""
        self.served += 1
        if self.reads_body:
            self.raw = (await receive())["body"]
        await self.go.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})

    async def ask(self, method: str = "GET", *, who: str | None = None, path: str = "/api/x", **more: Any) -> Exchange:
        """Send one request through the guard."""
        headers = dict(more.pop("headers", {}))
        if who is not None:
            headers |= {"cookie": f"ultra={who}"} if who == "browser" else {"authorization": f"Bearer {who}"}
        path, _, query = path.partition("?")
        scope = {
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "ultra.peer": "192.0.2.1",
            "ultra.address": more.pop("address", "192.0.2.1"),
            "ultra.headers": {},
            "state": {"keepers": self.keepers},
        }
        exchange = Exchange(method, path, headers=headers, scope=scope, **more)
        return await exchange(self._guard)

    def actions(self) -> list[str]:
        """Return what was written into the audit."""
        return [each["action"] for each in self.refusals.written]


def unreadable() -> list[bytes]:
    """Return a body that nobody may look at: asking for it fails."""
    return []


READ = Need(Permission.RUNS_READ)
WRITE = Need(Permission.RUNS_DELETE, "write")


async def test_whoever_may_comes_in_and_is_known_inside() -> None:
    """The principal stands in the scope, and the answer says how the limits stand."""
    gate = Gate(READ)
    exchange = await gate.ask(who="viewer")
    assert exchange.status == 200
    assert exchange.scope["ultra.principal"] == KNOWN["viewer"]
    assert "ratelimit" in exchange.scope["ultra.headers"]
    assert exchange.scope["ultra.facts"] == {"principal": "user_viewer"}


@pytest.mark.parametrize("who", [None, "stranger"])
async def test_nobody_stays_outside_before_a_body_is_read(who: str | None) -> None:
    """Without a good credential a request is refused, whatever its body would have been."""
    gate = Gate(WRITE)
    with pytest.raises(Unauthenticated) as caught:
        await gate.ask("POST", who=who, body=unreadable(), headers={"content-type": "application/json"})
    assert caught.value.message == "No valid credential was presented."
    assert gate.served == 0


async def test_who_may_not_is_told_what_is_missing() -> None:
    """A good credential without the permission is a 403 that names it, and the audit has it."""
    gate = Gate(WRITE)
    with pytest.raises(Forbidden) as caught:
        await gate.ask("DELETE", who="viewer")
    assert caught.value.code == "insufficient_scope"
    assert gate.served == 0
    assert gate.refusals.written == [
        {
            "action": "denied",
            "cause": "runs:delete",
            "actor": "user_viewer",
            "credential": "token",
            "address": "192.0.2.1",
            "request_id": "req_test0001",
            "target": None,
        }
    ]


async def test_a_refusal_that_cannot_be_written_is_still_that_refusal() -> None:
    """An audit out of order changes no answer."""
    gate = Gate(WRITE)
    gate.refusals.fails = True
    with pytest.raises(Forbidden):
        await gate.ask("DELETE", who="viewer")


@pytest.mark.parametrize(
    ("headers", "error"),
    [
        ({}, Forbidden),
        ({"x-csrf-token": "bad"}, Forbidden),
        ({"x-csrf-token": "good", "origin": "https://evil.example"}, Forbidden),
        ({"x-csrf-token": "good", "sec-fetch-site": "cross-site"}, Forbidden),
        ({"x-csrf-token": "good", "content-type": "text/plain"}, UnsupportedMedia),
        ({"x-csrf-token": "good", "content-type": "application/json"}, None),
    ],
)
async def test_a_session_writes_from_our_own_pages_only(headers: dict[str, str], error: type[Exception] | None) -> None:
    """What a browser's cookie authenticates needs the token, the origin and the type; nothing else does."""
    gate = Gate(WRITE)
    if error is None:
        assert (await gate.ask("DELETE", who="browser", headers=headers)).status == 200
    else:
        with pytest.raises(error):
            await gate.ask("DELETE", who="browser", headers=headers)
        assert (gate.served, gate.actions()) == (0, ["csrf_refused"])
    assert (await gate.ask("DELETE", who="member", headers=headers)).status == 200


async def test_beside_a_cookie_the_test_header_replaces_no_check() -> None:
    """A test that comes with a browser's cookie writes from our own pages only; without one it is a program."""
    gate = Gate(WRITE)
    for token in ("bad", ""):
        with pytest.raises(Forbidden):
            await gate.ask("DELETE", who="test", headers={"cookie": "ultra=x", "x-csrf-token": token})
    assert (gate.served, gate.actions()) == (0, ["csrf_refused"] * 2)
    good = {"cookie": "ultra=x", "x-csrf-token": "good"}
    assert (await gate.ask("DELETE", who="test", headers=good)).status == 200
    assert (await gate.ask("DELETE", who="test")).status == 200


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
async def test_a_session_is_not_read_from_another_site(site: str) -> None:
    """Another site may link to an address, and may not fetch, embed or listen to it; programs say no site."""
    gate = Gate(READ)
    with pytest.raises(Forbidden):
        await gate.ask(who="browser", headers={"sec-fetch-site": site, "sec-fetch-mode": "no-cors"})
    assert (await gate.ask(who="browser", headers={"sec-fetch-site": site, "sec-fetch-mode": "navigate"})).status == 200
    assert (await gate.ask(who="browser", headers={"sec-fetch-site": "same-origin"})).status == 200
    assert (await gate.ask(who="browser")).status == 200


async def test_a_form_carries_its_token_in_itself() -> None:
    """A page's form is read for its token under the caps, and reaches the route unchanged."""
    gate = Gate(Need(Permission.SELF_READ, "write", csrf="form"))
    gate.reads_body = True
    await gate.ask("POST", who="browser", body=[b"a=1&csrf_", b"token=good"])
    assert gate.raw == b"a=1&csrf_token=good"
    for body in (b"csrf_token=bad", b"a=1", b"csrf_token=bad&csrf_token=good", b"%"):
        with pytest.raises((Forbidden, InvalidRequest)):
            await gate.ask("POST", who="browser", body=[body])
    assert gate.served == 1


@pytest.mark.parametrize(
    ("csrf", "headers", "comes_in"),
    [
        ("sign_in", {}, False),
        ("sign_in", {"x-csrf-token": "good"}, True),
        ("program", {}, True),
        ("program", {"origin": "https://evil.example"}, False),
        ("program", {"sec-fetch-site": "cross-site"}, False),
        ("program", {"sec-fetch-site": "same-origin"}, True),
    ],
)
async def test_signing_in_is_protected_too(csrf: Any, headers: dict[str, str], comes_in: bool) -> None:
    """A browser signs in with a token; a program needs none, but no other site's page may play one."""
    gate = Gate(Need(None, "sign_in", csrf=csrf))
    if comes_in:
        assert (await gate.ask("POST", headers=headers)).status == 200
    else:
        with pytest.raises(Forbidden):
            await gate.ask("POST", headers=headers)
        assert gate.actions() == ["csrf_refused"]


async def test_an_open_route_asks_nobody() -> None:
    """Health and signing in work whoever is signed in, also with a bad credential; probes are not even counted."""
    gate = Gate(Need(None))
    exchange = await gate.ask(who="stranger")
    assert (exchange.status, exchange.scope["ultra.principal"], gate.authenticator.asked) == (200, None, [])
    probe = Gate(Need(None, "probe"), rates=Rates(public=1))
    assert [(await probe.ask()).status for _ in range(5)] == [200] * 5
    assert "ratelimit" not in (await probe.ask()).scope["ultra.headers"]


async def test_a_route_that_greets_knows_who_is_there() -> None:
    """A bad credential makes nobody of its bearer."""
    gate = Gate(Need(None, greets=True))
    assert (await gate.ask(who="browser")).scope["ultra.principal"] == KNOWN["browser"]
    assert (await gate.ask(who="stranger")).scope["ultra.principal"] is None
    assert (await gate.ask()).scope["ultra.principal"] is None


async def test_a_credential_in_an_address_is_refused_on_open_routes_too() -> None:
    """It is told to the audit without its text."""
    gate = Gate(Need(None))
    with pytest.raises(InvalidRequest) as caught:
        await gate.ask(path="/api/x?access_token=verysecret")
    assert caught.value.code == "credential_in_url"
    assert gate.actions() == ["credential_in_url"]
    assert "verysecret" not in str(gate.refusals.written)


async def test_limits_are_kept_for_each_caller() -> None:
    """Beyond the limit a request is a 429 that names it; others go on."""
    gate = Gate(READ, rates=Rates(principal=2))
    for _ in range(2):
        await gate.ask(who="viewer")
    with pytest.raises(RateLimited) as caught:
        await gate.ask(who="viewer")
    assert caught.value.violated == ("principal",)
    assert caught.value.retry_after is not None
    assert caught.value.retry_after > 0
    assert (await gate.ask(who="member")).status == 200
    assert gate.served == 3


async def test_guessing_is_limited_and_locks_nobody_out() -> None:
    """Bad credentials of an address run dry while good ones from there still come in."""
    gate = Gate(READ, rates=Rates(anonymous=3))
    for _ in range(3):
        with pytest.raises(Unauthenticated):
            await gate.ask(who="stranger")
    with pytest.raises(RateLimited):
        await gate.ask(who="stranger")
    assert (await gate.ask(who="viewer")).status == 200
    with pytest.raises(Unauthenticated):
        await gate.ask(who="stranger", address="198.51.100.1")


async def test_a_flood_is_turned_away_unasked() -> None:
    """An address that goes on far beyond its limit costs no look at its credentials, until its time is over."""
    gate = Gate(READ, rates=Rates(address=5, anonymous=2))
    for _ in range(20):
        with pytest.raises((Unauthenticated, RateLimited)):
            await gate.ask(who="stranger")
    asked = len(gate.authenticator.asked)
    assert asked < 10
    with pytest.raises(RateLimited):
        await gate.ask(who="viewer")
    assert len(gate.authenticator.asked) == asked
    assert (await gate.ask(who="viewer", address="198.51.100.1")).status == 200
    gate.system.advance(60)
    assert (await gate.ask(who="viewer")).status == 200


async def test_a_place_is_held_as_long_as_the_request_lasts() -> None:
    """Completions at once are bounded; a place is renewed while it is used and given back when it is not."""
    gate = Gate(Need(Permission.COMPLETIONS_CREATE, "completion"), rates=Rates(concurrency=1))
    gate.go.clear()
    first = asyncio.create_task(gate.ask("POST", who="member"))
    for _ in range(5):
        await gate.system.tick(20)
        with pytest.raises(RateLimited) as caught:
            await gate.ask("POST", who="member")
        assert caught.value.violated == ("concurrency",)
    gate.go.set()
    assert (await first).status == 200
    assert (await gate.ask("POST", who="member")).status == 200


async def test_a_cancelled_request_gives_its_place_back() -> None:
    """A client that leaves frees its place."""
    gate = Gate(Need(Permission.COMPLETIONS_CREATE, "completion"), rates=Rates(concurrency=1))
    gate.go.clear()
    first = asyncio.create_task(gate.ask("POST", who="member"))
    await gate.system.settled()
    first.cancel()
    await asyncio.wait({first})
    gate.go.set()
    assert (await gate.ask("POST", who="member")).status == 200


async def test_a_run_takes_no_place_here() -> None:
    """It outlives its request: its place is held by whoever conducts it, and it is not counted twice."""
    gate = Gate(Need(Permission.RUNS_CREATE, "run"), rates=Rates(concurrency=1))
    gate.go.clear()
    both = [asyncio.create_task(gate.ask("POST", who="member")) for _ in range(2)]
    await gate.system.settled()
    gate.go.set()
    assert [each.status for each in await asyncio.gather(*both)] == [200, 200]


async def test_a_counter_out_of_reach_is_noted() -> None:
    """A decision this worker made by itself stands in the log line of its request."""

    class Alone(MemoryLimiter):
        async def charge(self, charges, *, places=(), whose=None):
            return replace(await super().charge(charges, places=places), degraded=True)

    gate = Gate(READ)
    gate.keepers = replace(gate.keepers, limiter=Alone(system=gate.system))
    assert (await gate.ask(who="viewer")).scope["ultra.facts"]["limits_degraded"] is True


async def test_openai_clients_find_their_own_headers() -> None:
    """On `/v1` the limits are told in that wire's headers, too."""
    gate = Gate(READ)
    assert "x-ratelimit-remaining-requests" in (await gate.ask(who="viewer", path="/v1/models")).scope["ultra.headers"]
    assert "x-ratelimit-remaining-requests" not in (await gate.ask(who="viewer")).scope["ultra.headers"]
