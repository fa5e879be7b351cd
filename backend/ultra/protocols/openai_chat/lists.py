"""OpenAI's model list: no paging, five fields a model."""

from collections.abc import Mapping, Sequence
from typing import Any

from ultra.domain.models import ListedModel


def model(listed: ListedModel, *, owned_by: str = "openai", extra: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return one model; `created` is 0 where unknown, because clients need an integer."""
    retires = listed.lifecycle.retires_at
    return {
        "id": listed.name,
        "object": "model",
        "created": int(listed.created.timestamp()) if listed.created else 0,
        "owned_by": owned_by,
        "shutdown_date": retires.date().isoformat() if retires else None,
        **(extra or {}),
    }


def models(
    listed: Sequence[ListedModel], *, owned_by: str = "openai", extra: Mapping[str, Any] | None = None
) -> dict[str, Any]:
    """Return the whole list; `extra` stands beside `data`."""
    return {"object": "list", "data": [model(each, owned_by=owned_by) for each in listed], **(extra or {})}
