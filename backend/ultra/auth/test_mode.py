"""The `X-Test-Mode` header: in the testing environment, on loopback, a signed statement of who a test wants to be.

It replaces the credential and nothing else: permissions, limits and validation see a principal like any other. The
signature covers what is asked, so a header that leaks is good for that one request, once, within a minute. Beside a
session's cookie it is the header that counts, and the cookie still means that the request must be a page of ours.
"""

import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Literal, TypeAlias

from ultra.auth.encodings import same
from ultra.domain.access import Nonces
from ultra.domain.identity import Principal, Role, permitted
from ultra.system import System

HEADER = b"x-test-mode"
LONGEST_S = 60

_VALUE = re.compile(
    r"v1\.(viewer|member|operator|admin)\.([A-Za-z0-9_-]{1,64})\.([0-9]{1,12})\.([A-Za-z0-9_-]{8,64})\.([0-9a-f]{64})"
)
_LEAST_SECRET = 32
_MOST_NONCES = 100_000
_TELLING = frozenset(
    {
        *(b"via", b"original", b"originating", b"rewrite", b"remote", b"peer"),
        *(b"ip", b"ips", b"ipaddress", b"clientip", b"realip", b"remoteip", b"trueip", b"userip"),
        *(b"addr", b"address", b"host", b"hostname"),
    }
)
"""Words of header names by which somebody in between says where a request came from, or meant to go."""
_BETWEEN = (b"cdn-", b"cf-", b"fastly-", b"x-amz-cf-", b"x-azure-", b"x-envoy-")
"""What headers begin with that networks in between add."""

Cause: TypeAlias = Literal["off", "forwarded", "peer", "malformed", "signature", "expired", "replayed"]
"""Why a header was not honoured; for the audit."""


class BadHeader(Exception):
    """The header is not good; `cause` is one word for the audit."""

    def __init__(self, cause: Cause) -> None:
        super().__init__(cause)
        self.cause = cause


def conditions(
    *, environment: str, secret: str | None, host: str, stamp: str | None, live_keys: Sequence[str]
) -> list[str]:
    """Return one sentence for each reason why the header is not honoured; an empty list means that it is.

    `host` is what the server binds (an address, `localhost` or `unix:...`), `stamp` the environment that the store
    says it belongs to, `live_keys` the names of settings that hold the key of a real provider.
    """
    reasons = []
    if environment != "testing":
        reasons.append("The environment is not testing.")
    if secret is None or len(secret.encode("utf-8", "surrogateescape")) < _LEAST_SECRET:
        reasons.append(f"ULTRA_TEST_MODE_SECRET is not set to {_LEAST_SECRET} bytes or more.")
    if not host.startswith("unix:") and not _is_loopback(host):
        reasons.append("The server does not listen on loopback only.")
    if stamp != "testing":
        reasons.append("The store is not stamped as belonging to testing.")
    if live_keys:
        reasons.append("There are keys of real providers: " + ", ".join(sorted(live_keys)) + ".")
    return reasons


def sign(
    secret: str,
    *,
    role: str,
    user: str,
    method: str,
    path: str,
    query: str = "",
    body: bytes = b"",
    expires_at: datetime,
    nonce: str,
) -> str:
    """Return a header's value, as a test client sends it. `path` and `query` are raw, as they go over the wire."""
    fields = f"{role}.{user}.{int(expires_at.timestamp())}.{nonce}"
    mac = _mac(secret, fields, method, path.encode("latin-1"), query.encode("latin-1"), body)
    return f"v1.{fields}.{mac}"


class XTestMode:
    """Verifies the header. Made only where `conditions` finds no reason against it.

    `nonces` are what all workers of this deployment have seen; this one's own memory only saves it a question.
    """

    def __init__(self, *, secret: str, nonces: Nonces, system: System) -> None:
        if len(secret.encode("utf-8", "surrogateescape")) < _LEAST_SECRET:
            raise ValueError(f"The secret is shorter than {_LEAST_SECRET} bytes.")
        self._secret = secret
        self._nonces = nonces
        self._system = system
        self._used: dict[str, int] = {}
        """Nonces used here, oldest first, and the second until which each is used up."""

    async def verify(
        self,
        value: str,
        *,
        method: str,
        path: bytes,
        query: bytes,
        body: bytes,
        headers: Iterable[tuple[bytes, bytes]],
        peer: str | None,
    ) -> Principal:
        """Return the principal that a header declares; raises `BadHeader`.

        `peer` is the socket's own address, None for a Unix socket; `path` is the raw path, `query` what follows `?`.
        """
        if peer is not None and not _is_loopback(peer):
            raise BadHeader("peer")
        if any(_is_forwarding(name.lower()) for name, _ in headers):
            raise BadHeader("forwarded")
        shape = _VALUE.fullmatch(value)
        if shape is None:
            raise BadHeader("malformed")
        fields = ".".join(shape.groups()[:4])
        if not same(shape[5], _mac(self._secret, fields, method, path, query, body)):
            raise BadHeader("signature")
        await self._spend(shape[4], int(shape[3]))
        return fixture(Role(shape[1]), shape[2])

    async def _spend(self, nonce: str, until: int) -> None:
        now = self._system.now()
        if not now.timestamp() < until <= now.timestamp() + LONGEST_S:
            raise BadHeader("expired")
        if self._used.get(nonce, 0) > now.timestamp():
            raise BadHeader("replayed")
        self._used.pop(nonce, None)
        self._used[nonce] = until
        if len(self._used) > _MOST_NONCES:
            del self._used[next(iter(self._used))]
        if not await self._nonces.spend(nonce, until=datetime.fromtimestamp(until, UTC), at=now):
            raise BadHeader("replayed")


def fixture(role: Role, user: str) -> Principal:
    """Return the principal of a test: a user of that role, with what a token of that role may be used for."""
    return Principal(
        id=user,
        kind="user",
        role=role,
        credential="test",
        permissions=permitted(role, "test"),
        name=user,
    )


def _mac(secret: str, fields: str, method: str, path: bytes, query: bytes, body: bytes) -> str:
    digest = hashlib.sha256(body).hexdigest().encode("ascii")
    head = f"ultra-test-mode|v1|{fields}|{method}|".encode()
    return hmac.new(
        secret.encode("utf-8", "surrogateescape"), head + path + b"?" + query + b"|" + digest, hashlib.sha256
    ).hexdigest()


def _is_forwarding(name: bytes) -> bool:
    """Whether a header (in lower case) names a client, a remote, a forwarded or an original address."""
    name = name.replace(b"_", b"-")
    if name == b"host":
        return False
    words = name.split(b"-")
    return (
        name.startswith(_BETWEEN)
        or not _TELLING.isdisjoint(words)
        or any(word.startswith((b"forward", b"xforward")) for word in words)
    )


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        found = ip_address(host.strip("[]"))
    except ValueError:
        return False
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback
