"""What a closed question was answered with: typed values, parsed from text by code, never by a model.

A parser returns None rather than guess. Two answers agree when their values are the same; wording does not count.
"""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from ultra.analysis.numbers import Number, number_meant

ValueKind: TypeAlias = Literal["number", "choice", "boolean", "date", "json", "text"]

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = r"(jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*\.?"
_DECORATION = " \t*_`\"'\u201c\u201d\u2018\u2019"
_MARKED = (
    re.compile(r"\\boxed\{([^{}\n]{1,200})\}"),
    re.compile(r"^[ \t]*####[ \t]*(\S[^\n]{0,199})$", re.MULTILINE),
    re.compile(
        r"^[^\w\n]{0,12}_{0,2}(?:(?:my|the|so|in short|final|short|correct)[ ,]{1,3}){0,4}"
        r"(?:answer|vote|verdict|result|conclusion)[*_`]*"
        r"[ \t]*[:=][ \t*_`]*(\S[^\n]{0,199})$",
        re.IGNORECASE | re.MULTILINE,
    ),
    re.compile(r"\banswer(?: here)? (?:is|=)[: ]*([^\n]{1,200}?)(?:[.!](?:\s|$)|\n|$)", re.IGNORECASE),
)
_BARE_NUMBER = re.compile(r"[-\u2212$€£~\u2248 ]*\d[\d.,/ \u202f\u00a0]*(?:[eE][-+]?\d+)?[ ]*[%\w$€£°²³]*")
_END = 4000
"""Characters of each end of an answer that are searched for a value."""
_MOST_SHORT_WORDS = 12
_MOST_TELLING_WORDS = 4
"""An unmarked answer with more words of its own is prose."""
_FILLERS = frozenset({"is", "are", "was", "were", "it", "its", "he", "she", "they", "this", "that", "of", "in", "at"})
"""Words that tell two short answers apart only by their grammar: `Paris`, `It is Paris`."""


@dataclass(frozen=True, slots=True)
class Value:
    """One parsed value. `shown` is for people; texts are compared by their `key`, numbers as numbers."""

    kind: ValueKind
    shown: str
    number: Number | None = None
    key: str | None = None

    def same(self, other: "Value") -> bool:
        """Do both say the same?"""
        if self.number is not None and other.number is not None:
            return self.number.same(other.number)
        return self.kind == other.kind and (self.key or self.shown) == (other.key or other.shown)


def marked_answer(text: str) -> str | None:
    """Return what the answer itself marks as final (`Answer: 42`, `#### 42`, a box), the last such mark; else None."""
    found = [match for pattern in _MARKED for match in pattern.finditer(text)]
    if not found:
        return None
    marked = max(found, key=lambda match: match.start())[1].strip(_DECORATION)
    return marked.rstrip(".").strip(_DECORATION) or None


def parse(kind: ValueKind, text: str, question: str) -> Value | None:
    """Read a value of that kind from an answer to `question`; None when there is none, or not clearly one.

    Of a very long answer only the beginning and the end are read, but for JSON.
    """
    if len(text) > 2 * _END and kind != "json":
        text = f"{text[:_END]}\n{text[-_END:]}"
    return _PARSERS[kind](text, question)


# --- choice -----------------------------------------------------------------------------------------------------------


def options_of(question: str) -> Mapping[str, str]:
    """Return the offered options by letter (`A` ... in unbroken order, at least two), or nothing."""
    lines = re.findall(r"^[ \t]*[(\[]?([A-Z])[)\].:][ \t]+(\S[^\n]*)$", question, flags=re.MULTILINE)
    found = lines or re.findall(r"\(([A-Z])\)[ \t]*([^()\n]{1,300}?)(?=[,;.]?[ \t]{0,9}(?:\([A-Z]\)|$|\n))", question)
    options: dict[str, str] = {}
    for letter, text in found:
        if letter == chr(ord("A") + len(options)):
            options[letter] = _option(text)
    return options if len(options) >= 2 else {}


def _option(text: str) -> str:
    words = text[:300].strip(" \t,;.?!")
    return words.removesuffix(" or").rstrip(" \t,;.?!")


def _choice(text: str, question: str) -> Value | None:
    options = options_of(question)
    allowed = "".join(options) or "A-J"
    marked = marked_answer(text)
    for part in (marked, text):
        if part is None:
            continue
        opening = re.match(
            rf"[\s*_(\[`]*(?:option |choice )?([{allowed}])(?:[\s*_`]*$|[)\].:,*_`]|\s*[-\u2013\u2014])", part
        )
        if opening:
            return Value("choice", opening[1])
    named = {letter for letter, option in options.items() if _plain(option) == _plain(marked or text)}
    named = named or set(re.findall(rf"\b(?:[Oo]ption|[Cc]hoice|[Aa]nswer(?: is)?) \(?([{allowed}])\b", text))
    return Value("choice", named.pop()) if len(named) == 1 else None


