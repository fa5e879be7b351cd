"""How fast a scripted model speaks."""

from dataclasses import dataclass

from ultra.mock.chance import share


@dataclass(frozen=True, slots=True)
class Pace:
    """Seconds to the first token, then tokens per second; 0 means as fast as possible.

    `variation` 0.5 makes models between half as slow and half again as fast, each always the same.
    """

    first_token_s: float = 0.0
    tokens_per_s: float = 0.0
    variation: float = 0.0

    def of(self, model: str) -> "Pace":
        """Return the pace of one model."""
        if self.variation == 0:
            return self
        factor = 1 + self.variation * (2 * share("pace", model) - 1)
        return Pace(self.first_token_s / factor, self.tokens_per_s * factor)

    @property
    def token_s(self) -> float:
        """Seconds between two tokens."""
        return 1 / self.tokens_per_s if self.tokens_per_s > 0 else 0.0


INSTANT = Pace()
"""As fast as possible: for tests and benchmarks."""
