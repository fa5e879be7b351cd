"""Collects what a wire cannot carry: each thing once, none silently."""

from collections.abc import Mapping
from typing import Any

from ultra.domain.chat import Loss


class Losses:
    """What was lost of one request, in the order found."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str], Loss] = {}

    def dropped(self, param: str, detail: str) -> None:
        """Note what is not in the call."""
        self._found.setdefault((param, detail), Loss(param, "dropped", detail))

    def changed(self, param: str, detail: str) -> None:
        """Note what is in the call in another form."""
        self._found.setdefault((param, detail), Loss(param, "changed", detail))

    def drop_given(self, given: Mapping[str, Any], vendor: str) -> None:
        """Report each parameter that was given (not None) as one that this vendor does not have."""
        for param, value in given.items():
            if value is not None:
                self.dropped(param, f"{vendor} has no such parameter.")

    def extend(self, losses: list[Loss]) -> None:
        """Take what others found."""
        for loss in losses:
            self._found.setdefault((loss.param, loss.detail), loss)

    def all(self) -> tuple[Loss, ...]:
        """Everything found."""
        return tuple(self._found.values())
