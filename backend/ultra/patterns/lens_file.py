"""Reads one lens file: TOML between two lines `+++`, then two parts for each stage.

    +++
    name = "fact-check"
    ...
    +++
    ## answer
    ### instructions
    What the model is told to do.
    ### message
    {{question}}

Strict on purpose: an unknown key, a forgotten stage, a text in no part or a hidden character is a problem of that line.
"""

import difflib
import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from ultra.domain.patterns import STAGES, Stage
from ultra.patterns import quoting
from ultra.patterns.lens import MarkdownLens, StageText
from ultra.patterns.template import Template, TemplateInvalid

_FENCE = "+++"
_PARTS = ("instructions", "message")
_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_NAME_LENGTH = 40
_PANEL = range(1, 17)
_SENTENCES = ("summary", "when", "shape")
_KEYS = ("name", "summary", "when", "minimum_panel", "default_flow", "shape", "roles", "replaces")
_MAY_BE_LEFT_OUT = frozenset({"roles", "replaces"})


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong with a lens file (or a folder of them), and in which line of it."""

    file: str
    line: int
    sentence: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.sentence}"


class PatternInvalid(Exception):
    """Lens files cannot be used as they are; `problems` has every reason in every file."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(str(each) for each in problems))
        self.problems = tuple(problems)


@dataclass(frozen=True, slots=True)
class LensFile:
    """A lens, and whether it says that it replaces another of the same name."""

    lens: MarkdownLens
    replaces: bool


@dataclass(frozen=True, slots=True)
class _Part:
    """The lines of one `###` part; `line` is the number of its heading in the file."""

    line: int
    lines: list[str]

    def text(self) -> str:
        """Return the text without the blank lines around it."""
        return "\n".join(self.lines).strip("\n").rstrip()


def read(text: str, *, stem: str, source: str) -> LensFile:
    """Read a lens from the text of the file `stem`.md; raises `PatternInvalid` with every problem of it."""
    found: list[tuple[int, str]] = []
    text = text.replace("\r\n", "\n")
    for offset in quoting.hidden_characters(text):
        line = text.count("\n", 0, offset) + 1
        found.append((line, f"holds the hidden character U+{ord(text[offset]):04X}; take it out"))
    lines = text.split("\n")
    end = next((at for at, line in enumerate(lines[1:], start=1) if line.rstrip() == _FENCE), None)
    if lines[0].rstrip() != _FENCE or end is None:
        raise PatternInvalid([Problem(source, 1, f"must begin with TOML between two lines {_FENCE}")])
    facts = _front_matter(lines[1:end], stem, found)
    stages = _stages(_parts(lines, end + 1, found), len(lines), found)
    if found:
        raise PatternInvalid([Problem(source, line, sentence) for line, sentence in sorted(found)])
    replaces = facts.pop("replaces", False)
    roles = tuple(facts.pop("roles", ()))
    return LensFile(MarkdownLens(**facts, roles=roles, stages=stages, source=source), replaces=replaces)


def _front_matter(lines: list[str], stem: str, found: list[tuple[int, str]]) -> dict[str, Any]:
    """Return the front matter; what is wrong with it goes to `found`."""
    try:
        facts = tomllib.loads("\n".join(lines))
    except tomllib.TOMLDecodeError as error:
        at = re.search(r"at line (\d+)", str(error))
        found.append((int(at[1]) + 1 if at else 1, f"is no TOML: {error}"))
        return {}

    def line_of(key: str) -> int:
        begins = re.compile(rf"\s*[\"']?{re.escape(key)}[\"']?\s*[=.]")
        return next((number for number, line in enumerate(lines, start=2) if begins.match(line)), 1)

    for key in facts:
        if key not in _KEYS:
            near = difflib.get_close_matches(key, _KEYS, n=1)
            found.append((line_of(key), f"{key!r} is no key of a lens" + (f"; is it {near[0]!r}?" if near else "")))
    found += [(1, f"{key!r} is missing") for key in _KEYS if key not in facts and key not in _MAY_BE_LEFT_OUT]
    found += [(line_of(key), sentence) for key, sentence in _wrong_values(facts, stem)]
    return facts


def _wrong_values(facts: Mapping[str, Any], stem: str) -> Iterator[tuple[str, str]]:
    """Yield each key whose value is not what it must be, with a sentence."""
    for key in _SENTENCES:
        if key in facts and not _is_line(facts[key]):
            yield key, f"{key!r} must be one line of text"
    name, flow, panel = facts.get("name", stem), facts.get("default_flow", "route"), facts.get("minimum_panel", 1)
    if name != stem:
        yield "name", f"'name' must be the file's own name, {stem!r}"
    elif len(stem) > _NAME_LENGTH or not _NAME.fullmatch(stem):
        yield "name", f"a name is at most {_NAME_LENGTH} lower-case letters, digits and single hyphens"
    if not isinstance(flow, str) or not _NAME.fullmatch(flow):
        yield "default_flow", "'default_flow' must name a flow"
    if type(panel) is not int or panel not in _PANEL:
        yield "minimum_panel", f"'minimum_panel' must be a whole number from {_PANEL[0]} to {_PANEL[-1]}"
    roles = facts.get("roles", [])
    if not isinstance(roles, list) or not all(_is_line(each) for each in roles) or len(set(roles)) < len(roles):
        yield "roles", "'roles' must be a list of different lines of text"
    if type(facts.get("replaces", False)) is not bool:
        yield "replaces", "'replaces' must be true or false"


def _is_line(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip()) and "\n" not in value


def _parts(lines: list[str], begin: int, found: list[tuple[int, str]]) -> dict[tuple[str, str], _Part]:
    """Return the parts of all stages by (stage, part); headings that are none of ours go to `found`."""
    parts: dict[tuple[str, str], _Part] = {}
    stage: str | None = None
    part: _Part | None = None
    for number, line in enumerate(lines[begin:], start=begin + 1):
        if line.startswith("## "):
            stage, part = line[3:].strip(), None
            if stage not in STAGES:
                found.append((number, f"{stage!r} is no stage; the stages are {', '.join(STAGES)}"))
        elif line.startswith("### "):
            name = line[4:].strip()
            if name not in _PARTS or stage is None:
                found.append((number, f"{name!r} is no part; a stage has {' and '.join(_PARTS)}"))
            elif (stage, name) in parts:
                found.append((number, f"the {name} of {stage} stand here a second time"))
            part = _Part(number, [])
            parts[stage or "", name] = part
        elif part is not None:
            part.lines.append(line)
        elif line.strip():
            found.append((number, "this text stands in no part of a stage and would never be sent"))
    return parts


def _stages(parts: Mapping[tuple[str, str], _Part], last: int, found: list[tuple[int, str]]) -> dict[Stage, StageText]:
    """Return the texts of all stages; what is missing or no template goes to `found`."""
    stages: dict[Stage, StageText] = {}
    for stage in STAGES:
        instructions, message = (parts.get((stage, name)) for name in _PARTS)
        for name, part in zip(_PARTS, (instructions, message), strict=True):
            if part is None or not part.text():
                found.append((part.line if part else last, f"the {name} of {stage} are missing"))
        if instructions is not None and (pair := re.search(r"\{\{|\}\}|\[\[|\]\]", instructions.text())):
            found.append((instructions.line, f"instructions have no places; {pair[0]} belongs in the message"))
        if instructions is None or message is None or not message.text():
            continue
        try:
            stages[stage] = StageText(instructions.text(), Template.parse(stage, "\n".join(message.lines)))
        except TemplateInvalid as error:
            found += [(message.line + flaw.line, flaw.sentence) for flaw in error.flaws]
    return stages
