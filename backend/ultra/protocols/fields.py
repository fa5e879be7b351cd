"""Reads the known fields of a JSON object and names the field in every complaint, as vendors' own APIs do."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

from ultra.domain.errors import InvalidRequest

Value = TypeVar("Value")

_MOST_SAID = 64

_KINDS: Mapping[type, str] = {
    str: "a string", bool: "a boolean", int: "an integer", float: "a number",
    list: "an array", dict: "an object", type(None): "null",
}  # fmt: skip

_STEERING = frozenset({
    "api_base", "api_key", "azure_endpoint", "base_url", "callback_url", "extra_body", "extra_headers", "proxy",
    "proxies", "webhook", "webhook_url",
})  # fmt: skip
"""Names by which other gateways let a request choose where it is sent; here it never may."""


class Fields:
    """One object of a request at `path`. Reading a field marks it known; `left()` is what nobody asked for.

    A null counts as absent. With `snake`, a camelCase name is also found under its snake_case spelling.
    """

    def __init__(self, raw: Any, path: str = "", *, snake: bool = False) -> None:
        if type(raw) is not dict and not isinstance(raw, Mapping):
            raise InvalidRequest(
                f"{path or 'The body'} must be an object, not {kind_of(raw)}.",
                param=path or None,
                code="invalid_type",
                hint="Send a JSON object.",
            )
        self.raw: Mapping[str, Any] = raw
        self._path = path
        self._snake = snake
        self._known: set[str] = set()

    def path(self, name: str) -> str:
        """Return how a client finds that field: `messages[2].content`."""
        return f"{self._path}.{name}" if self._path else name

    def any(self, name: str) -> Any:
        """Return a field's value, None when absent."""
        raw = self.raw
        if name not in raw:  # most fields are absent from most requests, and need not be remembered as known
            if not self._snake:
                return None
            name = snake_case(name)
        self._known.add(name)
        return raw.get(name)

    def has_none_of(self, names: frozenset[str]) -> bool:
        """Say at one look that a whole group of fields is absent; only without `snake`."""
        return names.isdisjoint(self.raw)

    def wrong(self, name: str, problem: str, *, hint: str | None = None, code: str = "invalid_value") -> InvalidRequest:
        """Return the complaint about a field; `problem` continues the sentence that its path begins."""
        where = self.path(name) if name else self._path
        return InvalidRequest(f"{where} {problem}.", param=where, hint=hint, code=code)

    def missing(self, name: str, hint: str | None = None) -> InvalidRequest:
        """Return the complaint that a required field is not there."""
        where = self.path(name)
        return InvalidRequest(
            f"{where} is required.", param=where, hint=hint or f"Send {where}.", code="missing_required_parameter"
        )

    def text(self, name: str) -> str | None:
        """Return a string field."""
        return self._typed(name, str)

    def need_text(self, name: str, hint: str | None = None) -> str:
        """Return a string field that must be there and not be empty."""
        value = self.text(name)
        if value is None:
            raise self.missing(name, hint)
        if not value:
            raise self.wrong(name, "must not be empty", hint=hint or f"Send {self.path(name)}.")
        return value

    def flag(self, name: str) -> bool | None:
        """Return a boolean field."""
        return self._typed(name, bool)

    def integer(self, name: str, low: int | None = None, high: int | None = None) -> int | None:
        """Return an integer field within its bounds; 3.0 is not an integer."""
        value = self.any(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int):
            raise self._mistyped(name, "an integer", value)
        self._bound(name, value, low, high)
        return value

    def number(self, name: str, low: float | None = None, high: float | None = None) -> float | None:
        """Return a number field within its bounds."""
        value = self.any(name)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float)):
            raise self._mistyped(name, "a number", value)
        self._bound(name, value, low, high)
        return float(value)

    def word(self, name: str, allowed: Iterable[str]) -> str | None:
        """Return a string field that must be one of `allowed`."""
        value = self.text(name)
        if value is not None and value not in (words := tuple(allowed)):
            raise self.wrong(name, f"must not be {value[:80]!r}", hint=f"Use one of: {', '.join(words)}.")
        return value

    def object(self, name: str) -> "Fields | None":
        """Return a field that is an object."""
        value = self.any(name)
        return None if value is None else Fields(value, self.path(name), snake=self._snake)

    def need_object(self, name: str) -> "Fields":
        """Return a field that must be there and be an object."""
        found = self.object(name)
        if found is None:
            raise self.missing(name)
        return found

    def array(self, name: str) -> list[Any] | None:
        """Return a field that is an array."""
        return self._typed(name, list)

    def objects(self, name: str) -> Iterator["Fields"]:
        """Walk a field that is an array of objects; an absent one is empty."""
        for index, each in enumerate(self.array(name) or ()):
            yield Fields(each, f"{self.path(name)}[{index}]", snake=self._snake)

    def texts(self, name: str, *, most: int | None = None) -> tuple[str, ...]:
        """Return a field that is an array of strings, at most `most` of them."""
        values = self.array(name) or []
        for index, each in enumerate(values):
            if not isinstance(each, str):
                raise self._mistyped(f"{name}[{index}]", "a string", each)
        if most is not None and len(values) > most:
            raise self.wrong(name, f"must not hold more than {most} strings", hint="Send fewer.")
        return tuple(values)

    def left(self) -> dict[str, Any]:
        """Return the fields that nobody asked for, without nulls."""
        return {name: value for name, value in self.raw.items() if name not in self._known and value is not None}

    def _typed(self, name: str, kind: type[Value]) -> Value | None:
        value = self.any(name)
        if value is None or isinstance(value, kind):
            return value
        raise self._mistyped(name, _KINDS[kind], value)

    def _mistyped(self, name: str, wanted: str, value: Any) -> InvalidRequest:
        return self.wrong(name, f"must be {wanted}, not {kind_of(value)}", hint=f"Send {wanted}.", code="invalid_type")

    def _bound(self, name: str, value: float, low: float | None, high: float | None) -> None:
        if (low is not None and value < low) or (high is not None and value > high):
            span = f"at least {low}" if high is None else f"at most {high}" if low is None else f"{low} to {high}"
            raise self.wrong(name, f"is {value}, out of bounds", hint=f"Send a value of {span}.")


