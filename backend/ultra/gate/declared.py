"""What a route asks of its caller stands where the route is declared; a route that says nothing is not served."""

import copy
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from starlette.routing import BaseRoute, Match, Route
from starlette.types import ASGIApp, Scope

from ultra.domain.identity import Permission
from ultra.gate.heads import HeadersOnly
from ultra.gate.need import Cost, Csrf, Need

PUBLIC: Final = None
"""The word for routes that everybody may use, signed in or not."""

_PERMISSION: Final = "x-permission"
_COST: Final = "x-cost"
_CSRF: Final = "x-csrf"
_RESERVED: Final = "x-reserved"
_IDEMPOTENT: Final = "x-idempotent"
_SHOWN_ONCE: Final = "x-shown-once"
_PUBLIC: Final = "public"

SECURITY: Final[Sequence[Mapping[str, list[str]]]] = ({"bearer": []}, {"apiKey": []}, {"session": []})
"""The ways to prove who one is, by the names under which the API's description explains them."""


class Undeclared(Exception):
    """A route does not say what it asks of its caller."""


class Guarded(Route):
    """A route with its need: for handlers that the framework's declarations do not reach."""

    def __init__(self, path: str, endpoint: Callable[..., Any], *, methods: Sequence[str], need: Need) -> None:
        super().__init__(path, endpoint, methods=methods, include_in_schema=False)
        self.need = need

    def matches(self, scope: Scope) -> tuple[Match, Scope]:
        """Say which route it was, as the framework's own routes do: the log and the metrics name its pattern."""
        match, found = super().matches(scope)
        return match, found if match is Match.NONE else {**found, "route": self}


def described(need: Need) -> dict[str, Any]:
    """Return the need as it stands in the API's description (`openapi_extra`)."""
    found: dict[str, Any] = {_PERMISSION: _PUBLIC if need.permission is None else need.permission.value}
    found[_COST] = need.cost
    if need.csrf != "session":
        found[_CSRF] = need.csrf
    if need.reserved:
        found[_RESERVED] = True
    if need.idempotent:
        found[_IDEMPOTENT] = True
    if need.shows_secret:
        found[_SHOWN_ONCE] = True
    return {**found, "security": [] if need.permission is None else [dict(each) for each in SECURITY]}


def need_of(route: BaseRoute) -> Need:
    """Return what a route asks; raises `Undeclared`."""
    if isinstance(route, Guarded):
        return route.need
    said: Mapping[str, Any] = getattr(route, "openapi_extra", None) or {}
    if _PERMISSION not in said or _COST not in said:
        raise Undeclared(f"{route!r} names no permission: declare it with needs(...) or Guarded(...).")
    word = said[_PERMISSION]
    cost: Cost = said[_COST]
    csrf: Csrf = said.get(_CSRF, "session")
    return Need(
        permission=None if word == _PUBLIC else Permission(word),
        cost=cost,
        csrf=csrf,
        reserved=bool(said.get(_RESERVED, False)),
        idempotent=bool(said.get(_IDEMPOTENT, False)),
        shows_secret=bool(said.get(_SHOWN_ONCE, False)),
    )


def reserved_paths(routes: Sequence[BaseRoute]) -> frozenset[str]:
    """Return the paths that are answered even when the server is full; they are fixed, without parameters."""
    return frozenset(route.path for route in routes if isinstance(route, Route) and need_of(route).reserved)


def guarded(routes: Sequence[BaseRoute], wrap: Callable[[ASGIApp, Need], ASGIApp]) -> Iterator[BaseRoute]:
    """Yield each route with its handler behind `wrap`, and beside each GET a HEAD behind the very same guard.

    Routes are copied: what is declared at import stays as it was. Raises `Undeclared`, also for what is no route with
    one handler (mounts, websockets).
    """
    for route in routes:
        need = need_of(route)
        if not isinstance(route, Route):
            raise Undeclared(f"{route!r} cannot be guarded.")
        kept = copy.copy(route)
        kept.app = wrap(route.app, need)
        methods = set(route.methods or ()) - {"HEAD"}
        kept.methods = methods
        yield kept
        if "GET" in methods:
            head = copy.copy(kept)
            head.app = wrap(HeadersOnly(route.app), need)
            head.methods = {"HEAD"}
            head.include_in_schema = False
            yield head
