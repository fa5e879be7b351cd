"""Writes answers to open questions: a few statements in the manner of the model, in the shape the prompt describes."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ultra.mock import claims, compositions, forms
from ultra.mock.chance import pick
from ultra.mock.forms import Section
from ultra.mock.reading import Reading

_GREETING = re.compile(
    r"^\s*(?:hello|hi|hey|good (?:morning|evening|day)|ping|test(?:ing)?)\b[^?]{0,20}$", re.IGNORECASE
)
_WELCOMES = ("Hello! How can I help?", "Hi there. What would you like to know?", "Good to see you. Ask me anything.")
_STYLES = ("paragraphs", "points", "paragraph", "numbers", "paragraphs")
_INTRODUCTIONS = ("The main points:", "In detail:", "What it comes down to:", "One by one:")
_LONG_PARAGRAPH = 4


def write(reading: Reading, *, model: str, seed: str) -> str:
    """Write an answer to an open question, in the manner of that model."""
    if reading.echo is not None:
        return reading.echo
    if _GREETING.match(reading.question):
        return pick(_WELCOMES, seed, model)
    asked = claims.about(reading)
    if asked.genre == "composition":
        return compositions.write(asked, model=model, seed=seed)
    stock = claims.gather(reading, asked, model=model, seed=seed)
    if reading.short:
        return stock.everything[0]
    sections = forms.lay_out(forms.find(reading.wishes), stock, asked, viewpoint=reading.viewpoint)
    if reading.most_sentences is not None:
        return " ".join([each.line for section in sections for each in section.statements][: reading.most_sentences])
    manner = _Manner(
        pick(_STYLES, seed, "style", model), asked.genre == "plan", pick(_INTRODUCTIONS, seed, model, asked.subject)
    )
    return "\n\n".join(_written(section, manner, stock.position) for section in sections)


@dataclass(frozen=True, slots=True)
class _Manner:
    """How a model writes: as paragraphs, with points or with numbers; what it says before a list."""

    style: str
    is_plan: bool
    introduction: str


def _written(section: Section, manner: _Manner, position: str) -> str:
    lines = [statement.line for statement in section.statements]
    if section.heading:
        return f"**{section.heading}**\n\n{listed(lines)}"
    if manner.is_plan:
        return listed(lines, numbered=manner.style != "points")
    if len(lines) <= _LONG_PARAGRAPH or manner.style == "paragraphs":
        return paragraphs(lines)
    if manner.style == "paragraph":
        return paragraphs(lines, longest=len(lines) - 1)
    rest = lines[1:] if position else lines
    lead = [f"{position} {manner.introduction}" if position else manner.introduction]
    return "\n\n".join([*lead, listed(rest, numbered=manner.style == "numbers")])


def listed(lines: Sequence[str], *, numbered: bool = False) -> str:
    """Return a Markdown list."""
    return "\n".join(f"{index}. {line}" if numbered else f"- {line}" for index, line in enumerate(lines, start=1))


def paragraphs(lines: Sequence[str], *, longest: int = _LONG_PARAGRAPH) -> str:
    """Return sentences as one paragraph, or as two when there are many."""
    if len(lines) <= max(longest, 2):
        return " ".join(lines)
    at = min((len(lines) + 1) // 2, max(longest, 2))
    return f"{' '.join(lines[:at])}\n\n{' '.join(lines[at:])}"