def kind_of(value: Any) -> str:
    """Return what JSON calls a value: `an array`, `null`, ..."""
    return next((word for kind, word in _KINDS.items() if isinstance(value, kind)), type(value).__name__)


def snake_case(name: str) -> str:
    """Return the snake_case spelling of a camelCase name."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


def shortened(name: str) -> str:
    """Return a name that a client chose in a length that can be said back to it."""
    return name if len(name) <= _MOST_SAID else f"{name[:_MOST_SAID]}..."


def refuse_steering(left: Mapping[str, Any]) -> None:
    """Raise `InvalidRequest` when fields no wire knows try to say where a request goes, at any depth.

    `metadata` is the caller's own data and is not looked into.
    """
    _refuse_steering_names(left, None)
    waiting = [(_Place(None, shortened(name)), value) for name, value in left.items() if name != "metadata"]
    while waiting:
        place, value = waiting.pop()
        if isinstance(value, Mapping):
            _refuse_steering_names(value, place)
            waiting += [(_Place(place, f".{shortened(name)}"), child) for name, child in value.items() if _holds(child)]
        elif isinstance(value, list):
            waiting += [(_Place(place, f"[{index}]"), child) for index, child in enumerate(value) if _holds(child)]


class _Place(NamedTuple):
    """Where a value stands, worded only for a complaint: there are many places, and some are deep."""

    above: "_Place | None"
    part: str

    def __str__(self) -> str:
        return self.part if self.above is None else f"{self.above}{self.part}"


def _holds(value: Any) -> bool:
    return isinstance(value, (Mapping, list))


def _refuse_steering_names(names: Iterable[str], above: _Place | None) -> None:
    for name in names:
        if name.lower() in _STEERING:
            path = name if above is None else f"{above}.{name}"
            raise InvalidRequest(
                f"{path} is not taken from requests.",
                param=path,
                hint="Leave it out; where a model is reached is configured on the server.",
                code="unknown_parameter",
            )
