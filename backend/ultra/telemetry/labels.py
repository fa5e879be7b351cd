"""The names that may stand in labels: known ones, and so many of them; every other is `other`."""

from collections.abc import Callable
from typing import Final

OTHER: Final = "other"

_MOST_MODELS: Final = 200
_MOST_PATTERNS: Final = 50
_MOST_FLOWS: Final = 20


class Names:
    """Bounds what could grow with what callers send. `lists` says whether the catalogue lists a model.

    At most 200 models get a name of their own in one process: every name is a dozen lines of each scrape, for ever.
    """

    def __init__(self, *, lists: Callable[[str], bool]) -> None:
        self._lists = lists
        self._models: dict[tuple[str, str], tuple[str, str]] = {}
        self._patterns: set[str] = set()
        self._flows: set[str] = set()

    def of(self, provider: str, model: str) -> tuple[str, str]:
        """Return provider and model as labels; `model` is `provider/name`, or `provider/*` for all of a provider."""
        known = self._models.get((provider, model))
        if known is not None:
            return known
        is_whole = model == f"{provider}/*"
        if len(self._models) >= _MOST_MODELS or not (is_whole or self._lists(model)):
            return provider, OTHER
        named = provider, "*" if is_whole else model
        self._models[provider, model] = named
        return named

    def pattern(self, name: str) -> str:
        """Return the name of a pattern as a label."""
        return _bounded(name, self._patterns, _MOST_PATTERNS)

    def flow(self, name: str) -> str:
        """Return the name of a flow as a label."""
        return _bounded(name, self._flows, _MOST_FLOWS)


def _bounded(name: str, known: set[str], most: int) -> str:
    if name in known:
        return name
    if len(known) >= most:
        return OTHER
    known.add(name)
    return name
