"""The header of tests."""

import asyncio
import hashlib
import hmac
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fakes.nonces import FakeNonces
from tests.fakes.system import FakeSystem
from ultra.auth import test_mode
from ultra.auth.test_mode import LONGEST_S, BadHeader, XTestMode, conditions, sign
from ultra.domain.identity import Permission, Role, permitted

SECRET = "a test mode secret of more than thirty-two bytes"
REQUEST = {"method": "POST", "path": "/api/analyze", "query": "a=1&b=%20", "body": b'{"prompt": "x"}'}


class Door:
    """A verifier and a client that agree on everything except what a test changes."""

    def __init__(self) -> None:
        self.system = FakeSystem(jumps=False)
        self.nonces = FakeNonces()
        self.mode = self.worker()
        self.count = 0

    def worker(self) -> XTestMode:
        """Return the verifier of one more worker of the same deployment."""
        return XTestMode(secret=SECRET, nonces=self.nonces, system=self.system)

    def value(self, seconds: float = 30, secret: str = SECRET, **changes) -> str:
        """Return a header's value."""
        self.count += 1
        said = {"role": "member", "user": "user_ann", "nonce": f"nonce-{self.count:04}"} | REQUEST | changes
        return sign(secret, expires_at=self.system.now() + timedelta(seconds=seconds), **said)

    def verify(self, value: str, headers=(), peer="127.0.0.1", **changes):
        """Present it with a request."""
        sent = REQUEST | changes
        return asyncio.run(
            self.mode.verify(
                value,
                method=sent["method"],
                path=sent["path"].encode(),
                query=sent["query"].encode(),
                body=sent["body"],
                headers=headers,
                peer=peer,
            )
        )

    def cause(self, value: str, **changes) -> str:
        """Return why it is refused."""
        with pytest.raises(BadHeader) as caught:
            self.verify(value, **changes)
        return caught.value.cause


@pytest.fixture
def door() -> Door:
    """Make a verifier and its client."""
    return Door()


@pytest.mark.parametrize("role", list(Role))
def test_a_signed_header_is_whom_it_declares(door, role) -> None:
    """A user of that role, with what its role allows a test, and no more."""
    principal = door.verify(door.value(role=role.value, user="user_bob"))
    assert (principal.id, principal.role, principal.kind, principal.credential) == ("user_bob", role, "user", "test")
    assert principal.permissions == permitted(role, "test")
    assert principal.may(Permission.USERS_WRITE) == (role is Role.ADMIN)


def test_the_message_that_is_signed(door) -> None:
    """Fields, method, raw path, query and the body's hash, in this order and form."""
    value = door.value()
    version, role, user, exp, nonce, mac = value.split(".")
    digest = hashlib.sha256(REQUEST["body"]).hexdigest()
    fields = f"{role}.{user}.{exp}.{nonce}"
    message = f"ultra-test-mode|v1|{fields}|POST|/api/analyze?a=1&b=%20|{digest}"
    assert version == "v1"
    assert mac == hmac.new(SECRET.encode(), message.encode(), hashlib.sha256).hexdigest()


@pytest.mark.parametrize(
    "changes",
    [
        {"method": "GET"},
        {"method": "post"},
        {"path": "/api/analyze/"},
        {"path": "/api/%61nalyze"},
        {"query": ""},
        {"query": "a=1&b=+"},
        {"query": "b=%20&a=1"},
        {"body": b""},
        {"body": b'{"prompt": "y"}'},
    ],
)
def test_it_is_good_for_the_request_that_was_signed_only(door, changes) -> None:
    """Another method, path, query or body needs another signature."""
    assert door.cause(door.value(), **changes) == "signature"
    assert door.verify(door.value(**changes), **changes)


@pytest.mark.parametrize("place", [1, 2, 3, 4])
def test_its_fields_are_signed(door, place) -> None:
    """Another role, user, time or nonce than was signed is refused."""
    parts = door.value(role="viewer", user="user_ann").split(".")
    parts[place] = ["", "admin", "user_bob", str(int(parts[3]) + 1), "another-nonce"][place]
    assert door.cause(".".join(parts)) == "signature"


