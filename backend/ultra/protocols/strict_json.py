"""JSON as a client must send it: one meaning only, and nothing that could hurt whoever reads it next."""

import json
import re
from typing import Any

import orjson

from ultra.domain.errors import InvalidRequest, TooLarge
from ultra.protocols.fields import shortened

_SMALLEST, _LARGEST = -(2**63), 2**63 - 1
_MOST_DIGITS = 19

MOST_VALUES = 100_000
"""Values in one body: a conversation of thirty thousand messages. Once read, each is many times as large as it was."""
_MARKS = (b",", b"[", b"{")
"""One of them stands before every value but the first."""
_STRING_OR_MARK = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"?|[,\[{]', re.DOTALL)


def loads(body: bytes, *, max_depth: int = 64) -> Any:
    """Return the value of `body`; raises `InvalidRequest` that says what is wrong and what to do.

    Refused besides broken syntax: duplicate keys, NaN and Infinity, lone surrogates, invalid UTF-8, a byte order
    mark, integers outside 64 bits, numbers too large for a double, more than `max_depth` levels, and (`TooLarge`) more
    than `MOST_VALUES` values, which are counted before anything is built of them.
    orjson judges syntax and bounds recursion; the standard library, whose C scanner costs about 2 us more per KB,
    reads again because orjson keeps the last of two equal keys and turns large integers into floats.
    """
    _refuse_crowds(body)
    try:
        shape = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise _broken(error) from None
    _check_depth(shape, max_depth)
    return _STRICT.decode(body.decode())


def _refuse_crowds(body: bytes) -> None:
    """Count twice: marks may stand in texts, so a body that has many is looked into before it is refused."""
    if sum(map(body.count, _MARKS)) <= MOST_VALUES:
        return
    values = strings = 0
    for found in _STRING_OR_MARK.finditer(body):
        if body[found.start()] == ord('"'):
            strings += 1  # strings without marks between them are no JSON, and must not be walked through for ever
        else:
            values += 1
        if values > MOST_VALUES or strings > 2 * MOST_VALUES:
            raise TooLarge(
                f"The body has more than {MOST_VALUES} values.",
                hint="Send less at once; a long text is one value, however long.",
                code="too_many_values",
            )


def _broken(error: json.JSONDecodeError) -> InvalidRequest:
    if "depth limit" in error.msg:
        return _too_deep(1024)
    return InvalidRequest(
        f"The body is not valid JSON: {error.msg} at line {error.lineno} column {error.colno}.",
        hint="Send one JSON value in UTF-8, without NaN, Infinity or half surrogate pairs.",
        code="invalid_json",
    )


def _too_deep(levels: int) -> InvalidRequest:
    return InvalidRequest(
        f"The body is nested deeper than {levels} levels.",
        hint="Flatten it; no field of this API needs such depth.",
        code="invalid_json",
    )


def _check_depth(value: Any, max_depth: int) -> None:
    level = [value] if isinstance(value, (dict, list)) else []
    depth = 0
    while level:
        depth += 1
        if depth > max_depth:
            raise _too_deep(max_depth)
        level = [
            child
            for parent in level
            for child in (parent.values() if type(parent) is dict else parent)
            if type(child) is dict or type(child) is list
        ]


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        twice = next(name for name, _ in pairs if name in seen or seen.add(name))  # type: ignore[func-returns-value]  # None: goes on
        raise InvalidRequest(
            f"The key {shortened(twice)!r} stands twice in one object.",
            hint="Send each key once; readers disagree on which of two counts.",
            param=shortened(twice),
            code="invalid_json",
        )
    return found


def _bounded(digits: str) -> int:
    if len(digits.removeprefix("-")) <= _MOST_DIGITS and _SMALLEST <= (value := int(digits)) <= _LARGEST:
        return value
    raise InvalidRequest(
        f"The integer {digits[:24]} does not fit 64 bits.",
        hint="Send it as a string, or a smaller number.",
        code="invalid_json",
    )


_STRICT = json.JSONDecoder(object_pairs_hook=_unique, parse_int=_bounded)
"""Made once: making one takes as long as reading a short body."""
