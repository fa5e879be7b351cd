"""Whether two statements say the same or contradict each other, by their words: enough for a scripted model."""

import re
from dataclasses import dataclass

_WORD = re.compile(r"[^\W_]+(?:['’.,-][^\W_]+)*")
_NUMBER = re.compile(r"\d[\d.,]*\d|\d")
_SILENT = frozenset(
    re.findall(
        r"[\w']+",
        "the a an and or but nor so of in on at to for from with by as is are was were be been being it "
        "its this that these those they their them there then than also which what who whom whose when "
        "where while because therefore i you your we our my one ones do does did has have had can could "
        "may might will would should must just only even still too very both either each every all any "
        "some such other another into over under about between through during up down out off here if "
        "most mostly usually often yes",
    )
)
_NEGATIONS = frozenset(
    re.findall(r"[\w\']+", "not no never cannot nobody nothing neither nor isn't aren't don't doesn't can't won't")
)
_SLANTS = {
    **dict.fromkeys(("more", "rises", "rise", "increases", "increase", "higher", "faster", "grows", "right"), "up"),
    **dict.fromkeys(("less", "fewer", "falls", "fall", "decreases", "decrease", "lower", "slower", "wrong"), "down"),
}
_ENDINGS = ("ingly", "ing", "edly", "ed", "es", "ly", "s", "e")
_ALIKE = 0.6
_SHORTEST_STEM = 3


@dataclass(frozen=True, slots=True)
class Sense:
    """What is left of a statement when its grammar is taken away."""

    words: frozenset[str]
    numbers: frozenset[str]
    names: frozenset[str]
    """Words with a capital letter inside the sentence, or with several."""
    negated: bool
    slant: str | None
    """`up` or `down` where the statement says more or less of something, None where it says neither or both."""


def sense(text: str) -> Sense:
    """Return what a statement says, as far as words show it."""
    tokens = _WORD.findall(text[:600])
    plain = [token.lower().replace("’", "'") for token in tokens]
    slants = {_SLANTS[word] for word in plain if word in _SLANTS}
    return Sense(
        words=frozenset(
            _stem(word)
            for word in plain
            if word not in _SILENT and word not in _NEGATIONS and word not in _SLANTS and not _NUMBER.fullmatch(word)
        ),
        numbers=frozenset(found.replace(",", "") for found in _NUMBER.findall(text[:600])),
        names=frozenset(
            _stem(plain[index])
            for index, token in enumerate(tokens)
            if (token[0].isupper() and index > 0) or sum(char.isupper() for char in token) > 1
        ),
        negated=any(word in _NEGATIONS for word in plain),
        slant=slants.pop() if len(slants) == 1 else None,
    )


def alike(one: Sense, other: Sense) -> bool:
    """Do both say the same in their own words?"""
    return _is_about_the_same(one, other) and not _differ(one, other)


def contradict(one: Sense, other: Sense) -> bool:
    """Do both speak of the same, but with another number, another name, or with and without a `not`?"""
    return _is_about_the_same(one, other) and _differ(one, other)


def shared(one: Sense, other: Sense) -> float:
    """Return how much of their words two statements share, from 0 to 1."""
    total = len(one.words) + len(other.words)
    return 2 * len(one.words & other.words) / total if total else float(one.numbers == other.numbers)


def _is_about_the_same(one: Sense, other: Sense) -> bool:
    return shared(one, other) >= _ALIKE


def _differ(one: Sense, other: Sense) -> bool:
    return (
        one.negated != other.negated
        or bool(one.numbers and other.numbers and one.numbers != other.numbers)
        or bool(one.names - other.names - other.words and other.names - one.names - one.words)
        or (one.slant is not None and other.slant is not None and one.slant != other.slant)
    )


def _stem(word: str) -> str:
    for ending in _ENDINGS:
        if word.endswith(ending) and len(word) - len(ending) >= _SHORTEST_STEM:
            return word.removesuffix(ending)
    return word
