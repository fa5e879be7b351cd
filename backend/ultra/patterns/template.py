"""The text of one stage, with places where facts are set in.

The syntax is three rules:

    {{question}}            a place: it stands alone on its line and names one of the facts of the stage
    [[decided: Explain      an optional section, from `[[` at the beginning of a line to `]]` at the end of one:
    {{decided}}             kept when the fact is there, left out with its blank lines when it is not.
    carefully.]]            Sections do not contain sections
    everything else         is sent as it stands; the four pairs `{{`, `}}`, `[[` and `]]` have no other use

Every fact of the stage must have its place, once (`question` and `decided` may be repeated); a fact that can be absent
(`OPTIONAL`) has it in a section of its name, all others outside sections. A template that says otherwise does not load.
What is set in is never read again, so `{{answers}}` in a user's question stays what the user wrote.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ultra.domain.patterns import OPTIONAL, USES, Stage

_PLACE = re.compile(r"\{\{([^{}]*)\}\}")
_PAIRS = re.compile(r"\{\{|\}\}|\[\[|\]\]")
_OPENING = re.compile(r"\[\[([^\[\]:]*):[ \t]*")
_REPEATABLE = frozenset({"question", "decided"})


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with a text, and in which line of it (from 1)."""

    line: int
    sentence: str


class TemplateInvalid(Exception):
    """A text is no template of its stage; `flaws` has every reason."""

    def __init__(self, flaws: list[Flaw]) -> None:
        super().__init__("; ".join(f"line {flaw.line}: {flaw.sentence}" for flaw in flaws))
        self.flaws = tuple(flaws)


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a fact is set in."""

    name: str
    line: int


@dataclass(frozen=True, slots=True)
class _Segment:
    """A stretch of text and places from `line` on; `only_with` names the fact without which it is left out."""

    only_with: str | None
    line: int
    parts: tuple[str | _Place, ...]

    def places(self) -> Iterator[_Place]:
        """Yield the places in their order."""
        return (part for part in self.parts if isinstance(part, _Place))

    def fill(self, values: Mapping[str, str]) -> str:
        """Return the text with every place filled."""
        return "".join(values[part.name] if isinstance(part, _Place) else part for part in self.parts)


@dataclass(frozen=True, slots=True)
class Template:
    """A stage's message, checked against the facts that the stage has. Made by `parse`."""

    stage: Stage
    segments: tuple[_Segment, ...]

    @classmethod
    def parse(cls, stage: Stage, text: str) -> "Template":
        """Read a template; raises `TemplateInvalid` with every flaw at once."""
        flaws: list[Flaw] = []
        segments = tuple(_segments(text, flaws))
        flaws += _wrong_sections(stage, segments)
        flaws += _wrong_places(stage, segments)
        if flaws:
            raise TemplateInvalid(sorted(flaws, key=lambda flaw: flaw.line))
        return cls(stage, segments)

    def fill(self, values: Mapping[str, str]) -> str:
        """Return the message. `values` are texts ready to be set in, by name; a fact that is absent has no entry.

        Raises `ValueError` that names every missing fact and every one that the stage does not use.
        """
        uses = USES[self.stage]
        said = [f"needs {name}" for name in sorted(uses - OPTIONAL - values.keys())]
        said += [f"does not use {name}" for name in sorted(values.keys() - uses)]
        if said:
            raise ValueError(f"the {self.stage} stage {', '.join(said)}")
        kept = (each for each in self.segments if each.only_with is None or each.only_with in values)
        return "\n\n".join(segment.fill(values) for segment in kept)


def _segments(text: str, flaws: list[Flaw]) -> Iterator[_Segment]:
    """Split a text at its optional sections, noting what is malformed."""
    lines: list[str] = []
    begin, section = 1, None
    for number, line in enumerate(text.split("\n"), start=1):
        body = line
        if section is None and (opening := _OPENING.match(line)):
            yield from _segment(None, begin, lines, flaws)
            begin, section, lines, body = number, opening[1].strip(), [], line[opening.end() :]
        if section is not None and body.rstrip().endswith("]]"):
            yield from _segment(section, begin, [*lines, body.rstrip()[:-2]], flaws)
            begin, section, lines = number + 1, None, []
        else:
            lines.append(body)
    if section is not None:
        flaws.append(Flaw(begin, f"the section {section!r} is not closed by a line that ends with ]]"))
    yield from _segment(section, begin, lines, flaws)


def _segment(only_with: str | None, begin: int, lines: list[str], flaws: list[Flaw]) -> Iterator[_Segment]:
    """Yield the segment that `lines`, the first of which is line `begin`, make; nothing when they are blank."""
    numbered = list(enumerate(lines, start=begin))
    while numbered and not numbered[0][1].strip():
        del numbered[0]
    while numbered and not numbered[-1][1].strip():
        del numbered[-1]
    parts: list[str | _Place] = []
    for number, line in numbered:
        if parts:
            parts.append("\n")
        if place := _PLACE.fullmatch(line.strip()):
            parts.append(_Place(place[1].strip(), number))
            continue
        if stray := _PLACE.search(line):
            flaws.append(Flaw(number, f"{stray[0]} must stand alone on its line"))
        elif stray := _PAIRS.search(line):
            flaws.append(Flaw(number, f"{stray[0]} has no meaning here"))
        parts.append(line)
    if parts:
        yield _Segment(only_with, begin, tuple(parts))


def _wrong_sections(stage: Stage, segments: tuple[_Segment, ...]) -> Iterator[Flaw]:
    """Yield sections whose fact the stage does not have, or always has."""
    allowed = USES[stage] & OPTIONAL
    for segment in segments:
        if segment.only_with is not None and segment.only_with not in allowed:
            yield Flaw(segment.line, f"{segment.only_with!r} is no optional fact of {stage} ({_listed(allowed)})")


def _wrong_places(stage: Stage, segments: tuple[_Segment, ...]) -> Iterator[Flaw]:
    """Yield places that are unknown, doubled or in the wrong section, and facts that have none."""
    uses = USES[stage]
    seen: set[str] = set()
    for segment in segments:
        for place in segment.places():
            if place.name not in uses:
                yield Flaw(place.line, f"{place.name!r} is no fact of {stage} ({_listed(uses)})")
                continue
            home = place.name if place.name in OPTIONAL else None
            if segment.only_with != home:
                where = f"in a section [[{home}: ... ]]" if home else "outside sections"
                yield Flaw(place.line, f"the place of {place.name!r} must be {where}")
            if place.name in seen - _REPEATABLE:
                yield Flaw(place.line, f"{place.name!r} has its place already")
            seen.add(place.name)
    for name in sorted(uses - seen):
        yield Flaw(1, f"{name!r} has no place: write {{{{{name}}}}} on a line of its own")


def _listed(names: frozenset[str]) -> str:
    return f"it has {', '.join(sorted(names))}" if names else "it has none"
