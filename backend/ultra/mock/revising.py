"""Improves a member's own answer: corrects what most others contradict, and takes over what it lacks."""

import re

from ultra.mock.gathering import Point, gather, refuted_by
from ultra.mock.likeness import alike
from ultra.mock.merging import explained_briefly
from ultra.mock.opinion import Opinion
from ultra.mock.peers import Peer, final_value, same_value, without_final_value
from ultra.mock.reading import Reading
from ultra.mock.statements import Statement, statements

_OWN = "your answer"
_MOST_ADDED = 2
_LIST_MARK = re.compile(r"^(?:[-*•]|\d{1,2}[.)])\s", re.MULTILINE)
_LAST_NUMBER = re.compile(r"^(\d{1,2})([.)])\s", re.MULTILINE)


def revise(reading: Reading, held: Opinion) -> str:
    """Return the whole improved answer; the final line is not part of it."""
    own = without_final_value(reading.own or "")
    if held.value is not None:
        stays = same_value(final_value(reading.own or ""), held.value)
        return own if stays and own else f"{explained_briefly(held)} {held.steps}".strip()
    gathered = gather((Peer(_OWN, own), *reading.peers))
    refuted = refuted_by(reading.reviews)
    text = own
    for statement in statements(own):
        point = gathered.of(statement)
        if point.is_outweighed:
            winner = max(point.opponents, key=lambda each: each.weight)
            text = text.replace(statement.text, winner.text)
        elif not point.is_shared and any(alike(point.sense, each) for each in refuted):
            text = _without(text, statement)
    lacking = [point for point in gathered.points if _is_lacking(point)]
    lacking.sort(key=lambda point: -point.weight)
    for point in lacking[:_MOST_ADDED]:
        text = _with(text, point.statement)
    return text.strip() or own


def _is_lacking(point: Point) -> bool:
    """Do several others say it, and does nothing in the own answer stand against it?"""
    return (
        point.is_shared
        and _OWN not in point.supporters
        and not any(_OWN in each.supporters for each in point.opponents)
    )


def _without(text: str, statement: Statement) -> str:
    """Drop a statement, with its line when it has one to itself."""
    lines = text.splitlines()
    kept = [line for line in lines if not (_LIST_MARK.match(line) and statement.text in line)]
    return "\n".join(kept) if len(kept) < len(lines) else text.replace(statement.text, "").replace("  ", " ")


def _with(text: str, statement: Statement) -> str:
    """Add a statement under its heading where there is one, else where the answer lists or tells its points."""
    lines = text.splitlines()
    title = f"**{statement.heading}**"
    start = lines.index(title) if statement.heading and title in lines else None
    if start is not None:
        end = next((at for at in range(start + 1, len(lines)) if lines[at].startswith("**")), len(lines))
        items = [at for at in range(start, end) if _LIST_MARK.match(lines[at])]
    else:
        items = [at for at, line in enumerate(lines) if _LIST_MARK.match(line)]
    if items:
        at = items[-1]
        number = _LAST_NUMBER.match(lines[at])
        mark = f"{int(number.group(1)) + 1}{number.group(2)}" if number else "-"
        lines.insert(at + 1, f"{mark} {statement.line}")
        return "\n".join(lines)
    return f"{text.rstrip()} {statement.text}"
