"""Google's own schema dialect (OpenAPI 3.0, types in capitals) as JSON Schema."""

from collections.abc import Mapping
from typing import Any

_MAPS = frozenset({"properties", "$defs", "defs"})
_LISTS = frozenset({"anyOf", "any_of", "prefixItems", "prefix_items"})
_NUMBERS = frozenset({
    "minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties", "minimum", "maximum",
})  # fmt: skip
_SPELLINGS = {
    "any_of": "anyOf", "prefix_items": "prefixItems", "min_items": "minItems", "max_items": "maxItems",
    "min_length": "minLength", "max_length": "maxLength", "min_properties": "minProperties",
    "max_properties": "maxProperties", "property_ordering": "propertyOrdering", "defs": "$defs",
    "additional_properties": "additionalProperties",
}  # fmt: skip


def from_openapi(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the same schema in JSON Schema: small types, `nullable` as a type, numbers that came as strings.

    `propertyOrdering` is kept: it harms nobody and Google's models want it.
    """
    found: dict[str, Any] = {}
    for spelled, value in schema.items():
        name = _SPELLINGS.get(spelled, spelled)
        if name == "type" and isinstance(value, str):
            found["type"] = value.lower()
        elif name in _MAPS and isinstance(value, Mapping):
            found[name] = {key: _inner(each) for key, each in value.items()}
        elif name in _LISTS and isinstance(value, list):
            found[name] = [_inner(each) for each in value]
        elif name in ("items", "additionalProperties"):
            found[name] = _inner(value)
        elif name in _NUMBERS and isinstance(value, str) and value.lstrip("-").isdigit():
            found[name] = int(value)
        elif name != "nullable" and value is not None:
            found[name] = value
    if schema.get("nullable") is True and isinstance(found.get("type"), str):
        found["type"] = [found["type"], "null"]
    return found


def _inner(value: Any) -> Any:
    return from_openapi(value) if isinstance(value, Mapping) else value
