"""What a run has spent and may still spend; worst cases before calls, facts after them."""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from ultra.domain.analysis import Answer, PanelCall
from ultra.domain.chat import Text, Usage
from ultra.domain.models import Model
from ultra.domain.pricing import cost

_BYTES_PER_TOKEN = 3
"""Fewer than any tokenizer needs for prose, so that the estimate errs upwards."""
_IMAGE_TOKENS = 2000
_CAPS = (4096, 2048, 1024, 512, 256)
"""Output limits to try under a budget when the caller set none, in tokens."""


@dataclass(slots=True)
class Account:
    """The money of one run, in USD.

    `spent` sums the known costs; `unknown` counts calls whose cost nobody knows; `committed` takes for those the worst
    case instead, so that a budget holds whatever they cost.
    """

    budget: Decimal | None = None
    strict: bool = True
    spent: Decimal = Decimal(0)
    committed: Decimal = Decimal(0)
    calls: int = 0
    unknown: int = 0
    possible_double_charge: int = 0

    def settle(self, answer: Answer, worst: Decimal | None) -> None:
        """Count a call that ended."""
        self.calls += 1
        self.possible_double_charge += answer.possible_double_charge
        if answer.cost_usd is None:
            self.unknown += 1
            self.committed += worst or Decimal(0)
        else:
            self.spent += answer.cost_usd
            self.committed += answer.cost_usd

    def abandon(self, worst: Decimal | None) -> None:
        """Count a call whose end was lost in an interruption: it may have been paid."""
        self.calls += 1
        self.unknown += 1
        self.committed += worst or Decimal(0)

    @property
    def left(self) -> Decimal | None:
        """What may still be committed; None without a budget."""
        return None if self.budget is None else max(self.budget - self.committed, Decimal(0))

    @property
    def total(self) -> Decimal | None:
        """What the run cost as far as known; None when no call's cost is known."""
        return self.spent if self.calls == 0 or self.unknown < self.calls else None


def input_tokens(call: PanelCall) -> int:
    """Return a high estimate of what a call sends."""
    parts = (*call.instructions, *(part for message in call.history for part in message.parts))
    texts = [call.prompt.instructions, call.prompt.text, *(part.text for part in parts if isinstance(part, Text))]
    size = sum(len(text.encode("utf-8", "replace")) for text in texts)
    return math.ceil(size / _BYTES_PER_TOKEN) + _IMAGE_TOKENS * len(call.images) + 16


def worst_case(model: Model | None, call: PanelCall, output_tokens: int) -> Decimal | None:
    """Return the most a call can cost, or None when the price is unknown."""
    price = model.price if model else None
    return cost(price, Usage(input_total=input_tokens(call), output_total=output_tokens))


@dataclass(frozen=True, slots=True)
class Allowance:
    """A round that fits: the output limit to send (None: the model's own), and the worst case per call."""

    output_tokens: int | None
    worst: tuple[Decimal | None, ...]


def fit(
    account: Account,
    calls: Sequence[PanelCall],
    *,
    model: Callable[[str], Model | None],
    output_tokens: int | None,
    share: float = 1.0,
) -> Allowance | None:
    """Return how these calls fit into what is left, or None when they do not.

    Without a budget everything fits. With one, and without the caller's own `output_tokens`, the largest output limit
    is taken that keeps the round within its `share` of what is left, or else the smallest that fits at all. A
    model of unknown price fits no strict budget; in any other it counts nothing.
    """
    left = account.left
    assumed = output_tokens or _CAPS[0]
    if left is None:
        return Allowance(output_tokens, tuple(worst_case(model(call.model), call, assumed) for call in calls))
    tried = (output_tokens,) if output_tokens else _CAPS
    for cap, limit in [*((cap, left * Decimal(str(share))) for cap in tried), (tried[-1], left)]:
        worst = [worst_case(model(call.model), call, cap) for call in calls]
        known = [each for each in worst if each is not None]
        if (len(known) == len(worst) or not account.strict) and sum(known, Decimal(0)) <= limit:
            return Allowance(cap, tuple(worst))
    return None
