"""Who may come in: authenticate, permit, keep other sites' pages out, count. In this order, before a body is read."""

from collections.abc import Sequence
from dataclasses import dataclass

from starlette.types import ASGIApp, Receive, Scope, Send

from ultra.auth.approach import Approach
from ultra.auth.credentials import is_credential_in_url
from ultra.domain.errors import Forbidden, InvalidRequest, Unauthenticated
from ultra.domain.identity import Permission, Principal
from ultra.domain.limits import Charge, Decision, Place, whole
from ultra.gate.body import BodyCaps, body_of
from ultra.gate.csrf import refuse_other_sites
from ultra.gate.flooding import Flooding
from ultra.gate.keepers import Keepers, keepers_of
from ultra.gate.limiting import held, leave, settled
from ultra.gate.need import Need
from ultra.gate.refusing import tell
from ultra.limits.policy import RouteClass
from ultra.system import System


class Guard:
    """Stands before one route and lets in whom its `need` allows; the principal is in `scope["ultra.principal"]`.

    A route that is open to everybody is counted by address and gets no principal (None), unless it greets.
    Nobody's body is read before its sender is known, with two exceptions: the test header's signature covers it, and
    a page's form carries its CSRF token in it. Both read it under the same caps as everybody.
    """

    def __init__(self, app: ASGIApp, *, need: Need, caps: BodyCaps, flooding: Flooding, system: System) -> None:
        self._app = app
        self._need = need
        self._caps = caps
        self._flooding = flooding
        self._system = system

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        scope["ultra.principal"] = None
        if self._need.cost == "probe":
            await self._app(scope, receive, send)
            return
        self._flooding.refuse(scope["ultra.address"])
        keepers = keepers_of(scope)
        approach = self._approach(scope, receive)
        if self._need.permission is None:
            scope["ultra.principal"] = await self._admit_anybody(keepers, approach, scope)
            await self._app(scope, self._onward(scope, receive), send)
            return
        visit = _Visit(keepers, self._need.permission, self._need.cost, approach, scope)
        asked = await self._readmit(visit) or await self._admit(visit)
        _know(asked.principal, scope)
        settled(asked.decision, scope)
        async with held(keepers.limiter, asked.decision.leases, asked.places, system=self._system):
            await self._app(scope, self._onward(scope, receive), send)

    def _approach(self, scope: Scope, receive: Receive) -> Approach:
        return Approach(
            method=scope["method"],
            path=scope["path"],
            raw_path=scope["raw_path"],
            query=scope["query_string"],
            headers=scope["headers"],
            peer=scope["ultra.peer"],
            address=scope["ultra.address"],
            request_id=scope["ultra.request_id"],
            body=lambda: body_of(scope, receive, caps=self._caps).read(),
        )

    async def _admit_anybody(self, keepers: Keepers, approach: Approach, scope: Scope) -> Principal | None:
        if is_credential_in_url(approach.raw_path, approach.query):
            await tell(keepers.refusals, "credential_in_url", cause="credential_in_url", scope=scope)
            raise InvalidRequest("A credential must not stand in a URL.", code="credential_in_url")
        address = scope["ultra.address"]
        policy = keepers.policy
        await self._pay(
            keepers, policy.public(address) if self._need.cost == "read" else policy.anonymous(address), scope
        )
        await refuse_other_sites(keepers, self._need, None, approach, scope)
        if not self._need.greets:
            return None
        try:
            return await keepers.authenticator.authenticate(approach)
        except (Unauthenticated, Forbidden, InvalidRequest):
            return None

    async def _readmit(self, visit: "_Visit") -> "_Admitted | None":
        """Count whoever was here a moment ago; the same answer tells whether they still are who they were.

        None sends them the longer way, where nothing is taken for granted: those who are not known any more, those who
        may not do this, and browsers, whose pages have to be looked at first.
        """
        authenticator, limiter = visit.keepers.authenticator, visit.keepers.limiter
        recalled = authenticator.recall(visit.approach)
        if recalled is None or not recalled.principal.may(visit.permission):
            return None
        if _is_by_browser(visit.keepers, recalled.principal, visit.scope):
            return None
        decision, places = await self._count(visit, recalled.principal, whose=recalled.principal.id)
        try:
            if await authenticator.stands(recalled, version=decision.version):
                return _Admitted(recalled.principal, decision, places)
        except BaseException:
            await whole(leave(limiter, decision.leases), by=limiter)
            raise
        await leave(limiter, decision.leases)
        return None

    async def _admit(self, visit: "_Visit") -> "_Admitted":
        keepers, scope = visit.keepers, visit.scope
        principal = await self._identify(keepers, visit.approach, scope)
        _know(principal, scope)
        await self._permit(keepers, visit.permission, principal, scope)
        if _is_by_browser(keepers, principal, scope):
            await refuse_other_sites(keepers, self._need, principal, visit.approach, scope)
        decision, places = await self._count(visit, principal)
        return _Admitted(principal, decision, places)

    async def _count(
        self, visit: "_Visit", principal: Principal, *, whose: str | None = None
    ) -> tuple[Decision, Sequence[Place]]:
        policy, scope = visit.keepers.policy, visit.scope
        places = policy.places(principal) if visit.route == "completion" else ()  # a run outlives its request
        charges = policy.caller(principal, address=scope["ultra.address"], route=visit.route)
        return await self._charge(visit.keepers, charges, scope, places=places, whose=whose), places

    async def _identify(self, keepers: Keepers, approach: Approach, scope: Scope) -> Principal:
        try:
            return await keepers.authenticator.authenticate(approach)
        except (Unauthenticated, InvalidRequest):
            # Counted apart from those who share the address and are known: guessing must not lock them out.
            await self._pay(keepers, keepers.policy.anonymous(scope["ultra.address"]), scope)
            raise
        except Forbidden:
            _explain(scope, None)
            raise

    async def _permit(self, keepers: Keepers, permission: Permission, principal: Principal, scope: Scope) -> None:
        if principal.may(permission):
            return
        await tell(keepers.refusals, "denied", cause=permission.value, scope=scope, principal=principal)
        _explain(scope, permission)
        raise Forbidden(
            f"This needs the permission {permission.value}.",
            hint="Ask an administrator for a role, or use a credential, that has it.",
            code="insufficient_scope",
        )

    async def _pay(self, keepers: Keepers, charges: Sequence[Charge], scope: Scope) -> None:
        settled(await self._charge(keepers, charges, scope), scope)

    async def _charge(
        self,
        keepers: Keepers,
        charges: Sequence[Charge],
        scope: Scope,
        *,
        places: Sequence[Place] = (),
        whose: str | None = None,
    ) -> Decision:
        return await self._flooding.charge(
            keepers.limiter, charges, address=scope["ultra.address"], places=places, whose=whose
        )

    def _onward(self, scope: Scope, receive: Receive) -> Receive:
        """Hand a body on that was read here."""
        return body_of(scope, receive, caps=self._caps).replayed() if "ultra.body" in scope else receive


def _is_by_browser(keepers: Keepers, principal: Principal, scope: Scope) -> bool:
    """Whether a session's cookie came along: as the credential, or beside the test header that replaces it."""
    by_cookie = principal.credential == "session"
    return by_cookie or (principal.credential == "test" and keepers.csrf.concerns(scope["headers"]))


@dataclass(frozen=True, slots=True)
class _Visit:
    """A request to a route that is not for everybody."""

    keepers: Keepers
    permission: Permission
    route: RouteClass
    approach: Approach
    scope: Scope


@dataclass(frozen=True, slots=True)
class _Admitted:
    """Who may come in as far as they are concerned, and how the limits decided."""

    principal: Principal
    decision: Decision
    places: Sequence[Place]


def _know(principal: Principal, scope: Scope) -> None:
    scope["ultra.principal"] = principal
    scope["ultra.facts"]["principal"] = principal.id


def _explain(scope: Scope, permission: Permission | None) -> None:
    """Say to programs that another credential would do (RFC 6750, section 3.1)."""
    wanted = "" if permission is None else f', scope="{permission.value}"'
    scope["ultra.headers"]["www-authenticate"] = f'Bearer error="insufficient_scope"{wanted}'
