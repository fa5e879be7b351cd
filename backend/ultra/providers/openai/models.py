"""OpenAI's model list, also with what compatible servers add to it."""

from datetime import UTC, datetime
from typing import Any

from ultra.domain.errors import ProtocolViolated
from ultra.domain.models import Lifecycle, Limits, ListedModel
from ultra.providers.loose_json import known_count, mapping, read_anything, sequence, text

_CONTEXT = ("context_length", "context_window", "max_context_length", "max_model_len")
_OUTPUT = ("max_completion_tokens", "max_output_tokens")


def read_models(body: bytes, provider: str) -> tuple[ListedModel, ...]:
    """Return the models of a list; some servers send the bare array, and few say more than the id."""
    value = read_anything(body)
    data = value if isinstance(value, list) else mapping(value).get("data")
    if not isinstance(data, list):
        raise ProtocolViolated(f"{provider} sent a model list that is not one.")
    entries = [mapping(entry) for entry in sequence(data)]
    return tuple(_model(entry) for entry in entries if text(entry.get("id")))


def _model(entry: dict[str, Any]) -> ListedModel:
    top = mapping(entry.get("top_provider"))
    meta = mapping(entry.get("meta"))
    context = _first(entry, _CONTEXT) or known_count(meta.get("n_ctx")) or known_count(meta.get("n_ctx_train"))
    output = _first(entry, _OUTPUT) or _first(top, _OUTPUT)
    retires = moment(entry.get("shutdown_date")) or moment(entry.get("expiration_date"))
    return ListedModel(
        name=text(entry["id"]),
        display_name=text(entry.get("display_name")) or text(entry.get("name")) or None,
        created=moment(entry.get("created")),
        limits=Limits(context, None, output, "provider") if context or output else Limits(),
        lifecycle=Lifecycle(retires_at=retires, source="provider") if retires else Lifecycle(),
    )


def _first(entry: dict[str, Any], names: tuple[str, ...]) -> int | None:
    return next((found for name in names if (found := known_count(entry.get(name)))), None)


def moment(value: Any) -> datetime | None:
    """Read Unix seconds or an ISO 8601 date as a time in UTC; None for anything else, and for zero."""
    try:
        if isinstance(value, (int, float)) and not isinstance(value, bool):
            return datetime.fromtimestamp(value, UTC) if value > 0 else None
        date = datetime.fromisoformat(text(value))
    except (ValueError, OverflowError, OSError):
        return None
    return date.astimezone(UTC) if date.tzinfo else date.replace(tzinfo=UTC)