# --- the others


def _number(text: str, question: str) -> Value | None:
    number = number_meant(text, question, marked=marked_answer(text))
    return None if number is None else Value("number", str(number), number)


def _boolean(text: str, question: str) -> Value | None:
    del question
    found = re.match(r"[\W_]*(yes|no|true|false|correct|incorrect)\b", marked_answer(text) or text, re.IGNORECASE)
    if found is None:
        return None
    return Value("boolean", "yes" if found[1].lower() in ("yes", "true", "correct") else "no")


def _date(text: str, question: str) -> Value | None:
    part = marked_answer(text) or text
    dates = {_iso(match) for match in _DATES.finditer(part)}
    if re.search(r"\byear\b", question, re.IGNORECASE) or not dates:
        years = set(re.findall(r"\b(1\d{3}|20\d{2})\b", part)) - set(re.findall(r"\b(1\d{3}|20\d{2})\b", question))
        dates = years if len(years) == 1 else set()
    return Value("date", dates.pop()) if len(dates) == 1 else None


_DATES = re.compile(
    rf"\b(?P<y1>\d{{4}})-(?P<m1>\d{{2}})-(?P<d1>\d{{2}})\b"
    rf"|\b(?P<d2>\d{{1,2}})(?:st|nd|rd|th)?(?: of)? (?P<m2>{_MONTH}),? (?P<y2>\d{{4}})\b"
    rf"|\b(?P<m3>{_MONTH}) (?P<d3>\d{{1,2}})(?:st|nd|rd|th)?,? (?P<y3>\d{{4}})\b",
    re.IGNORECASE,
)


def _iso(match: re.Match[str]) -> str:
    year = match["y1"] or match["y2"] or match["y3"]
    day = match["d1"] or match["d2"] or match["d3"]
    name = match["m2"] or match["m3"]
    month = int(match["m1"]) if match["m1"] else _MONTHS.index(name[:3].lower()) + 1
    return f"{int(year):04d}-{month:02d}-{int(day):02d}"


def _json(text: str, question: str) -> Value | None:
    del question
    fenced = re.search(r"```(?:json)?\s*\n(.*?)\n```", text, re.DOTALL)
    try:
        value: Any = json.loads(fenced[1] if fenced else text)
    except (ValueError, RecursionError):
        return None
    return Value("json", json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":")))


def is_short(text: str) -> bool:
    """Is an answer nothing but a value: one line of a few words, or one marked as final that is?"""
    words = (marked_answer(text) or text).split()
    return 0 < len(words) <= _MOST_SHORT_WORDS


def is_nothing_but(kind: ValueKind, text: str) -> bool:
    """Is a short text just one value of that kind, perhaps with a unit?"""
    if kind == "boolean":
        return text.strip(_DECORATION).rstrip(".").lower() in ("yes", "no", "true", "false")
    if kind == "number":
        return _BARE_NUMBER.fullmatch(text) is not None
    return parse(kind, text, "") is not None


def _text(text: str, question: str) -> Value | None:
    """Read what is marked, else what the sentence nearest to the question adds to its words, if that is short."""
    marked = marked_answer(text)
    asked = {*_words(question.casefold()), *_FILLERS}
    said = marked or _nearest_sentence(text, asked)
    telling = [word for word in _words(said) if word.casefold() not in asked] or _words(said)
    if not telling or (marked is None and len(telling) > _MOST_TELLING_WORDS):
        return None
    return Value("text", marked or " ".join(telling), key=" ".join(telling).casefold())


def _nearest_sentence(text: str, asked: set[str]) -> str:
    """Return the sentence that shares most words with the question, the last of equals."""
    sentences = [each for each in re.split(r"(?<=[.!?])\s+|\n+", text) if each.strip()]
    shared = [len(asked.intersection(_words(each.casefold()))) for each in sentences]
    return sentences[max(range(len(sentences)), key=lambda index: (shared[index], index))] if sentences else ""


def _words(text: str) -> list[str]:
    found: list[str] = re.findall(r"[^\W_]+(?:[-'.][^\W_]+)*", text)
    return [word for word in found if word.casefold() not in ("the", "a", "an")]


def _plain(text: str) -> str:
    return " ".join(_words(text.casefold()))


_PARSERS: Mapping[ValueKind, Callable[[str, str], Value | None]] = {
    "number": _number,
    "choice": _choice,
    "boolean": _boolean,
    "date": _date,
    "json": _json,
    "text": _text,
}
