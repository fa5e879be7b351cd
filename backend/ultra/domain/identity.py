"""Who is calling. Accounts, roles and permissions join here when they exist; until then there is one local person."""

from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Principal:
    """Whoever a request is charged to and whose runs it may see."""

    id: str
    kind: Literal["operator", "user", "service"]


LOCAL_OPERATOR = Principal(id="local", kind="operator")
"""Whoever can reach this machine's loopback address or run its command line."""
