"""Anthropic's model list, with its paging."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from ultra.domain.errors import InvalidRequest
from ultra.domain.models import ListedModel

_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_EPOCH = datetime.fromtimestamp(0, UTC)


def model(listed: ListedModel, *, extra: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return one model; a release date nobody knows is the epoch, as the vendor has it."""
    life = listed.lifecycle
    return {
        "type": "model",
        "id": listed.name,
        "display_name": listed.display_name or listed.name,
        "created_at": _moment(listed.created or life.released_at or _EPOCH),
        "lifecycle": life.status or "active",
        "deprecated_at": _moment(life.deprecated_at),
        "retires_at": _moment(life.retires_at),
        "line": None,
        "max_input_tokens": listed.limits.max_input_tokens or listed.limits.context_tokens,
        "max_tokens": listed.limits.max_output_tokens,
        "capabilities": _capabilities(listed),
        **(extra or {}),
    }


def models(
    listed: Sequence[ListedModel],
    *,
    limit: int = 20,
    after_id: str | None = None,
    before_id: str | None = None,
    extra: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return one page in the order given: after or before a model's id, at most `limit` (1 to 1000).

    `last_id` moves with every page, so that a client that follows `has_more` comes to an end.
    """
    if not 1 <= limit <= 1000:
        raise InvalidRequest(f"limit is {limit}, out of bounds.", param="limit", hint="Send a value of 1 to 1000.")
    if after_id is not None and before_id is not None:
        raise InvalidRequest("after_id and before_id exclude each other.", param="before_id", hint="Send one of them.")
    names = [each.name for each in listed]
    if before_id is not None:
        stop = _position(names, before_id, "before_id")
        start, more = max(stop - limit, 0), stop > limit
    else:
        start = 0 if after_id is None else _position(names, after_id, "after_id") + 1
        stop = start + limit
        more = stop < len(names)
    page = listed[start:stop]
    return {
        "data": [model(each) for each in page],
        "has_more": more,
        "first_id": page[0].name if page else None,
        "last_id": page[-1].name if page else None,
        **(extra or {}),
    }


def _position(names: list[str], name: str, param: str) -> int:
    if name not in names:
        raise InvalidRequest(f"{param} is not in the list.", param=param, hint="Send an id from an earlier page.")
    return names.index(name)


def _moment(at: datetime | None) -> str | None:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ") if at is not None else None


def _capabilities(listed: ListedModel) -> dict[str, Any]:
    """Every key the vendor always sends; null is something nobody says."""
    known = listed.capabilities
    efforts = known.reasoning_efforts
    thinking = {
        "adaptive": known.reasoning,
        "between_tools": None,
        "disabled": known.reasoning_can_disable,
        "enabled": None,
    }
    return {
        "batch": _says(None),
        "citations": _says(None),
        "code_execution": _says(None),
        "context_management": _says(None),
        "effort": {
            **_says(bool(efforts) if efforts is not None else None),
            **{word: _says(word in efforts if efforts is not None else None) for word in _EFFORTS},
        },
        "image_input": _says(None),
        "pdf_input": _says(None),
        "server_tools": {**_says(None), "code_execution": _says(None), "web_search": _says(None)},
        "structured_outputs": _says(known.json_schema),
        "thinking": {**_says(known.reasoning), "types": {word: _says(value) for word, value in thinking.items()}},
    }


def _says(supported: bool | None) -> dict[str, Any]:
    return {"supported": supported}
