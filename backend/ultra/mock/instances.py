"""Makes a valid instance of a JSON Schema, with values that fit the conversation where names suggest them."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from ultra.mock.chance import pick, share

Schema: TypeAlias = Mapping[str, Any] | bool

_DEEPEST_OPTIONAL = 4
_DEEPEST = 24
_VALUE_NAMES = ("answer", "value", "result", "choice", "vote", "decision", "decided", "final", "verdict", "option")
_PROSE_NAMES = (
    "reason",
    "explanation",
    "summary",
    "description",
    "text",
    "comment",
    "rationale",
    "evidence",
    "content",
)
_FRACTION_NAMES = ("confidence", "probability", "score", "certainty", "weight", "likelihood")
_FORMATS: Mapping[str, str] = {
    "date-time": "2026-03-14T09:30:00Z",
    "date": "2026-03-14",
    "time": "09:30:00Z",
    "duration": "PT15M",
    "email": "ada@example.com",
    "idn-email": "ada@example.com",
    "hostname": "example.com",
    "idn-hostname": "example.com",
    "ipv4": "192.0.2.7",
    "ipv6": "2001:db8::7",
    "uri": "https://example.com/page",
    "uri-reference": "/page",
    "iri": "https://example.com/page",
    "uuid": "3f2a1c58-9d0e-4b7a-8c61-5e2f7d904b13",
    "json-pointer": "/a/b",
    "regex": "^[a-z]+$",
}
_PATTERN_GUESSES = (
    "A", "a", "1", "42", "2026", "2026-03-14", "12345", "123-45-6789", "ABC-123", "AB12", "abc", "ABC", "a1",
    "a_b", "a-b", "09:30", "#1a2b3c", "EUR", "+491234567", "1.2.3", "abc123", "ada@example.com",
    "https://example.com", "Ada Lovelace",
)  # fmt: skip


class Unsatisfiable(ValueError):
    """The schema contradicts itself, or asks for something no guess meets."""


@dataclass(frozen=True, slots=True)
class Hints:
    """What the conversation suggests: the `value` asked for, a `sentence` about it, proper `names`, `numbers`."""

    key: str
    """Seeds every free choice, so that the same question gives the same instance."""
    value: str | None = None
    sentence: str = "It follows from the question."
    names: tuple[str, ...] = ()
    numbers: tuple[str, ...] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    """Strings for properties of exactly that name."""


def generate(schema: Schema, hints: Hints) -> Any:
    """Return a value that the schema accepts; raises `Unsatisfiable` when there is none within reach."""
    root = schema if isinstance(schema, Mapping) else {}
    return _Maker(root, hints).make(schema, "", 0)


class _Maker:
    def __init__(self, root: Mapping[str, Any], hints: Hints) -> None:
        self._root = root
        self._hints = hints

    def make(self, schema: Schema, name: str, depth: int) -> Any:
        if schema is False or depth > _DEEPEST:
            raise Unsatisfiable(f"No value is possible at {name or 'the root'}.")
        if schema is True:
            return self._hints.value or "value"
        schema = self._resolve(schema)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self._choose(schema["enum"], name)
        for word in ("anyOf", "oneOf"):
            if schema.get(word):
                return self._alternative(schema, word, name, depth)
        return self._of_type(schema, name, depth)

    def _resolve(self, schema: Mapping[str, Any]) -> Mapping[str, Any]:
        """Follow `$ref` and merge `allOf` into one plain schema."""
        seen = 0
        while "$ref" in schema:
            target: Any = self._root
            for step in str(schema["$ref"]).lstrip("#").strip("/").split("/"):
                if step:
                    target = target[step.replace("~1", "/").replace("~0", "~")]
            rest = {key: value for key, value in schema.items() if key != "$ref"}
            schema = {**target, **rest} if isinstance(target, Mapping) else rest
            seen += 1
            if seen > _DEEPEST:
                raise Unsatisfiable("A reference points at itself.")
        for part in schema.get("allOf", ()):
            schema = _merge({key: value for key, value in schema.items() if key != "allOf"}, self._resolve(part))
        return schema

    def _alternative(self, schema: Mapping[str, Any], word: str, name: str, depth: int) -> Any:
        rest = {key: value for key, value in schema.items() if key != word}
        choices = [self._resolve(each) for each in schema[word] if isinstance(each, Mapping)]
        if not choices:
            return self.make(True, name, depth + 1)
        nulls_last = sorted(choices, key=lambda each: (each.get("type") == "null") != (depth > _DEEPEST_OPTIONAL))
        failure: Unsatisfiable | None = None
        for choice in nulls_last:
            try:
                return self.make(_merge(rest, choice), name, depth + 1)
            except Unsatisfiable as error:
                failure = error
        raise failure or Unsatisfiable(name)

    def _choose(self, values: Sequence[Any], name: str) -> Any:
        if not values:
            raise Unsatisfiable(f"{name} has no allowed value.")
        wanted = (self._hints.texts.get(name), self._hints.value)
        for want in wanted:
            for value in values:
                if want is not None and str(value).casefold() == want.casefold():
                    return value
        return pick(values, self._hints.key, name)

    def _of_type(self, schema: Mapping[str, Any], name: str, depth: int) -> Any:
        kinds = schema.get("type") or _guess_type(schema)
        kind = next((each for each in kinds if each != "null"), "null") if isinstance(kinds, list) else kinds
        match kind:
            case "object":
                return self._object(schema, depth)
            case "array":
                return self._array(schema, name, depth)
            case "string":
                return self._string(schema, name)
            case "integer" | "number":
                return self._number(schema, name, whole=kind == "integer")
            case "boolean":
                return self._truth(name)
            case _:
                return None

    def _object(self, schema: Mapping[str, Any], depth: int) -> dict[str, Any]:
        required = list(schema.get("required", ()))
        properties: Mapping[str, Schema] = schema.get("properties", {})
        made: dict[str, Any] = {}
        for name, inner in properties.items():
            if name in required or (depth < _DEEPEST_OPTIONAL and inner is not False):
                made[name] = self.make(inner, name, depth + 1)
        extra = schema.get("additionalProperties", True)
        for name in required:
            if name not in made:
                made[name] = self.make(extra, name, depth + 1)
        wanted = int(schema.get("minProperties", 0))
        while len(made) < wanted:
            made[f"key_{len(made) + 1}"] = self.make(extra, "key", depth + 1)
        return made

    def _array(self, schema: Mapping[str, Any], name: str, depth: int) -> list[Any]:
        fixed: Sequence[Schema] = schema.get("prefixItems", ())
        made = [self.make(inner, name, depth + 1) for inner in fixed]
        least = int(schema.get("minItems", 0))
        most = int(schema.get("maxItems", max(least, len(made) + 3)))
        items: Schema = schema.get("items", not fixed)
        wanted = (
            max(least, len(made)) if depth > _DEEPEST_OPTIONAL else min(most, max(least, self._plenty(items, name)))
        )
        while len(made) < wanted and items is not False:
            item = self._indexed(items, name, len(made), depth)
            if schema.get("uniqueItems") and item in made:
                if len(made) >= least:
                    break
                item = self._distinct(items, made)
            made.append(item)
        return made[:most]

    def _plenty(self, items: Schema, name: str) -> int:
        """How many items suit: as many as there are names for a list of names, else one or two."""
        plain = isinstance(items, Mapping) and items.get("type") == "string" and "enum" not in items
        if plain and self._hints.names:
            return min(len(self._hints.names), 5)
        return 1 + int(share(self._hints.key, name) * 2)

    def _indexed(self, items: Schema, name: str, index: int, depth: int) -> Any:
        plain = (
            isinstance(items, Mapping)
            and items.get("type") == "string"
            and not {"enum", "format", "pattern"} & set(items)
        )
        if plain and isinstance(items, Mapping) and index < len(self._hints.names):
            return _fit(self._hints.names[index], items)
        return self.make(items, name, depth + 1)

    def _distinct(self, items: Schema, made: list[Any]) -> Any:
        resolved = self._resolve(items) if isinstance(items, Mapping) else {}
        if "enum" in resolved:
            free = [each for each in resolved["enum"] if each not in made]
            if not free:
                raise Unsatisfiable("Not enough different values.")
            return free[0]
        if resolved.get("type") in ("integer", "number"):
            return max(made) + resolved.get("multipleOf", 1)
        if resolved.get("type") == "string":
            return _fit(f"item {len(made) + 1}", resolved)
        raise Unsatisfiable("Not enough different values.")

    def _string(self, schema: Mapping[str, Any], name: str) -> str:
        if schema.get("format") in _FORMATS and name not in self._hints.texts:
            return _FORMATS[schema["format"]]
        if "pattern" in schema:
            return self._matching(schema)
        return _fit(self._hints.texts.get(name) or self._words_for(name.lower()), schema)

    def _words_for(self, name: str) -> str:
        hints = self._hints
        if any(word in name for word in _PROSE_NAMES):
            return hints.sentence
        if any(word in name for word in _VALUE_NAMES):
            return hints.value or hints.sentence
        if "name" in name or "title" in name or "city" in name or "location" in name:
            return hints.names[0] if hints.names else "Ada Lovelace"
        return hints.value or (hints.names[0] if hints.names else hints.sentence)

    def _matching(self, schema: Mapping[str, Any]) -> str:
        guesses = (*self._hints.names, self._hints.value or "", *_PATTERN_GUESSES)
        for guess in guesses:
            if re.search(schema["pattern"], guess) and _fit(guess, schema) == guess:
                return guess
        raise Unsatisfiable(f"No guess matches {schema['pattern']!r}.")

    def _number(self, schema: Mapping[str, Any], name: str, *, whole: bool) -> int | float:
        guess: float = 0.5 + share(self._hints.key, name) * 0.45 if name.lower() in _FRACTION_NAMES else 3
        for text in (self._hints.texts.get(name), self._hints.value, *self._hints.numbers):
            if name.lower() not in _FRACTION_NAMES and text is not None and re.fullmatch(r"-?\d+(\.\d+)?", text):
                guess = float(text)
                break
        return _within(schema, guess, whole=whole)

    def _truth(self, name: str) -> bool:
        if self._hints.value is not None and self._hints.value.casefold() in ("yes", "no", "true", "false"):
            return self._hints.value.casefold() in ("yes", "true")
        return share(self._hints.key, name) < 0.7


def _guess_type(schema: Mapping[str, Any]) -> str:
    if "properties" in schema or "required" in schema or "additionalProperties" in schema:
        return "object"
    if "items" in schema or "prefixItems" in schema or "minItems" in schema:
        return "array"
    if any(word in schema for word in ("minimum", "maximum", "multipleOf", "exclusiveMinimum", "exclusiveMaximum")):
        return "number"
    return "string"


def _merge(left: Mapping[str, Any], right: Mapping[str, Any]) -> Mapping[str, Any]:
    """Both schemas at once: properties and requirements are joined, the rest of `right` wins."""
    merged = {**left, **right}
    if "properties" in left and "properties" in right:
        merged["properties"] = {**left["properties"], **right["properties"]}
    if "required" in left and "required" in right:
        merged["required"] = list(dict.fromkeys([*left["required"], *right["required"]]))
    return merged


def _fit(text: str, schema: Mapping[str, Any]) -> str:
    """Cut or pad a text to the lengths the schema allows."""
    least, most = int(schema.get("minLength", 0)), schema.get("maxLength")
    if len(text) < least:
        text = (text + " and so on" * (least // 10 + 1))[: max(least, len(text))]
    return text if most is None else text[: int(most)]


def _within(schema: Mapping[str, Any], guess: float, *, whole: bool) -> int | float:
    """Move a guess into the bounds, onto the multiple the schema asks for."""
    least, most = schema.get("minimum"), schema.get("maximum")
    above, below = schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum")
    step = schema.get("multipleOf") or (1 if whole else None)
    nudge = step or 1e-3
    low = least if above is None else max(above + nudge, least if least is not None else above + nudge)
    high = most if below is None else min(below - nudge, most if most is not None else below - nudge)
    if low is not None and high is not None and not low <= guess <= high:
        guess = low + (high - low) * 0.7
    guess = guess if low is None else max(guess, low)
    guess = guess if high is None else min(guess, high)
    if step:
        down = guess // step * step
        guess = down if low is None or down >= low else down + step
        if high is not None and guess > high:
            raise Unsatisfiable("No multiple lies within the bounds.")
    return int(guess) if whole else round(guess, 6)
