"""The shape an answer is to have, read from how the prompt describes it, and an answer laid out in that shape."""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from ultra.mock import frames
from ultra.mock.chance import pick, shuffle
from ultra.mock.claims import Stock, fill
from ultra.mock.matter import PRACTICAL, Matter
from ultra.mock.phrases import capitalised
from ultra.mock.statements import Statement

Form: TypeAlias = Literal[
    "plain", "insight", "graded", "verdicts", "roadmap", "futures", "affected", "causal", "improvements", "viewpoints",
    "analogies",
]  # fmt: skip
_SIGNS: tuple[tuple[Form, re.Pattern[str]], ...] = (
    ("insight", re.compile(r"\bintuitions?\b", re.IGNORECASE)),
    ("graded", re.compile(r"\bwell supported, probable\b", re.IGNORECASE)),
    ("verdicts", re.compile(r"\bright, wrong, misleading\b", re.IGNORECASE)),
    ("improvements", re.compile(r"\bexamine critically\b|\bimprovements in order\b|\bcritical examination", re.I)),
    ("futures", re.compile(r"\bhow probable\b|\bfutures\b", re.IGNORECASE)),
    ("affected", re.compile(r"\b(?:who is|those|people) (?:affected|touched|concerned by)\b", re.IGNORECASE)),
    ("roadmap", re.compile(r"\broadmap\b|\bshort,? (?:the )?middle and (?:the )?long\b", re.IGNORECASE)),
    ("causal", re.compile(r"\bcausal (?:link|model|structure|explanation)", re.IGNORECASE)),
    ("analogies", re.compile(r"\b(?:another|other) fields?\b", re.IGNORECASE)),
    ("viewpoints", re.compile(r"\bfrom (?:one|several|this|every) viewpoints?\b", re.IGNORECASE)),
)
_MOST_CHECKED = 4
_FOR_ANYTHING: frozenset[Form] = frozenset({"plain", "insight", "graded", "verdicts"})


@dataclass(frozen=True, slots=True)
class Section:
    """A part of an answer: statements under a heading, or without one."""

    heading: str
    statements: tuple[Statement, ...]


def find(wishes: str) -> Form:
    """Return the shape that a prompt describes; plain when it describes none that is known."""
    return next((form for form, sign in _SIGNS if sign.search(wishes)), "plain")


def lay_out(form: Form, stock: Stock, asked: Matter, *, viewpoint: str | None) -> list[Section]:
    """Arrange what a model says. A matter of knowledge has no stakeholders or futures: it is told plainly."""
    if asked.genre in ("fact", "summary") or (form not in _FOR_ANYTHING and asked.genre not in PRACTICAL):
        form = "plain"
    sections = _LAYOUTS[form](stock, asked, (viewpoint or "").lower())
    return [section for section in sections if section.statements]


def _told(texts: Iterable[str]) -> tuple[Statement, ...]:
    return tuple(Statement(text) for text in texts if text)


def _filled(entry: Statement, asked: Matter) -> Statement:
    """Set the question's words into an entry of `frames`."""
    text = fill(entry.text, asked)
    notes = {name: fill(note, asked) for name, note in entry.notes.items()}
    return replace(entry, text=text if entry.lead else capitalised(text), notes=notes)


def _chosen(entries: Mapping[str, Statement], view: str, asked: Matter) -> tuple[Statement, ...]:
    """Return the entry that belongs to a viewpoint, or all when there is none."""
    keys = [key for key in entries if key in view] or list(entries)
    return tuple(_filled(entries[key], asked) for key in keys)


def _different(notes: Sequence[str], texts: Sequence[str]) -> list[str]:
    """Choose a note for each text by its words, and none twice while there are others."""
    chosen: list[str] = []
    for text in texts:
        ranked = shuffle(notes, text)
        chosen.append(next((note for note in ranked if note not in chosen), ranked[0]))
    return chosen


def _plain(stock: Stock, asked: Matter, view: str) -> list[Section]:
    del asked, view
    plain, conceded = stock.turn
    return [Section("", _told(conceded if plain and each == plain else each for each in stock.everything))]


def _insight(stock: Stock, asked: Matter, view: str) -> list[Section]:
    del asked, view
    hunch = stock.contested or next(iter(stock.own), "")
    first = stock.position or next(iter(stock.shared), "")
    others = [each for each in stock.shared if each != first]
    second = pick(others, *stock.own) if others else ""
    guess = f"Only a hunch: {hunch[:1].lower()}{hunch[1:]}" if hunch else ""
    return [Section("", _told((first, second, guess)))]


def _graded(stock: Stock, asked: Matter, view: str) -> list[Section]:
    del asked, view

    def based(grade: str, texts: Sequence[str]) -> Section:
        said = [text for text in texts if text]
        bases = _different(frames.EVIDENCE[grade], said)
        return Section(
            grade, tuple(Statement(text, notes={"Evidence": base}) for text, base in zip(said, bases, strict=True))
        )

    return [
        Section("", _told((stock.position,))),
        based("Well supported", stock.shared[:2]),
        based("Probable", stock.shared[2:]),
        based("Uncertain", (stock.contested, *stock.own)),
    ]


