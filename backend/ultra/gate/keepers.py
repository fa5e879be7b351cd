"""Whom the gate asks: they are put into the lifespan state under `keepers` and found there by every request."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from starlette.types import Scope

from ultra.auth.approach import Approach
from ultra.auth.authenticator import Recalled
from ultra.domain.identity import Principal
from ultra.domain.limits import Charge, Limiter, Place
from ultra.gate.vigil import Vigil
from ultra.limits.policy import RouteClass


class Authenticator(Protocol):
    """Knows who is calling; writes down what it refuses."""

    def recall(self, approach: Approach) -> Recalled | None:
        """Return who presented the same credential a moment ago, to be believed once `stands` says so."""

    async def stands(self, recalled: Recalled, *, version: int | None) -> bool:
        """Whether they still are who they were: their present version is `version`, or with None is asked for."""

    async def authenticate(self, approach: Approach) -> Principal:
        """Return who presents the one credential of a request.

        Raises `Unauthenticated` for none or a bad one, `InvalidRequest` for two or one in the URL, and `Forbidden`.
        """


class CsrfJudge(Protocol):
    """Knows which requests another site's page made a browser send."""

    def concerns(self, headers: Sequence[tuple[bytes, bytes]]) -> bool:
        """Whether a session's cookie came along, whatever it is worth."""

    def judge(
        self, approach: Approach, *, form_token: str | None = None
    ) -> Literal["cross_site", "token", "content_type"] | None:
        """Return which check a request fails, or None."""

    def protect(self, approach: Approach, *, form_token: str | None = None) -> None:
        """Raise `Forbidden` or `UnsupportedMedia` for a request that fails one."""


class LimitPolicy(Protocol):
    """Says what a request is charged."""

    def public(self, address: str | None) -> tuple[Charge, ...]:
        """Charge a request that needs nobody to be known."""

    def anonymous(self, address: str | None) -> tuple[Charge, ...]:
        """Charge a request whose caller is not known."""

    def caller(self, principal: Principal, *, address: str | None, route: RouteClass) -> tuple[Charge, ...]:
        """Charge a request of a known caller, its address included."""

    def places(self, principal: Principal) -> tuple[Place, ...]:
        """Return the places that a completion or run of this caller takes."""


class Refusals(Protocol):
    """Writes down what was refused."""

    async def write(
        self,
        action: str,
        *,
        cause: str,
        actor: str | None = None,
        credential: str | None = None,
        address: str | None = None,
        request_id: str | None = None,
        target: str | None = None,
    ) -> None:
        """Write that something was refused, and why."""


@dataclass(frozen=True, slots=True)
class Keepers:
    """Everybody the gate asks."""

    authenticator: Authenticator
    csrf: CsrfJudge
    limiter: Limiter
    policy: LimitPolicy
    refusals: Refusals
    vigil: Vigil


def keepers_of(scope: Scope) -> Keepers:
    """Return whom to ask on behalf of a request."""
    state: dict[str, Any] = scope["state"]
    keepers: Keepers = state["keepers"]
    return keepers
