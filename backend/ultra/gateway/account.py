"""What one completion has taken so far, over all its upstream calls."""

from decimal import Decimal

from ultra.domain.chat import Loss
from ultra.domain.errors import UltraError
from ultra.domain.models import Model
from ultra.domain.pricing import cost
from ultra.domain.receipts import PassedOver, Receipt
from ultra.gateway.metering import Meter
from ultra.gateway.routing import Obstacle


class Account:
    """Collects the meters of the calls and the obstacles on the way; `receipt` adds them up."""

    __slots__ = ("_answer", "_final", "_losses", "_meters", "_model", "obstacles")

    def __init__(self, losses: tuple[Loss, ...]) -> None:
        self._meters: list[tuple[Model, Meter]] = []
        self._model: Model | None = None
        self._answer: Meter | None = None
        self._losses = losses
        self.obstacles: list[Obstacle] = []
        self._final: Receipt | None = None

    @property
    def calls(self) -> int:
        """How many calls were made so far."""
        return len(self._meters)

    def called(self, model: Model, meter: Meter) -> None:
        """Take the meter of a call about to be made."""
        self._meters.append((model, meter))
        self._final = None

    def accepted(self, model: Model, meter: Meter, losses: tuple[Loss, ...]) -> None:
        """Note which call answers, and what of the request its wire could not carry."""
        self._model, self._answer, self._losses = model, meter, (*self._losses, *losses)
        self._final = None

    def skipped(self, model: Model, error: UltraError) -> None:
        """Note a candidate that is not asked, and why."""
        self.obstacles.append(Obstacle(model.id, "skipped", error))
        self._final = None

    def failed(self, model: Model, error: UltraError) -> None:
        """Note a candidate that was asked in vain, and why."""
        self.obstacles.append(Obstacle(model.id, "failed", error))
        self._final = None

    def receipt(self) -> Receipt:
        """Add up: a call that still runs counts with what it must have used by now.

        Several ask once the answer is there, each for one figure; the sum is then kept.
        """
        if self._final is not None:
            return self._final
        answer = self._answer
        receipt = Receipt(
            model=None if self._model is None else self._model.id,
            attempts=len(self._meters),
            cost_usd=self._cost(),
            usage=None if answer is None else (answer.usage if answer.is_settled else answer.usage_so_far),
            losses=self._losses,
            passed_over=tuple(_passed_over(each) for each in self.obstacles),
        )
        if all(meter.is_settled for _, meter in self._meters):
            self._final = receipt
        return receipt

    def _cost(self) -> Decimal | None:
        total = Decimal(0)
        for model, meter in self._meters:
            spent = meter.cost_usd if meter.is_settled else cost(model.price, meter.usage_so_far)
            if spent is None:
                return None
            total += spent
        return total


def _passed_over(obstacle: Obstacle) -> PassedOver:
    error = obstacle.error
    word = error.code if obstacle.outcome == "skipped" else error.kind
    return PassedOver(obstacle.model, obstacle.outcome, word, error.message)