def _verdicts(stock: Stock, asked: Matter, view: str) -> list[Section]:
    del asked, view
    said = (*stock.shared, *stock.own)[:_MOST_CHECKED]
    reasons = _different(frames.REASONS, said)
    right = [
        Statement(text, lead="Right", notes={"Reason": reason}) for text, reason in zip(said, reasons, strict=True)
    ]
    doubt = [Statement(stock.contested, lead="Cannot be checked here", notes={"Reason": frames.UNCHECKED})]
    return [Section("", _told((stock.position,))), Section("Checked", (*right, *(doubt if stock.contested else [])))]


def _roadmap(stock: Stock, asked: Matter, view: str) -> list[Section]:
    own = [key for key in frames.TERMS if f"{key} term" in view]
    contested = (stock.contested,) if stock.contested else ()
    if asked.genre == "plan":
        third = max(len(stock.shared) // 3, 1)
        parts = (stock.shared[:third] + contested, stock.shared[third:-third], stock.shared[-third:])
        terms = dict(zip(frames.TERMS, parts, strict=True))
    else:
        terms = {key: tuple(fill(text, asked) for text in texts) for key, texts in frames.TERMS.items()}
        terms = {key: texts if not own or key in own else texts[:1] for key, texts in terms.items()}
    reasons = () if asked.genre == "plan" else stock.shared[:3] + contested
    return [
        Section("", _told((stock.position, *reasons))),
        *(Section(frames.TERM_NAMES[key], _told(texts)) for key, texts in terms.items()),
        Section("Trade-offs", _told((frames.TRADE_OFF,))),
    ]


def _futures(stock: Stock, asked: Matter, view: str) -> list[Section]:
    return [
        Section("", _told((stock.position,))),
        Section("Futures", _chosen(frames.FUTURES, view.partition(":")[0], asked)),
        Section("In any case", _told((*stock.shared[:4], stock.contested))),
    ]


def _affected(stock: Stock, asked: Matter, view: str) -> list[Section]:
    return [
        Section("Who is affected", _chosen(frames.AFFECTED, view, asked)),
        Section("Conflicts", _told(frames.CONFLICTS[:1] if view else frames.CONFLICTS)),
        Section("Recommendation", _told((stock.position, *stock.shared[:3], stock.contested))),
    ]


def _causal(stock: Stock, asked: Matter, view: str) -> list[Section]:
    own = [key for key in frames.LINKS if key in view] or list(frames.LINKS)
    parts = {
        key: tuple(fill(text, asked) for text in (texts if key in own else texts[:1]))
        for key, texts in frames.LINKS.items()
        if key in own or key == "component"
    }
    return [
        Section("", _told((stock.position,))),
        *(Section(frames.LINK_NAMES[key], _told(texts)) for key, texts in parts.items()),
        Section("What follows", _told((*stock.shared[:3], stock.contested))),
    ]


def _improvements(stock: Stock, asked: Matter, view: str) -> list[Section]:
    weak, good = (1, 2) if "defence" in view else (3, 0) if "advocate" in view else (2, 1)
    return [
        Section("", _told((stock.position,))),
        Section("Weaknesses", tuple(_filled(each, asked) for each in frames.WEAKNESSES[:weak])),
        Section("What is good", _told(fill(each, asked) for each in frames.STRENGTHS[:good])),
        Section("What bears on it", _told((*stock.shared[:3], stock.contested))),
    ]


def _viewpoints(stock: Stock, asked: Matter, view: str) -> list[Section]:
    seen = _chosen(frames.VIEWPOINTS, view.partition(",")[0], asked)
    return [
        Section("", _told((stock.position,))),
        Section("What weighs", seen if view else seen[:3]),
        Section("What holds from every side", _told((*stock.shared[:4], stock.contested))),
    ]


def _analogies(stock: Stock, asked: Matter, view: str) -> list[Section]:
    cases = _chosen(frames.ANALOGIES, view.partition(":")[0], asked)
    return [
        Section("", _told((stock.position,))),
        Section("Ideas from elsewhere", cases if view else cases[:2]),
        Section("What to keep in mind", _told((*stock.shared[:3], stock.contested))),
    ]


_LAYOUTS: Mapping[Form, Callable[[Stock, Matter, str], list[Section]]] = {
    "plain": _plain, "insight": _insight, "graded": _graded, "verdicts": _verdicts, "roadmap": _roadmap,
    "futures": _futures, "affected": _affected, "causal": _causal, "improvements": _improvements,
    "viewpoints": _viewpoints, "analogies": _analogies,
}  # fmt: skip
