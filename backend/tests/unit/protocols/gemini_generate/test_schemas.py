"""Google's schema dialect in JSON Schema."""

from ultra.protocols.gemini_generate.schemas import from_openapi


def test_types_nullability_and_numbers_are_translated() -> None:
    """At every depth; properties that are named like keywords stay properties."""
    assert from_openapi(
        {
            "type": "OBJECT",
            "properties": {
                "type": {"type": "STRING", "enum": ["A"], "nullable": True},
                "list": {"type": "ARRAY", "items": {"type": "INTEGER"}, "minItems": "1", "max_items": 3},
                "either": {"any_of": [{"type": "NUMBER"}, {"type": "NULL"}], "description": None},
            },
            "required": ["type"],
            "propertyOrdering": ["type", "list"],
        }
    ) == {
        "type": "object",
        "properties": {
            "type": {"type": ["string", "null"], "enum": ["A"]},
            "list": {"type": "array", "items": {"type": "integer"}, "minItems": 1, "maxItems": 3},
            "either": {"anyOf": [{"type": "number"}, {"type": "null"}]},
        },
        "required": ["type"],
        "propertyOrdering": ["type", "list"],
    }