@pytest.mark.parametrize(
    "value", ["true", "1", "", SECRET, "v1", "v1.admin.ann.9999999999.nonce-0001.", "v2" + ".a" * 5]
)
def test_what_is_no_signed_header_is_refused(door, value) -> None:
    """A switch, the secret itself, half a header."""
    assert door.cause(value) == "malformed"


@pytest.mark.parametrize(
    "change",
    [" {}", "{} ", "{}\n", "{}0", "v1.{}"],
)
def test_nothing_may_stand_around_it(door, change) -> None:
    """The whole value is the header."""
    assert door.cause(change.format(door.value())) == "malformed"


@pytest.mark.parametrize(
    "said", [{"role": "root"}, {"role": "ADMIN"}, {"user": ""}, {"user": "a|b"}, {"user": "é"}, {"nonce": "short"}]
)
def test_fields_have_their_form_even_when_signed(door, said) -> None:
    """An unknown role, an odd user or a short nonce is refused with a good signature too."""
    assert door.cause(door.value(**said)) == "malformed"


def test_another_secret_signs_nothing(door) -> None:
    """Only who has the secret can make one."""
    assert door.cause(door.value(secret=SECRET + "!")) == "signature"
    assert door.cause(door.value().upper().replace("V1", "v1").replace("MEMBER", "member")) == "malformed"


@pytest.mark.parametrize(
    ("seconds", "is_good"), [(60, True), (61, False), (1, True), (0, False), (-1, False), (1e9, False)]
)
def test_it_is_good_for_a_minute_at_most(door, seconds, is_good) -> None:
    """Expired, or signed for longer than a minute ahead, is refused."""
    assert LONGEST_S == 60
    if is_good:
        assert door.verify(door.value(seconds))
    else:
        assert door.cause(door.value(seconds)) == "expired"


def test_it_is_good_once(door) -> None:
    """The same header again is refused, and a nonce again, until the first has expired by itself."""
    value = door.value()
    assert door.verify(value)
    assert door.cause(value) == "replayed"
    assert door.cause(door.value(nonce="nonce-0001", user="user_bob")) == "replayed"
    door.system.advance(31)
    assert door.cause(value) == "expired"


def test_a_refused_header_uses_no_nonce_up(door) -> None:
    """Whoever cannot sign cannot burn somebody's nonce."""
    assert door.cause(door.value(nonce="nonce-same", secret="x" * 40)) == "signature"
    assert door.verify(door.value(nonce="nonce-same"))


def test_it_is_good_once_over_all_workers(door) -> None:
    """What one worker has let in is used up for the others."""
    value = door.value()
    assert door.verify(value)
    door.mode = door.worker()
    assert door.cause(value) == "replayed"
    assert door.verify(door.value())


def test_a_workers_own_memory_has_bounds(door, monkeypatch) -> None:
    """It forgets the oldest, which the shared memory still knows."""
    monkeypatch.setattr(test_mode, "_MOST_NONCES", 3)
    values = [door.value(seconds=10) for _ in range(5)]
    for value in values:
        assert door.verify(value)
    assert len(door.mode._used) == 3
    assert {door.cause(value) for value in values} == {"replayed"}


FORWARDING = [
    "x-forwarded-for", "x-forwarded-host", "X-Forwarded-Proto", "X-Forwarded", "forwarded", "forwarded-for",
    "x-forward-for", "Via", "X-Real-IP", "X-Client-IP", "Client-IP", "True-Client-IP", "X-True-Client-IP",
    "X-Cluster-Client-IP", "Fastly-Client-IP", "Fastly-SSL", "CF-Connecting-IP", "CF-Connecting-IPv6", "CF-Ray",
    "CDN-Loop", "X-Original-Forwarded-For", "X-Original-Host", "X-Original-URL", "X-Rewrite-URL",
    "X-Envoy-External-Address", "X-Envoy-Original-Path", "X-Azure-ClientIP", "X-Azure-SocketIP", "X-Remote-IP",
    "X-Remote-Addr", "Remote-Addr", "X-Originating-IP", "X-Host", "X-ProxyUser-Ip", "X-AppEngine-User-IP",
    "X-Amz-Cf-Id", "X_Forwarded_For", "x_real_ip", "X-Peer-Address",
]  # fmt: skip
"""Headers that proxies, balancers and networks in between are known to send."""


