"""Whom the gate asks, as fakes: an authenticator that knows bearer words, a CSRF judge that knows one token."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from tests.fakes.system import FakeSystem
from ultra.auth.approach import Approach
from ultra.auth.authenticator import Recalled
from ultra.domain.errors import Forbidden, Unauthenticated, UnsupportedMedia
from ultra.domain.identity import Principal
from ultra.domain.limits import Limiter
from ultra.gate.keepers import Authenticator, CsrfJudge, Keepers, LimitPolicy, Refusals
from ultra.gate.vigil import Vigil
from ultra.limits import LimitPolicy as RealPolicy
from ultra.limits import MemoryLimiter, Rates


@dataclass
class FakeAuthenticator:
    """Knows principals by the word that follows `Bearer`, or by the value of the cookie `ultra`."""

    known: Mapping[str, Principal] = field(default_factory=dict)
    asked: list[Approach] = field(default_factory=list)
    gone: set[Principal] = field(default_factory=set)
    recalls: dict[str, Principal] = field(default_factory=dict)
    """Whom it takes each word's owner for without asking."""
    present: dict[str, int] = field(default_factory=dict)
    """The versions by user, where they are asked for; others are what they were."""

    def recall(self, approach: Approach) -> Recalled | None:
        """Return who was here a moment ago."""
        principal = self.recalls.get(_word(approach))
        return None if principal is None else Recalled(principal, _word(approach).encode())

    async def stands(self, recalled: Recalled, *, version: int | None) -> bool:
        """Compare versions, and forget who has another one."""
        principal = recalled.principal
        present = self.present.get(principal.id, principal.version) if version is None else version
        if present != principal.version:
            del self.recalls[recalled.digest.decode()]
        return present == principal.version

    async def authenticate(self, approach: Approach) -> Principal:
        """Return whom the credential belongs to."""
        self.asked.append(approach)
        word = _word(approach)
        if word not in self.known:
            raise Unauthenticated("No valid credential was presented.")
        return self.known[word]

    async def ended(self, principals: Sequence[Principal]) -> frozenset[int]:
        """Return the positions of those who are gone."""
        return frozenset(position for position, each in enumerate(principals) if each in self.gone)


def _word(approach: Approach) -> str:
    headers = dict(approach.headers)
    word = headers.get(b"authorization", b"").removeprefix(b"Bearer ").decode()
    return word or headers.get(b"cookie", b"").removeprefix(b"ultra=").decode()


class FakeCsrf:
    """Lets in whoever sends the token `good`, unless they say that they come from another site."""

    def concerns(self, headers: Sequence[tuple[bytes, bytes]]) -> bool:
        """Whether any cookie came along."""
        return b"cookie" in dict(headers)

    def judge(
        self, approach: Approach, *, form_token: str | None = None
    ) -> Literal["cross_site", "token", "content_type"] | None:
        """Return which check fails."""
        headers = dict(approach.headers)
        if headers.get(b"sec-fetch-site") == b"cross-site" or headers.get(b"origin") == b"https://evil.example":
            return "cross_site"
        token = headers.get(b"x-csrf-token", b"").decode() if form_token is None else form_token
        if token != "good":
            return "token"
        return "content_type" if headers.get(b"content-type") == b"text/plain" else None

    def protect(self, approach: Approach, *, form_token: str | None = None) -> None:
        """Raise what the failed check calls for."""
        cause = self.judge(approach, form_token=form_token)
        if cause == "content_type":
            raise UnsupportedMedia("The Content-Type must be exactly application/json.")
        if cause is not None:
            raise Forbidden("This request does not come from a page of this server.", code="csrf")


@dataclass
class FakeRefusals:
    """Remembers what was refused; `fails` has no room for anything."""

    fails: bool = False
    written: list[dict[str, Any]] = field(default_factory=list)

    async def write(self, action: str, **facts: Any) -> None:
        """Remember one refusal."""
        if self.fails:
            raise OSError("the book is full")
        self.written.append({"action": action, **facts})


def keepers(
    *,
    system: FakeSystem | None = None,
    authenticator: Authenticator | None = None,
    csrf: CsrfJudge | None = None,
    limiter: Limiter | None = None,
    policy: LimitPolicy | None = None,
    refusals: Refusals | None = None,
    vigil: Vigil | None = None,
) -> Keepers:
    """Return keepers: those given, and fakes for the others. Limits are the real ones, in memory."""
    clock = system or FakeSystem(jumps=False)
    knows = authenticator or FakeAuthenticator()
    return Keepers(
        authenticator=knows,
        csrf=csrf or FakeCsrf(),
        limiter=limiter or MemoryLimiter(system=clock),
        policy=policy or RealPolicy(rates=Rates()),
        refusals=refusals or FakeRefusals(),
        vigil=vigil or Vigil(standing=FakeAuthenticator(), system=clock),
    )
