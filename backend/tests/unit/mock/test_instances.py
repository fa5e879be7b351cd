"""Tests of making instances of a JSON Schema."""

from typing import Any

import jsonschema
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ultra.mock.instances import Hints, Unsatisfiable, generate

HINTS = Hints("key", "391", "17 * 23 = 391.", ("Paris", "Rome"), ("17", "23"))

SCHEMAS: dict[str, dict[str, Any]] = {
    "strict": {
        "type": "object",
        "properties": {"answer": {"type": "integer"}, "why": {"type": "string", "minLength": 80}},
        "required": ["answer", "why"],
        "additionalProperties": False,
    },
    "enum and const": {
        "type": "object",
        "properties": {"kind": {"const": "claim"}, "vote": {"enum": ["A", "B"]}, "n": {"enum": [1, 2, None]}},
        "required": ["kind", "vote", "n"],
    },
    "arrays": {
        "type": "object",
        "properties": {
            "few": {"type": "array", "items": {"type": "string"}, "minItems": 3, "maxItems": 3},
            "unique": {"type": "array", "items": {"type": "integer"}, "uniqueItems": True, "minItems": 4},
            "words": {"type": "array", "items": {"enum": ["a", "b", "c"]}, "uniqueItems": True, "minItems": 3},
            "tuple": {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "string"}], "items": False},
            "empty": {"type": "array", "items": {"type": "string"}, "maxItems": 0},
        },
        "required": ["few", "unique", "words", "tuple", "empty"],
    },
    "references": {
        "type": "object",
        "$defs": {
            "node": {
                "type": "object",
                "properties": {
                    "name": {"type": "string"},
                    "child": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
                    "more": {"type": "array", "items": {"$ref": "#/$defs/node"}},
                },
                "required": ["name", "child", "more"],
                "additionalProperties": False,
            }
        },
        "properties": {"root": {"$ref": "#/$defs/node"}},
        "required": ["root"],
    },
    "root reference": {
        "$ref": "#/$defs/a",
        "$defs": {"a": {"type": "object", "properties": {"x": {"$ref": "#/$defs/b"}}, "required": ["x"]},
                  "b": {"type": "boolean"}},
    },
    "formats": {
        "type": "object",
        "properties": {
            name: {"type": "string", "format": name}
            for name in ("date", "date-time", "time", "email", "ipv4", "ipv6", "uuid", "uri", "hostname")
        },
        "required": ["date", "date-time", "time", "email", "ipv4", "ipv6", "uuid", "uri", "hostname"],
    },
    "alternatives": {
        "type": "object",
        "properties": {
            "either": {"oneOf": [{"type": "integer", "minimum": 5}, {"type": "string", "maxLength": 2}]},
            "both": {"allOf": [{"properties": {"a": {"type": "integer"}}, "required": ["a"]},
                               {"properties": {"b": {"type": "string"}}, "required": ["b"]}], "type": "object"},
            "maybe": {"type": ["string", "null"]},
        },
        "required": ["either", "both", "maybe"],
    },
    "numbers": {
        "type": "object",
        "properties": {
            "confidence": {"type": "number", "minimum": 0, "maximum": 1},
            "between": {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.5},
            "even": {"type": "integer", "multipleOf": 2, "minimum": 3},
            "negative": {"type": "integer", "maximum": -10},
        },
        "required": ["confidence", "between", "even", "negative"],
    },
    "patterns": {
        "type": "object",
        "properties": {
            "letter": {"type": "string", "pattern": "^[A-D]$"},
            "day": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}$"},
        },
        "required": ["letter", "day"],
    },
    "open": {"type": "object", "required": ["free"], "minProperties": 2},
    "anything": {},
}  # fmt: skip


@pytest.mark.parametrize("name", SCHEMAS)
def test_instances_are_valid(name):
    """What is made is accepted by an independent validator, formats included."""
    made = generate(SCHEMAS[name], HINTS)
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    jsonschema.Draft202012Validator(SCHEMAS[name], format_checker=checker).validate(made)


def test_fills_in_what_is_known():
    """Names suggest values: the answer, a sentence for a reason, a share for confidence, names from the question."""
    schema = {
        "type": "object",
        "properties": {
            "answer": {"type": "integer"},
            "reason": {"type": "string"},
            "confidence": {"type": "number"},
            "cities": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["answer", "reason", "confidence", "cities"],
    }
    made = generate(schema, HINTS)
    assert made["answer"] == 391
    assert made["reason"] == "17 * 23 = 391."
    assert 0 < made["confidence"] < 1
    assert made["cities"] == ["Paris", "Rome"]


def test_chooses_the_known_option():
    """An enum that has the value takes it, in its own spelling."""
    assert generate({"enum": ["yes", "no"]}, Hints("key", "No")) == "no"


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"a": False}, "required": ["a"]},
        {"enum": []},
        {"$ref": "#/$defs/a", "$defs": {"a": {"$ref": "#/$defs/a"}}},
        {"type": "string", "pattern": "^(impossible|to)guess{40}$"},
        {"type": "integer", "multipleOf": 10, "minimum": 1, "maximum": 9},
    ],
)
def test_says_when_there_is_none(schema):
    """A schema without an instance within reach is refused, not looped on."""
    with pytest.raises(Unsatisfiable):
        generate(schema, HINTS)


def _schemas() -> st.SearchStrategy[Any]:
    leaves = st.one_of(
        st.fixed_dictionaries({"type": st.sampled_from(["string", "integer", "number", "boolean", "null"])}),
        st.builds(lambda low, more: {"type": "integer", "minimum": low, "maximum": low + more},
                  st.integers(-9, 9), st.integers(0, 9)),
        st.builds(lambda low, more: {"type": "string", "minLength": low, "maxLength": low + more},
                  st.integers(0, 60), st.integers(0, 60)),
        st.builds(lambda values: {"enum": values}, st.lists(st.integers() | st.text(max_size=5), min_size=1)),
    )  # fmt: skip
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(
                lambda items, low: {"type": "array", "items": items, "minItems": low, "maxItems": low + 2},
                inner,
                st.integers(0, 3),
            ),
            st.builds(
                lambda made: {
                    "type": "object",
                    "properties": made,
                    "required": sorted(made),
                    "additionalProperties": False,
                },
                st.dictionaries(st.text(st.characters(codec="ascii"), min_size=1, max_size=8), inner, max_size=4),
            ),
            st.builds(lambda choices: {"anyOf": choices}, st.lists(inner, min_size=1, max_size=3)),
        ),
        max_leaves=8,
    )


@settings(max_examples=60)
@given(_schemas(), st.text(max_size=10))
def test_any_schema_gets_a_valid_instance(schema, value):
    """Schemas of the usual parts always get an instance that is valid."""
    made = generate(schema, Hints("key", value, "It is so."))
    jsonschema.Draft202012Validator(schema).validate(made)