@pytest.mark.parametrize("name", [each.encode() for each in FORWARDING])
def test_what_came_through_a_proxy_is_refused(door, name) -> None:
    """A forwarding header says that the peer is not the client."""
    assert door.cause(door.value(), headers=[(b"host", b"x"), (name, b"127.0.0.1")]) == "forwarded"
    assert door.verify(door.value(), headers=[(b"host", b"x")])


def test_what_clients_send_by_themselves_is_no_forwarding(door) -> None:
    """Browsers, libraries and the clients of vendors are heard."""
    names = "host user-agent accept accept-encoding content-type content-length cookie origin referer sec-fetch-site"
    more = "x-csrf-token idempotency-key prefer x-request-id traceparent x-goog-api-client x-stainless-lang connection"
    headers = [(name.encode(), b"x") for name in f"{names} {more} x-client-request-id anthropic-version".split()]
    assert door.verify(door.value(), headers=headers)


@pytest.mark.parametrize(
    "peer", ["10.0.0.1", "192.168.1.1", "2001:db8::1", "::ffff:10.0.0.1", "0.0.0.0", "", "ultra.example"]
)
def test_it_comes_from_this_machine(door, peer) -> None:
    """Any other peer is refused, with a good signature too."""
    assert door.cause(door.value(), peer=peer) == "peer"


@pytest.mark.parametrize("peer", ["127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1", None])
def test_loopback_and_unix_sockets_are_this_machine(door, peer) -> None:
    """In every spelling."""
    assert door.verify(door.value(), peer=peer)


FINE = {"environment": "testing", "secret": SECRET, "host": "127.0.0.1", "stamp": "testing", "live_keys": ()}


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "[::1]", "localhost", "unix:/run/ultra.sock"])
def test_with_all_conditions_it_is_on(host) -> None:
    """Testing, a secret, loopback, a stamped store, no real key."""
    assert conditions(**FINE | {"host": host}) == []
    assert conditions(**FINE | {"host": host, "secret": "x" * 32}) == []


@pytest.mark.parametrize(
    ("change", "word"),
    [
        ({"environment": "production"}, "environment"),
        ({"environment": "development"}, "environment"),
        ({"environment": "TESTING"}, "environment"),
        ({"environment": "testing "}, "environment"),
        ({"secret": None}, "ULTRA_TEST_MODE_SECRET"),
        ({"secret": "x" * 31}, "ULTRA_TEST_MODE_SECRET"),
        ({"host": "0.0.0.0"}, "loopback"),
        ({"host": "::"}, "loopback"),
        ({"host": "10.0.0.1"}, "loopback"),
        ({"host": "localhost.example"}, "loopback"),
        ({"host": ""}, "loopback"),
        ({"stamp": None}, "stamped"),
        ({"stamp": "production"}, "stamped"),
        ({"live_keys": ["openai"]}, "openai"),
    ],
)
def test_each_missing_condition_turns_it_off(change, word) -> None:
    """And says so, without the secret."""
    (reason,) = conditions(**FINE | change)
    assert word in reason
    assert SECRET not in reason


def test_every_reason_is_named_at_once() -> None:
    """Not the first only."""
    wrong = {"environment": "", "secret": "", "host": "::", "stamp": None, "live_keys": ["b", "a"]}
    assert len(conditions(**wrong)) == 5


def test_a_short_secret_makes_no_verifier() -> None:
    """32 bytes, counted as bytes."""
    with pytest.raises(ValueError, match="shorter"):
        XTestMode(secret="x" * 31, nonces=FakeNonces(), system=FakeSystem())
    assert XTestMode(secret="é" * 16, nonces=FakeNonces(), system=FakeSystem())


@given(value=st.text(max_size=200))
def test_no_text_gets_through(value: str) -> None:
    """Whatever is presented, it is refused."""
    with pytest.raises(BadHeader):
        Door().verify(value)
