"""Takes an answer apart into statements, whatever its layout: prose, lists, headings, lines with a name in front."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from ultra.mock.likeness import Sense, sense
from ultra.mock.peers import without_final_value

NOTES = (
    "Reason", "Evidence", "Probability", "Gravity", "Earliest sign", "Power", "Gain or loss", "Applied here", "Limit",
    "First test", "Improvement", "Blind spot", "Mechanism", "Side effect", "Correction",
)  # fmt: skip
"""What may follow a statement on its line: `... Reason: because`."""
VERDICTS = frozenset({"Right", "Wrong", "Misleading", "Cannot be checked here"})
"""Leads that judge a statement and are no part of it."""
_NOTE = re.compile(rf"\s(?={'|'.join(NOTES)})({'|'.join(NOTES)}): ")
_HEADING = re.compile(r"^(?:#{1,6}\s+(.{2,80})|\*\*([^*\n]{2,80})\*\*:?|([A-Z][^.:!?]{1,60}):)$")
_BULLET = re.compile(r"^(?:[-*•]|\d{1,2}[.)])\s+(.*)$")
_LEAD = re.compile(r"^(?:\*\*([^*\n]{2,80}?):?\*\*:?|([A-Z][^\s.:!?]*(?: [^\s.:!?]+){0,5}):)\s+(.*)$")
_SENTENCE = re.compile(r"(?<=[.!?])\s+")
_SHORTEST = 6
_MOST = 40


@dataclass(frozen=True, slots=True)
class Statement:
    """One thing an answer says. `lead` is the name before it (`Worst course: ...`), `heading` what it stands under."""

    text: str
    heading: str = ""
    lead: str = ""
    notes: Mapping[str, str] = field(default_factory=dict)

    @property
    def sense(self) -> Sense:
        """What it says, whatever stands before and behind it."""
        return sense(self.text)

    @property
    def line(self) -> str:
        """The statement as it stands on its line, with its lead and its notes."""
        said = "".join(f" {name}: {text}" for name, text in self.notes.items())
        return f"{self.lead}: {self.text}{said}" if self.lead else f"{self.text}{said}"


def statements(text: str) -> list[Statement]:
    """Return what a text says, at most forty statements; final values, headings and very short lines are none."""
    found: list[Statement] = []
    heading = ""
    for line in without_final_value(text[:40_000]).splitlines():
        plain = line.strip()
        if not plain or plain.startswith("|"):
            continue
        if title := _HEADING.match(plain):
            heading = next(part for part in title.groups() if part).strip(" :")
            continue
        bullet = _BULLET.match(plain)
        lines = [bullet.group(1)] if bullet else _SENTENCE.split(plain)
        found += [each for each in (_read(piece, heading) for piece in lines) if _says_something(each.text)]
        if len(found) >= _MOST:
            break
    return found[:_MOST]


def _says_something(text: str) -> bool:
    return len(text) >= _SHORTEST and not text.endswith(":")


def _read(line: str, heading: str) -> Statement:
    """Read one line: its lead, what it says, and its notes."""
    lead = ""
    if named := _LEAD.match(line):
        lead, line = (named.group(1) or named.group(2)).strip(" :"), named.group(3)
    said, *rest = _NOTE.split(line)
    notes = {name: text.strip() for name, text in zip(rest[::2], rest[1::2], strict=False)}
    return Statement(said.strip(), heading, lead, notes)
