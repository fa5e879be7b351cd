"""Tells the audit what the gate refused, without letting that stand in the way of the answer."""

import logging

from starlette.types import Scope

from ultra.domain.identity import Principal
from ultra.gate.keepers import Refusals

_log = logging.getLogger("ultra.gate")


async def tell(
    refusals: Refusals,
    action: str,
    *,
    cause: str,
    scope: Scope,
    principal: Principal | None = None,
    target: str | None = None,
) -> None:
    """Write that a request was refused; a book that cannot be written does not change the answer."""
    try:
        await refusals.write(
            action,
            cause=cause,
            actor=None if principal is None else principal.id,
            credential=None if principal is None else principal.credential,
            address=scope["ultra.address"],
            request_id=scope["ultra.request_id"],
            target=target,
        )
    except Exception:  # noqa: BLE001 - the answer matters more than its record, whatever the store is suffering from
        _log.exception("a refusal (%s) could not be written down", action)
