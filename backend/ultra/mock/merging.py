"""Writes a synthesis: what several answers say, without what is refuted, and what is open, in the shape asked for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from ultra.mock import claims, forms
from ultra.mock.forms import Form
from ultra.mock.gathering import Gathered, Point, gather, refuted_by
from ultra.mock.likeness import alike
from ultra.mock.opinion import Opinion
from ultra.mock.phrases import capitalised
from ultra.mock.prose import listed, paragraphs
from ultra.mock.reading import Reading

_MOST = 6
_FEW = 3
_MOST_SINGLE = 4
_MOST_DISPUTES = 2
_UNRESOLVED = "unresolved"

_HEADINGS: Mapping[Form, Mapping[str, str]] = {
    "graded": {"Well supported": "Well supported", "Probable": "Probable", "Uncertain": "Uncertain"},
    "roadmap": {"Short term": "Now (short term)", "Middle term": "Next (middle term)", "Long term": "Later (long term)",
                "Trade-offs": "Trade-offs"},
    "futures": {"Futures": "The futures", "In any case": "In any case"},
    "affected": {"Who is affected": "Who is affected", "Conflicts": "Conflicts", "Recommendation": "Recommendation"},
    "causal": {"Links": "Links", "Loops": "Loops", "Delays": "Delays", "Leverage points": "Leverage points",
               "What follows": "What follows"},
    "improvements": {"Weaknesses": "Improvements in order of weight", "What is good": "What is good and should stay",
                     "What bears on it": "What bears on it"},
    "viewpoints": {"What holds from every side": "What holds from every viewpoint",
                   "What weighs": "Where the viewpoints part"},
    "analogies": {"Ideas from elsewhere": "Ideas to apply", "What to keep in mind": "What to keep in mind"},
}  # fmt: skip
"""For each shape the parts of the answers, and what they are called in the synthesis, in this order."""
_COMMON = frozenset(
    {"Probable", "Well supported", "In any case", "Recommendation", "What follows", "What bears on it",
     "What holds from every side", "What to keep in mind", "Trade-offs"}
)  # fmt: skip
"""Parts to which every answer contributes: only what several say counts there."""


@dataclass(frozen=True, slots=True)
class _Material:
    """The points that may be used, those that several make, and the pairs that are open."""

    reading: Reading
    points: tuple[Point, ...]
    agreed: tuple[Point, ...]
    single: tuple[Point, ...]
    disputes: tuple[tuple[Point, Point], ...]
    wrong: tuple[tuple[Point, Point], ...]
    """What was refuted, with what stands against it."""


def merge(reading: Reading, held: Opinion) -> str:
    """Write the synthesis of the labelled answers; a closed question is explained by its settled value."""
    form = forms.find(reading.wishes)
    if held.value is not None:
        return _explained(held, form)
    if claims.about(reading).genre == "composition":
        return reading.peers[0].text
    material = _sift(reading, gather(reading.peers))
    if form == "insight":
        return _insight(material)
    if form == "verdicts" and any(point.statement.lead for point in material.points):
        return _checked(material)
    headings = _HEADINGS.get(form, {})
    if any(point.statement.heading in headings for point in material.points):
        return _arranged(material, form, headings)
    return _plain(material)


def explained_briefly(held: Opinion) -> str:
    """Return the sentence that gives a settled value, after `Yes` or `No` where that is the value."""
    word = (held.value or "").capitalize()
    if word in ("Yes", "No", "True", "False") and not held.sentence.startswith(word):
        return f"{word}. {held.sentence}"
    return held.sentence


def _explained(held: Opinion, form: Form) -> str:
    said = explained_briefly(held)
    if form == "insight" or not held.steps:
        return said
    if form == "verdicts":
        return f"- Right: {said} Reason: {held.steps}"
    if form == "graded":
        return f"**Well supported**\n\n- {said} Evidence: {held.steps}"
    return f"{said} {held.steps}"


def _sift(reading: Reading, gathered: Gathered) -> _Material:
    refuted = refuted_by(reading.reviews)

    def is_refuted(point: Point) -> bool:
        return any(alike(point.sense, each) for each in refuted)

    pairs = list(gathered.disputes())
    is_open = [(one, other) for one, other in pairs if not is_refuted(one) and not is_refuted(other)]
    wrong = [(one, other) if is_refuted(one) else (other, one) for one, other in pairs if (one, other) not in is_open]
    points = [each for each in gathered.points if not (is_refuted(each) or each.is_outweighed or each.is_balanced)]
    points.sort(key=lambda point: point.place)
    agreed = [point for point in points if point.is_shared]
    single = [point for point in points if not point.is_shared]
    return _Material(
        reading, tuple(points), tuple(agreed), tuple(single), tuple(is_open[:_MOST_DISPUTES]), tuple(wrong)
    )


def _texts(points: Sequence[Point]) -> list[str]:
    return [point.line for point in points]


def _plain(material: _Material) -> str:
    agreed = material.agreed[:_MOST] or material.single[:_MOST]
    if not agreed and not material.disputes:
        return "Nothing was said that could be brought together."
    if claims.about(material.reading).genre == "plan":
        parts = [listed(_texts(agreed), numbered=True)]
    else:
        parts = [paragraphs([point.text for point in agreed])]
    return "\n\n".join(part for part in (*parts, *_open_questions(material)) if part)


def _open_questions(material: _Material) -> list[str]:
    """Name what is in dispute. Who was told nothing of disputes is also told what only one answer says."""
    found = [_dispute(one, other) for one, other in material.disputes]
    if not found and material.agreed and _UNRESOLVED not in material.reading.wishes.lower():
        texts = [point.text for point in material.single[:_MOST_SINGLE]]
        return [f"Unresolved: {' '.join(texts)}"] if texts else []
    return [f"Unresolved: {' '.join(found)}"] if found else []


def _dispute(one: Point, other: Point) -> str:
    decider = (
        "A reliable source or a measurement"
        if one.sense.numbers != other.sense.numbers
        else "A trial judged by figures agreed before"
    )
    return f"“{one.text}” stands against “{other.text}” {decider} would decide between them."


def _insight(material: _Material) -> str:
    said = [point.text for point in (material.agreed or material.single)[:2]]
    if material.disputes:
        one, other = material.disputes[0]
        said.append(
            f"There is an intuition in the other direction as well: “{other.text}”"
            if one.weight > other.weight
            else f"The intuitions point in two directions: “{one.text}” or “{other.text}”"
        )
    return " ".join(said) or "There is no common intuition."


def _checked(material: _Material) -> str:
    lines = [f"Wrong: {loser.text} Correction: {winner.text}" for loser, winner in material.wrong]
    lines += [f"Unresolved: {_dispute(one, other)}" for one, other in material.disputes]
    listing = [point for point in (material.agreed or material.single)[:_MOST] if point.statement.lead]
    lead = [point.text for point in material.agreed if not point.statement.lead][:2]
    return "\n\n".join(part for part in (" ".join(lead), listed([*lines, *_texts(listing)])) if part)


def _arranged(material: _Material, form: Form, headings: Mapping[str, str]) -> str:
    """Put the points under the headings of the shape; what stands under none comes first."""
    under: dict[str, list[Point]] = {heading: [] for heading in headings}
    lead = [point for point in material.agreed if point.statement.heading not in headings]
    for point in material.points:
        heading = point.statement.heading
        if heading in under and (point.is_shared or heading not in _COMMON):
            under[heading].append(point)
    parts = [" ".join(point.text for point in lead[:_MOST])]
    for heading, points in under.items():
        if points:
            write = _WRITERS.get((form, heading), _as_list)
            parts.append(f"**{headings[heading]}**\n\n{write(points)}")
    if form == "futures":
        parts.append(_signs(under["Futures"]))
    return "\n\n".join(part for part in (*parts, *_open_questions(material)) if part)


def _as_list(points: Sequence[Point]) -> str:
    return listed(_texts(points[:_MOST]))


def _as_numbers(points: Sequence[Point]) -> str:
    """Return a few: the best are worth more than all."""
    return listed(_texts(points[:_FEW]), numbered=True)


def _as_table(points: Sequence[Point]) -> str:
    """Return one row for each group of people concerned."""
    columns = ("Power", "Gain or loss")
    rows = [
        (
            point.statement.lead or "Others",
            point.statement.text,
            *(point.statement.notes.get(name, "") for name in columns),
        )
        for point in points
    ]
    lines = [("Who", "Interest", *columns), ("---",) * 4, *rows]
    return "\n".join(f"| {' | '.join(cell.replace('|', '/') for cell in line)} |" for line in lines)


def _as_improvements(points: Sequence[Point]) -> str:
    ranked = sorted(points, key=lambda point: -point.weight)
    said = [
        f"{capitalised(change)} This removes a weakness: {point.text}" if change else point.text
        for point in ranked
        for change in (point.statement.notes.get("Improvement", ""),)
    ]
    return listed(said[:_MOST], numbered=True)


def _signs(points: Sequence[Point]) -> str:
    """Say what is to be done only when a sign appears."""
    signs = [(point.statement.notes.get("Earliest sign", ""), point.statement.lead) for point in points]
    lines = [f"If {sign.rstrip('.')}: prepare for the {lead.lower()}." for sign, lead in signs if sign and lead]
    return f"**Only when a sign appears**\n\n{listed(lines)}" if lines else ""


_WRITERS: Mapping[tuple[Form, str], Callable[[Sequence[Point]], str]] = {
    ("affected", "Who is affected"): _as_table,
    ("improvements", "Weaknesses"): _as_improvements,
    ("analogies", "Ideas from elsewhere"): _as_numbers,
}
