"""Who is asked: pure choices among models."""

import re
from collections.abc import Iterable
from itertools import zip_longest
from typing import Final

from ultra.domain.models import Model

_NOT_CHAT: Final = re.compile(
    r"embed|rerank|moderat|whisper|transcrib|tts|speech|audio|realtime|live|image|vision-preview|video|ocr|guard"
)
"""Parts of names that no chat model has, for models of which nothing is known but the name."""


def by_strength(models: Iterable[Model]) -> list[Model]:
    """Sort from strongest to weakest; unranked ones come last, in their given order."""
    return sorted(models, key=lambda model: -1 if model.strength is None else model.strength, reverse=True)


def choose(models: Iterable[Model], *, size: int) -> tuple[Model, ...]:
    """Choose `size` chat models: the strongest of every provider first, then the second of each, and so on.

    Within a provider other families come before another model of the same family. A provider with ranked models
    offers these only; one without offers every model whose name does not say that it is something else than chat.
    """
    rows: dict[str, list[Model]] = {}
    for model in by_strength(model for model in models if _may_join(model)):
        rows.setdefault(model.provider, []).append(model)
    ordered = [_families_first(_ranked(row)) for row in rows.values()]
    ordered.sort(key=lambda row: row[0].strength or 0, reverse=True)
    turns = zip_longest(*ordered)
    return tuple(model for turn in turns for model in turn if model is not None)[:size]


def _may_join(model: Model) -> bool:
    return model.kind == "upstream" and model.lifecycle.status not in ("deprecated", "retired")


def _ranked(row: list[Model]) -> list[Model]:
    ranked = [model for model in row if model.strength is not None]
    return ranked or [model for model in row if not _NOT_CHAT.search(model.provider_model.lower())] or row


def _families_first(row: list[Model]) -> list[Model]:
    seen: set[str] = set()
    first: list[Model] = []
    later: list[Model] = []
    for model in row:
        is_new = model.family is None or model.family not in seen
        seen.add(model.family or model.id)
        (first if is_new else later).append(model)
    return [*first, *later]
