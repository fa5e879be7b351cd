"""Numbers that an operator may set for all runs."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class AnalysisPolicy:
    """How runs are conducted; seconds."""

    delta_interval_s: float = 0.1
    """Text is joined into journal rows of about this length, so that a token is not a transaction."""
    cancel_poll_s: float = 0.5
    """How often to look whether somebody asked for the run to stop."""
    minimum_round_s: float = 1.0
    """An optional round with less time than this is skipped."""
    most_reserves: int = 2
    """How many models outside a panel chosen by Ultra may be asked to break a tie."""
