"""An observer that remembers."""

from ultra.domain.observations import BreakerMoved, CallSettled, Observation


class FakeObserver:
    """Keeps what it heard, in order."""

    def __init__(self) -> None:
        self.noticed: list[Observation] = []

    def notice(self, observation: Observation) -> None:
        """Take one fact."""
        self.noticed.append(observation)

    @property
    def calls(self) -> list[CallSettled]:
        """The upstream calls that ended."""
        return [each for each in self.noticed if isinstance(each, CallSettled)]

    @property
    def moves(self) -> list[BreakerMoved]:
        """The breakers that moved."""
        return [each for each in self.noticed if isinstance(each, BreakerMoved)]
