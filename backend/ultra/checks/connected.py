"""Goes on where an examination ends: reaches what the configuration leads to, and judges what it says."""

from collections.abc import Mapping
from functools import cache

from ultra.checks import connections
from ultra.checks.connection import Connection
from ultra.checks.examination import Examination
from ultra.checks.reaching import PATIENCE_S, reach
from ultra.discovery import collect


@cache
def connection_checks() -> Mapping[str, Connection]:
    """Return every check of what is reached, by its id."""
    return {name: kind() for name, kind in collect(connections, Connection).items()}  # type: ignore[type-abstract]  # only subclasses are collected


async def connect(examination: Examination, *, patience_s: float = PATIENCE_S) -> Examination:
    """Reach the database, the counter and the providers' free model lists, and return all findings together.

    Each has `patience_s` of its own, and all are reached at once. Nothing is migrated, made or paid for.
    """
    case = examination.case
    if case is None:
        return examination
    reached = await reach(case, patience_s=patience_s)
    found = [each for check in connection_checks().values() for each in check.find(case, reached)]
    return examination.joined(each for each in found if each.setting not in case.wrong)
