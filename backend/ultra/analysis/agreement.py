"""Do the answers agree? Typed values are matched exactly where a question is closed; nothing is claimed elsewhere."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from ultra.analysis.quorum import is_unassailable
from ultra.analysis.values import Value, ValueKind, is_nothing_but, is_short, marked_answer, options_of, parse
from ultra.domain.analysis import Agreement, Answer, Question

OPEN = "none"
"""The `method` of an agreement that cannot be measured by exact matching."""

_WANTS_PROSE = re.compile(
    r"\b(why|explain|describe|discuss|compare|contrast|summari[sz]e|pros and cons|advantages|write|draft|suggest"
    r"|recommend|brainstorm|analy[sz]e|evaluate|should|how (?:do|can|should|would|might|does))\b",
    re.IGNORECASE,
)
_WANTS_YES_OR_NO = re.compile(r"\b(yes or no|yes/no|true or false|true/false)\b", re.IGNORECASE)
_WANTS_DATE = re.compile(
    r"\b((what|which) (exact )?(date|year|day)\b|when (was|were|did|is|are|will)\b)", re.IGNORECASE
)
_WANTS_NUMBER = re.compile(
    r"\b(how (many|much|old|tall|far|long|fast|deep|heavy)\b|calculate\b|compute\b|(what|which) (number|percentage)\b"
    r"|(sum|product|difference|quotient|square root|remainder) of\b)|\d\s*[-+*/\u00d7\u00f7^]\s*\d",
    re.IGNORECASE,
)


_MOST_WORDS = 80
_MARKED_KINDS: tuple[ValueKind, ...] = ("boolean", "number", "date")


@dataclass(frozen=True, slots=True)
class Side:
    """One value and the roles that gave it."""

    value: Value
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The answers to a closed question by value, the larger side first; `kind` None: the question is open.

    `heard` counts the answers that took a stand or could have: refusals are not among them, unclear answers are.
    """

    kind: ValueKind | None
    sides: tuple[Side, ...] = ()
    heard: int = 0

    @property
    def leader(self) -> Side | None:
        """The side with a majority of all who were heard, if there is one."""
        if not self.sides or 2 * len(self.sides[0].roles) <= self.heard:
            return None
        return self.sides[0]

    @property
    def is_unanimous(self) -> bool:
        """Did everybody who was heard, two at least, give the same value?"""
        return len(self.sides) == 1 and len(self.sides[0].roles) == self.heard > 1

    def is_decisive(self, asked: int) -> bool:
        """Is there a majority that those who did not answer could not have overturned?"""
        return is_unassailable([len(side.roles) for side in self.sides], asked=asked)


def substantive(answers: Sequence[Answer]) -> tuple[Answer, ...]:
    """Return the answers that say something: neither failed nor a refusal."""
    return tuple(each for each in answers if each.status == "ok" and each.finish_reason != "refusal")


def question_kind(question: Question) -> ValueKind | None:
    """Return what kind of value the question asks for, or None when its words do not say so plainly."""
    prompt = question.prompt
    if question.output.kind != "text":
        return "json"
    if options_of(prompt):
        return "choice"
    if _WANTS_YES_OR_NO.search(prompt):
        return "boolean"
    if not _is_factual(question):
        return None
    if _WANTS_DATE.search(prompt):
        return "date"
    return "number" if _WANTS_NUMBER.search(prompt) else None


def compare(question: Question, answers: Sequence[Answer], *, closed: bool = False) -> Comparison:
    """Sort answers by the value they give.

    The kind of value comes from the question, or from the values that answers mark as final (`Answer: ...`), or else
    short answers are compared as text. `closed` says that the question is known to be closed; then every answer is read
    as a short text at worst. Cut answers are heard but give no value: what they would have ended on is not known.
    Unless known to be closed, a question is open when fewer than two thirds of the answers give a value, when answers
    as JSON have no majority, and when the words of short answers have none.
    """
    heard = substantive(answers)
    whole = {each.role: each.text for each in heard if not each.cut and (closed or _may_be_read(each.text))}
    kind = question_kind(question) or _kind_marked(question, whole, len(heard))
    is_guess = kind is None
    if kind is None and heard and (closed or (_is_factual(question) and all(is_short(each.text) for each in heard))):
        kind = "text"
    if kind is None or not heard:
        return Comparison(None, heard=len(heard))
    values = {role: parse(kind, text, question.prompt) for role, text in whole.items()}
    found = Comparison(kind, _sides({role: value for role, value in values.items() if value}), len(heard))
    parsed = sum(len(side.roles) for side in found.sides)
    needs_majority = kind == "json" or is_guess
    is_open = 3 * parsed < 2 * len(heard) or (needs_majority and found.leader is None)
    return replace(found, kind=None, sides=()) if is_open and not closed else found


def _is_factual(question: Question) -> bool:
    return not _WANTS_PROSE.search(question.prompt) and question.prompt.count("?") <= 1


def _may_be_read(text: str) -> bool:
    """Prose is not searched for a value: what it ends on need not be its answer."""
    return marked_answer(text) is not None or len(text.split()) <= _MOST_WORDS


def _kind_marked(question: Question, texts: Mapping[str, str], heard: int) -> ValueKind | None:
    """Return the kind of the values that answers mark as final, if two thirds of those who were heard do so."""
    marks = [mark for text in texts.values() if (mark := marked_answer(text)) and is_short(mark)]
    if not marks or 3 * len(marks) < 2 * heard or not _is_factual(question):
        return None
    for kind in _MARKED_KINDS:
        if all(is_nothing_but(kind, mark) for mark in marks):
            return kind
    return "text"


def _sides(values: dict[str, Value]) -> tuple[Side, ...]:
    groups: list[tuple[Value, list[str]]] = []
    for role, value in sorted(values.items(), key=lambda each: (-_precision(each[1]), each[0])):
        home = next((group for group in groups if group[0].same(value)), None)
        if home is None:
            groups.append((value, [role]))
        else:
            home[1].append(role)
    order = sorted(groups, key=lambda group: (-len(group[1]), group[0].shown))
    return tuple(Side(value, tuple(sorted(roles))) for value, roles in order)


def _precision(value: Value) -> int:
    """Values with a unit, then finely written ones, lead their group, so that coarse ones join them."""
    return 0 if value.number is None else value.number.decimals + (1000 if value.number.dimension else 0)


def measured(comparison: Comparison, decided: Value | None) -> Agreement:
    """Return how many of the independent answers stand behind the `decided` value.

    Without a comparable value, or with a single answer, `value` is None: there is nothing to agree with.
    """
    if comparison.kind is None:
        return Agreement(None, 0, comparison.heard, OPEN)
    side = next((each for each in comparison.sides if decided is not None and each.value.same(decided)), None)
    supporters = len(side.roles) if side else 0
    value = supporters / comparison.heard if comparison.heard > 1 and decided is not None else None
    return Agreement(value, supporters, comparison.heard, f"exact:{comparison.kind}")
