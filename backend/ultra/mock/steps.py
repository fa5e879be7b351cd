"""An answer as a sequence of steps: pure values that a delivery performs on a socket, and that faults rewrite."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias


@dataclass(frozen=True, slots=True)
class Head:
    """Status and headers, names in lower case. `length` announces a body of that many bytes, else it is chunked."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    length: int | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """Bytes of the body. `token` says that they carry a piece of the answer, `last` that they announce its end."""

    data: bytes
    token: bool = False
    last: bool = False


@dataclass(frozen=True, slots=True)
class Wait:
    """Say nothing for so many seconds."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Reset:
    """Abort the connection (RST): what was sent before has been sent, nothing follows, not even an end."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """Close the connection (FIN) without ending the body."""


Step: TypeAlias = Head | Send | Wait | Reset | HangUp


def after_tokens(steps: Iterable[Step], count: int, then: Iterable[Step]) -> Iterator[Step]:
    """Let `count` pieces of the answer through, then continue with `then` instead.

    An answer that has fewer pieces, or is sent as a whole, is cut before its end.
    """
    seen = 0
    for step in steps:
        if isinstance(step, Send):
            if step.last or (step.token and seen >= count):
                break
            seen += step.token
        yield step
    yield from then


def among_tokens(steps: Iterable[Step], count: int, extra: Step) -> Iterator[Step]:
    """Put `extra` in behind `count` pieces of the answer, at the latest before its end."""
    seen, done = 0, False
    for step in steps:
        if isinstance(step, Send):
            if not done and (step.last or seen >= count):
                done = True
                yield extra
            seen += step.token
        yield step


def half(data: bytes) -> bytes:
    """Return the first half of an event or a body, at least one byte."""
    return data[: max(len(data) // 2, 1)]
