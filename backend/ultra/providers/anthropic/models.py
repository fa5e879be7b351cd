"""Anthropic's model list."""

from typing import Any

from ultra.domain.errors import ProtocolViolated
from ultra.domain.models import Capabilities, Lifecycle, Limits, ListedModel
from ultra.providers.anthropic.encode import THINKING
from ultra.providers.loose_json import known_count, mapping, read_anything, text
from ultra.providers.openai.models import moment

_EFFORTS = ("low", "medium", "high", "xhigh", "max")
_STATES = ("active", "deprecated", "retired")


def read_models(body: bytes, provider: str) -> tuple[tuple[ListedModel, ...], str | None]:
    """Return the models of a page and the id after which the next page begins."""
    page = mapping(read_anything(body))
    data = page.get("data")
    if not isinstance(data, list):
        raise ProtocolViolated(f"{provider} sent a model list that is not one.")
    models = tuple(_model(mapping(entry)) for entry in data if text(mapping(entry).get("id")))
    return models, (text(page.get("last_id")) or None) if page.get("has_more") is True else None


def _model(entry: dict[str, Any]) -> ListedModel:
    given, made = known_count(entry.get("max_input_tokens")), known_count(entry.get("max_tokens"))
    state = next((each for each in _STATES if each == entry.get("lifecycle")), None)
    return ListedModel(
        name=text(entry["id"]),
        display_name=text(entry.get("display_name")) or None,
        created=moment(entry.get("created_at")),
        limits=Limits(None, given, made, "provider") if given or made else Limits(),
        capabilities=_capabilities(mapping(entry.get("capabilities"))),
        lifecycle=Lifecycle(
            status=state,  # type: ignore[arg-type]  # one of `_STATES`
            deprecated_at=moment(entry.get("deprecated_at")),
            retires_at=moment(entry.get("retires_at")),
            source="provider" if state else None,
        ),
    )


def _capabilities(known: dict[str, Any]) -> Capabilities:
    if not known:
        return Capabilities()
    efforts, thinking = mapping(known.get("effort")), mapping(known.get("thinking"))
    types = mapping(thinking.get("types"))
    takes = {f"{THINKING}{name}": said for name in types if (said := _supported(types[name])) is not None}
    named = tuple(name for name in _EFFORTS if _supported(efforts.get(name)))
    return Capabilities(
        json_schema=_supported(known.get("structured_outputs")),
        reasoning=_supported(thinking),
        reasoning_efforts=named if efforts else None,
        reasoning_can_disable=takes.get(f"{THINKING}disabled"),
        parameters=takes,
        source="provider",
    )


def _supported(value: Any) -> bool | None:
    said = mapping(value).get("supported")
    return said if isinstance(said, bool) else None
