"""What one completion took: who answered, after how many upstream calls, for how much."""

from dataclasses import dataclass
from decimal import Decimal
from types import TracebackType
from typing import Literal, Protocol

from ultra.domain.chat import Event, Loss, Usage


@dataclass(frozen=True, slots=True)
class PassedOver:
    """A candidate that did not answer: `skipped` was never asked, `failed` was. `kind` is the error's word."""

    model: str
    outcome: Literal["skipped", "failed"]
    kind: str
    message: str


@dataclass(frozen=True, slots=True)
class Receipt:
    """The account of one completion over all its upstream calls.

    `model` is the catalogue id (`provider/provider_model`) of who answered, None as long as nobody has.
    `attempts` counts upstream calls, retries and other candidates included, and `cost_usd` is the sum over all
    of them, None when one of them is unknown. `usage` belongs to the answer alone.
    """

    model: str | None = None
    attempts: int = 0
    cost_usd: Decimal | None = None
    usage: Usage | None = None
    losses: tuple[Loss, ...] = ()
    passed_over: tuple[PassedOver, ...] = ()


class CompletionStream(Protocol):
    """The events of one completion, with its account."""

    def __aiter__(self) -> "CompletionStream":
        """Return itself."""

    async def __anext__(self) -> Event:
        """Return the next event; raises an `UltraError` where the answer breaks off."""

    def ready(self) -> Event | None:
        """Return the next event if it is there already; None says only that it must be awaited."""

    @property
    def receipt(self) -> Receipt:
        """What is known so far; final once iterating has ended or failed."""


class Opening(Protocol):
    """An async context manager whose body gets the stream; leaving closes the vendor's connection.

    Entering waits until a vendor has accepted (its first event is there), so that every retry and every other
    candidate lies behind the caller then.
    """

    async def __aenter__(self) -> CompletionStream:
        """Ask; raises an `UltraError` when nobody accepts."""

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None, /
    ) -> bool | None:
        """Close what is open."""

    @property
    def receipt(self) -> Receipt:
        """What is known so far, also after entering has failed."""
