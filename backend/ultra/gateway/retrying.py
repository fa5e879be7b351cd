"""Ask again? After how long? Pure answers; only ever asked before the first event."""

import random

from ultra.domain.errors import UltraError
from ultra.gateway.policy import Policy
from ultra.gateway.window import Tally


def delay(
    error: UltraError, attempt: int, *, now: float, deadline: float, dice: random.Random, policy: Policy
) -> float | None:
    """Return the seconds to wait before asking the same model again, or None to give up.

    `attempt` counts the calls made so far. The wait is drawn evenly between zero and a bound that doubles (full
    jitter); the vendor's `retry_after` is waited out first. Nothing is, when it is longer than any pause may be or does
    not end before the deadline: the caller is told at once instead, with the time the vendor named.
    """
    if not error.retryable or attempt >= policy.max_attempts:
        return None
    if error.retry_after is not None and error.retry_after > policy.backoff_cap_s:
        return None
    bound = min(policy.backoff_cap_s, policy.backoff_base_s * 2 ** (attempt - 1))
    if error.retry_after is None:
        wait = dice.uniform(0.0, bound)
    else:
        wait = max(error.retry_after, 0.0) + dice.uniform(0.0, policy.backoff_base_s)
    return wait if now + wait < deadline else None


class RetryBudget:
    """How many of the recent calls to one model may be retries; the clock is passed in."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._tally = Tally(policy.retry_window_s)

    def called(self, now: float) -> None:
        """Count a first attempt."""
        self._tally.add(now, hit=False)

    def take(self, now: float) -> bool:
        """Count a retry if there is room for one, and say so."""
        calls, retries = self._tally.totals(now)
        if retries >= max(self._policy.retry_floor, self._policy.retry_share * calls):
            return False
        self._tally.add(now, hit=True)
        return True
