"""Reads and writes JSON that crosses the border: what others send may have any shape, and none of it may surprise."""

from collections.abc import Mapping
from typing import Any

import orjson

from ultra.domain.chat import Loss
from ultra.domain.errors import InvalidRequest, ProtocolViolated


def dump(body: Mapping[str, Any]) -> bytes:
    """Write a request body, keys in their order; raises `InvalidRequest` for values JSON or UTF-8 cannot hold."""
    try:
        return orjson.dumps(body)
    except TypeError as error:
        raise InvalidRequest(f"The request cannot be written as JSON: {error}.") from None


def parse_object(data: str | bytes, vendor: str) -> dict[str, Any]:
    """Read a JSON object; raises `ProtocolViolated` for anything else."""
    try:
        value = orjson.loads(data)
    except ValueError:
        raise ProtocolViolated(f"{vendor} sent an event that is not JSON.") from None
    if not isinstance(value, dict):
        raise ProtocolViolated(f"{vendor} sent an event that is not a JSON object.")
    return value


def read_anything(data: str | bytes) -> Any:
    """Read JSON of any kind; None when it is not JSON."""
    try:
        return orjson.loads(data)
    except ValueError:
        return None


def arguments(args_json: str) -> tuple[dict[str, Any], bool]:
    """Read a tool call's arguments for wires that want an object; False when the text was not one and was wrapped."""
    if not args_json.strip():
        return {}, True
    value = read_anything(args_json)
    return (value, True) if isinstance(value, dict) else ({"INVALID_JSON": args_json}, False)


def mapping(value: Any) -> dict[str, Any]:
    """Return the value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    """Return the value if it is an array, else an empty one."""
    return value if isinstance(value, list) else []


def text(value: Any) -> str:
    """Return the value if it is a string, else an empty one."""
    return value if isinstance(value, str) else ""


def word(value: Any) -> str | None:
    """Return a non-empty string, a number as its digits, or None."""
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    return value if isinstance(value, str) and value else None


def count(value: Any) -> int:
    """Return a count of something: never negative, 0 for anything that is not a number."""
    return int(value) if isinstance(value, (int, float)) and 0 <= value < 2**53 else 0


def known_count(value: Any) -> int | None:
    """Return a positive count, or None where nothing is known."""
    return count(value) or None


def merge_options(
    body: dict[str, Any], options: Mapping[str, Any], where: str, *, reserved: frozenset[str] = frozenset()
) -> list[Loss]:
    """Add a vendor's own fields to a body; objects are merged, a field that is set already stays and is reported."""
    losses: list[Loss] = []
    for name, value in options.items():
        present = body.get(name)
        if name in reserved or (name in body and not (isinstance(present, dict) and isinstance(value, Mapping))):
            if name in reserved or present != value:
                losses.append(Loss(f"{where}.{name}", "dropped", "The request's own field was used instead."))
        elif isinstance(present, dict):
            merged = dict(present)
            losses += merge_options(merged, value, f"{where}.{name}")
            body[name] = merged
        else:
            body[name] = value
    return losses
