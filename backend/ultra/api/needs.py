"""How a route of the API says what it asks of its caller: `@router.get("...", openapi_extra=needs(...))`."""

from typing import Any

from ultra.domain.identity import Permission
from ultra.gate.declared import PUBLIC, described
from ultra.gate.need import Cost, Csrf, Need

__all__ = ["PUBLIC", "needs"]


def needs(
    permission: Permission | None,
    cost: Cost = "read",
    *,
    csrf: Csrf = "session",
    reserved: bool = False,
    idempotent: bool = False,
    shows_secret: bool = False,
) -> dict[str, Any]:
    """Return the declaration of a route: the permission (or `PUBLIC`) and what kind of effort it is.

    `csrf`, `reserved`, `idempotent` and `shows_secret` are those of `Need`.
    """
    return described(
        Need(
            permission=permission,
            cost=cost,
            csrf=csrf,
            reserved=reserved,
            idempotent=idempotent,
            shows_secret=shows_secret,
        )
    )
