"""A circuit breaker: closed, open, half-open. It has no clock and asks nobody; time and dice are passed in.

    closed     --too many failures-->       open        callers are refused
    open       --its time is over, enter--> half_open   one caller probes, the others are refused
    half_open  --the probe succeeds-->      closed
    half_open  --the probe fails-->         open        for longer than before
    half_open  --the probe is lost-->       half_open   the next caller probes

Besides, a rate limit keeps callers away until a time, in every state: the vendor is well, only not now.
"""

import random
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ultra.gateway.policy import Policy
from ultra.gateway.window import Tally

State: TypeAlias = Literal["closed", "open", "half_open"]


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why nobody may enter, and the seconds until it is worth asking again."""

    reason: Literal["circuit_open", "rate_limited"]
    retry_after: float


@dataclass(frozen=True, slots=True)
class Ticket:
    """One caller who entered; what becomes of him counts only in the `era` in which he did."""

    era: int


class Breaker:
    """The state of one thing that can fail. `now` is in seconds on one clock that never goes back."""

    def __init__(self, policy: Policy, dice: random.Random) -> None:
        self.state: State = "closed"
        self.retry_at: float | None = None
        """When an open one lets a probe through."""
        self.reason: str | None = None
        """The last failure's word, while not closed."""
        self._policy = policy
        self._dice = dice
        self._era = 0
        self._failures = 0
        self._openings = 0
        self._is_probed = False
        self._blocked_until: float | None = None
        self._tally = Tally(policy.breaker_window_s)

    def refusal(self, now: float) -> Refusal | None:
        """Say whether a caller would be refused; changes nothing."""
        if self._blocked_until is not None and now < self._blocked_until:
            return Refusal("rate_limited", self._blocked_until - now)
        if self.state == "open" and self.retry_at is not None and now < self.retry_at:
            return Refusal("circuit_open", self.retry_at - now)
        if self.state == "half_open" and self._is_probed:
            return Refusal("circuit_open", self._policy.open_base_s)
        return None

    def enter(self, now: float) -> Ticket:
        """Let a caller in who is not refused; he must come back with exactly one of the four endings."""
        if self.state == "open" and (self.retry_at is None or now >= self.retry_at):
            self._become("half_open")
        if self.state == "half_open":
            self._is_probed = True
        return Ticket(self._era)

    def succeed(self, ticket: Ticket, now: float) -> None:
        """He got what he wanted."""
        if ticket.era != self._era:
            return
        self._failures = 0
        self._tally.add(now, hit=False)
        if self.state == "half_open":
            self._openings = 0
            self._tally = Tally(self._policy.breaker_window_s)
            self.reason = None
            self._become("closed")

    def fail(self, ticket: Ticket, now: float, *, reason: str, at_once: bool = False) -> None:
        """He was let down; `at_once` opens whatever the count."""
        if ticket.era != self._era:
            return
        self._failures += 1
        self._tally.add(now, hit=True)
        if at_once or self.state == "half_open" or self._is_too_much(now):
            self.reason = reason
            self.retry_at = now + self._time_open()
            self._openings += 1
            self._become("open")

    def block(self, ticket: Ticket, until: float) -> None:
        """He was told to come back later: nobody need ask before `until`."""
        self._blocked_until = until if self._blocked_until is None else max(until, self._blocked_until)
        self.abandon(ticket)

    def abandon(self, ticket: Ticket) -> None:
        """He left without an answer, or with one that says nothing about health; a probe's place is free again."""
        if ticket.era == self._era:
            self._is_probed = False

    def _is_too_much(self, now: float) -> bool:
        if self._failures >= self._policy.breaker_failures:
            return True
        calls, failures = self._tally.totals(now)
        return calls >= self._policy.breaker_minimum and failures >= self._policy.breaker_ratio * calls

    def _time_open(self) -> float:
        longest = min(self._policy.open_cap_s, self._policy.open_base_s * 2.0 ** min(self._openings, 32))
        return longest * self._dice.uniform(0.75, 1.0)

    def _become(self, state: State) -> None:
        self.state = state
        self._era += 1
        if state != "open":
            self.retry_at = None
