"""Questions, answers and verdicts as plain JSON, and back: what the store keeps and the journal carries.

Shapes: a dataclass is an object with its field names; `Decimal` is a string, bytes base64;
parts of a message carry their `type` (`text`, `image`, `tool_call`, ...). Reading ignores members it does
not know and fills in defaults for those that are missing, so that rows written by another version still read.
"""

import base64
import dataclasses
import re
import types
import typing
from collections.abc import Hashable, Mapping, Sequence
from decimal import Decimal
from functools import cache
from typing import Any, TypeAlias, TypeVar, cast

from ultra.domain.analysis import Answer, Question, RunOptions, Verdict
from ultra.domain.chat import Part, Usage

Record: TypeAlias = dict[str, Any]
Kind = TypeVar("Kind")


def question_to_json(question: Question) -> Record:
    """Write a question."""
    return cast("Record", _plain(question))


def question_from_json(record: Mapping[str, Any]) -> Question:
    """Read a question; this and its like raise `KeyError`, `TypeError` or `ValueError` for anything else."""
    return _read(Question, record)


def options_to_json(options: RunOptions) -> Record:
    """Write a run's options."""
    return cast("Record", _plain(options))


def options_from_json(record: Mapping[str, Any]) -> RunOptions:
    """Read a run's options."""
    return _read(RunOptions, record)


def answer_to_json(answer: Answer) -> Record:
    """Write an answer."""
    return cast("Record", _plain(answer))


def answer_from_json(record: Mapping[str, Any]) -> Answer:
    """Read an answer."""
    return _read(Answer, record)


def verdict_to_json(verdict: Verdict) -> Record:
    """Write a verdict."""
    return cast("Record", _plain(verdict))


def verdict_from_json(record: Mapping[str, Any]) -> Verdict:
    """Read a verdict."""
    return _read(Verdict, record)


def usage_to_json(usage: Usage | None) -> Record | None:
    """Write the tokens of a call; None stays None. Every call is written, so it is done without looking at shapes."""
    return None if usage is None else {name: getattr(usage, name) for name in _COUNTS}


_COUNTS = tuple(each.name for each in dataclasses.fields(Usage))


def decimal_to_json(amount: Decimal | None) -> str | None:
    """Write an amount without an exponent and without zeros at its end, and exactly; None stays None."""
    if amount is None:
        return None
    text = format(amount, "f")
    return text.rstrip("0").rstrip(".") if "." in text else text


# --- by shape -------------------------------------------------------------------------------------------------------

_PARTS: tuple[type, ...] = typing.get_args(Part)


def _tag(kind: type) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "_", kind.__name__).lower()


_BY_TAG = {_tag(kind): kind for kind in _PARTS}


def _plain(value: Any) -> Any:
    match value:
        case Decimal():
            return decimal_to_json(value)
        case bytes():
            return base64.b64encode(value).decode("ascii")
        case Mapping():
            return {str(key): _plain(each) for key, each in value.items()}
        case list() | tuple():
            return [_plain(each) for each in value]
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            members = {each.name: _plain(getattr(value, each.name)) for each in dataclasses.fields(value)}
            return {"type": _tag(type(value))} | members if isinstance(value, _PARTS) else members
        case _:
            return value


@cache
def _fields(kind: Hashable) -> dict[str, Any]:
    return typing.get_type_hints(kind)


def _read(kind: type[Kind], record: Mapping[str, Any]) -> Kind:
    if not isinstance(record, Mapping):
        raise TypeError(f"A {kind.__name__} is read from an object.")
    known = {
        name: _value(hint, record[name]) for name, hint in _fields(cast("Hashable", kind)).items() if name in record
    }
    return kind(**known)


def _value(hint: Any, raw: Any) -> Any:
    origin = typing.get_origin(hint)
    if origin in (typing.Union, types.UnionType):
        return _one_of(typing.get_args(hint), raw)
    if origin in (tuple, Sequence):
        return tuple(_value(typing.get_args(hint)[0], each) for each in raw)
    if origin is Mapping:
        return {key: _value(typing.get_args(hint)[1], each) for key, each in raw.items()}
    return _scalar(hint, raw)


def _one_of(hints: tuple[Any, ...], raw: Any) -> Any:
    if raw is None:
        return None
    kinds = [each for each in hints if each is not type(None)]
    if len(kinds) > 1:
        return _read(_BY_TAG[raw["type"]], raw)
    return _value(kinds[0], raw)


def _scalar(hint: Any, raw: Any) -> Any:
    if hint is Decimal:
        return Decimal(raw)
    if hint is bytes:
        return base64.b64decode(raw)
    if hint is float:
        return float(raw)
    if dataclasses.is_dataclass(hint) and isinstance(hint, type):
        return _read(hint, raw)
    return raw
