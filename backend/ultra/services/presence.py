"""How far a process is on its way out."""

from dataclasses import dataclass


@dataclass(slots=True)
class Presence:
    """`is_leaving`: readiness says no, so that nobody sends more. `is_closed`: no new work is taken, either.

    Between the two lies the notice that load balancers need (`ULTRA_SHUTDOWN_NOTICE_S`).
    """

    is_leaving: bool = False
    is_closed: bool = False
