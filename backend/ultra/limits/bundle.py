"""What one question to a counter asks: distinct charges, and the names they are kept under."""

from collections.abc import Sequence
from dataclasses import replace

from ultra.domain.limits import Charge, Decision, Lease, Place, Standing

BUSY_S = 1.0
"""When to come back where all places are taken; nobody knows when one is given back."""


def distinct(charges: Sequence[Charge]) -> tuple[Charge, ...]:
    """Add up charges of one limit and key, so that together they pass or not; keeps their order.

    Raises `ValueError` where two different limits of one name meet under one key: they would share a counter.
    """
    found: dict[str, Charge] = {}
    for charge in charges:
        name = name_of(charge)
        earlier = found.get(name)
        if earlier is None:
            found[name] = charge
        elif earlier.limit != charge.limit:
            raise ValueError(f"Two different limits are called {charge.limit.name!r}.")
        else:
            found[name] = replace(earlier, weight=earlier.weight + charge.weight)
    return tuple(found.values())


def name_of(charge: Charge) -> str:
    """Return the name a charge's counter is kept under.

    The amount is no part of it: a limit that is changed holds from then on, for what was counted before, too.
    """
    return f"{charge.limit.name}:{charge.key}"


def decide(
    charges: Sequence[Charge],
    *,
    standings: Sequence[Standing],
    waits: Sequence[float],
    places: Sequence[Place] = (),
    full: Sequence[bool] = (),
    leases: Sequence[Lease] = (),
) -> Decision:
    """Put a decision together: `waits` has seconds for each charge, above 0 where it did not pass."""
    violated = [charge.limit.name for charge, wait in zip(charges, waits, strict=True) if wait > 0]
    busy = [place.name for place, is_full in zip(places, full, strict=True) if is_full]
    if not violated and not busy:
        return Decision(allowed=True, standings=tuple(standings), leases=tuple(leases))
    retry_after = max([*waits, BUSY_S if busy else 0.0])
    names = tuple(dict.fromkeys([*violated, *busy]))
    return Decision(allowed=False, standings=tuple(standings), retry_after_s=retry_after, violated=names)
