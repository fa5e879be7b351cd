"""What an open question is about: which kind of answer it wants, and the words to speak about its subject."""

import re
from dataclasses import dataclass
from typing import Literal, TypeAlias

from ultra.mock import phrases
from ultra.mock.phrases import VERBS, as_answered, gerund, noun_phrase, subject_words, trimmed

Genre: TypeAlias = Literal[
    "decision", "plan", "comparison", "weighing", "explanation", "fact", "summary", "composition"
]  # fmt: skip

PRACTICAL: frozenset[Genre] = frozenset({"decision", "plan", "comparison", "weighing"})
"""Questions about something to be done: it has people concerned, a course and a cost."""

_ASKER = r"(?:i|we|you|one)"
_COMMON_VERBS = "|".join(sorted(VERBS, key=len, reverse=True))
_VERB = rf"(?P<verb>{_COMMON_VERBS})"
_REST = r"(?P<rest>\b[^.?!;:\n]*)"
_SHOULD = (
    re.compile(
        rf"(?<!how )\bshould\s+(?P<who>{_ASKER})\s+(?:really |still |now )?(?P<verb>[a-z]+){_REST}", re.IGNORECASE
    ),
    re.compile(rf"(?<!how )\bshould\s+(?P<who>[^.?!;:\n]{{1,60}}?)\s+{_VERB}{_REST}", re.IGNORECASE),
)
_WHICH = re.compile(r"\b(?:which|what)\s+(?P<thing>[\w -]{3,40}?)\s+should\b", re.IGNORECASE)
_WORTH = re.compile(
    r"\b(?:is|are|would) (?:it|now) (?:be )?(?:\w+ )?(?:worth|wise|better|a good idea|time|advisable|safe)\s+"
    rf"(?:for (?P<who>[\w -]{{2,40}}?) )?(?:to\s+{_VERB}|(?P<act>\w+ing)){_REST}",
    re.IGNORECASE,
)
_SIDES = (
    re.compile(r"\bcompare\s+(?P<a>.{2,60}?)\s+(?:and|with|to|against|versus|vs\.?)\s+(?P<b>[^.?!;:,\n]{2,60})", re.I),
    re.compile(r"\b(?:between)\s+(?P<a>.{2,60}?)\s+and\s+(?P<b>[^.?!;:,\n]{2,60})", re.I),
    re.compile(r"(?:^|[:,]\s*|\bof\s+)(?P<a>[\w.+# -]{1,40}?)\s+(?:vs\.?|versus)\s+(?P<b>[\w.+# -]{1,40})", re.I),
    re.compile(r"\b(?:is|are)\s+(?P<a>[\w.+# -]{1,40}?)\s+(?:better|worse)\s+than\s+(?P<b>[\w.+# -]{1,40})", re.I),
)  # fmt: skip
_PURPOSE = re.compile(r"\s+(?:for|in|when|on|as|regarding|with)\s.*$", re.IGNORECASE)
_OR = re.compile(r"^(?P<a>.{2,50}?)\s+or\s+(?P<b>.{2,50})$", re.IGNORECASE)
_PLAN = (
    re.compile(
        r"\b(?:plan|roadmap|strategy|checklist|procedure|schedule|steps?|guide|way)\s+(?:\w+\s+)?(?:to|of|for)\s+"
        rf"(?:{_VERB}|(?P<act>\w+ing\b)){_REST}",
        re.IGNORECASE,
    ),
    re.compile(
        rf"\bhow\s+(?:do|can|could|should|would|might|must)\s+{_ASKER}\s+(?:best )?(?P<verb>[a-z]+){_REST}",
        re.IGNORECASE,
    ),
    re.compile(rf"\bhow\s+(?:can|could|should|would|might|must)\s+[\w -]{{2,40}}?\s+{_VERB}{_REST}", re.IGNORECASE),
    re.compile(rf"\bhow\s+to\s+(?P<verb>[a-z]+){_REST}", re.IGNORECASE),
)
_PLAN_FOR = re.compile(
    r"\b(?:plan|roadmap|strategy|checklist|schedule|ideas?|tips|suggestions)\s+(?:for|of)\s+(?P<thing>[^.?!;:\n]{3,80})|"
    r"^\s*(?:please\s+)?plan\s+(?P<thing2>[^.?!;:\n]{3,80})",
    re.IGNORECASE,
)
_WEIGHED = re.compile(
    r"\b(?:pros and cons|advantages(?: and disadvantages)?|benefits|drawbacks|risks|trade-?offs|consequences"
    r"|(?:impact|effects?)|strengths and weaknesses)\s+of\s+(?P<thing>[^.?!;:\n]{2,80})|"
    r"\b(?:evaluate|assess|analy[sz]e|critique|review|discuss|(?:would|do) you recommend"
    r"|what do you think (?:of|about))\s+(?P<thing2>[^.?!;:\n]{2,80})",
    re.IGNORECASE,
)
_SUMMARY = re.compile(r"\b(?:summari[sz]e|summary of|shorten|tl;?dr)\b", re.IGNORECASE)
_COMPOSITION = re.compile(
    r"\b(?:write|compose|draft)\s+(?:me\s+)?(?:an?\s+)?(?:\w+\s+){0,2}?(?P<kind>haiku|poem|limerick|story|e-?mail|letter)\b"
    r"(?:\s+to\s+(?P<who>[^.?!;:\n]{2,40}?)(?=\s+about\b|[.?!;:\n]|$))?"
    r"(?:\s+(?:about|on|for|of)\s+(?P<thing>[^.?!;:\n]{2,80}))?",
    re.IGNORECASE,
)
_FACT = re.compile(
    r"^\W*(?:who|whose|whom|when|where|which|in which|what year|on what"
    r"|how (?:many|much|old|tall|far|long|fast|deep|heavy|big)"
    r"|what(?:'s| is| was| are) the (?:\w+ )?(?:name|date|year|population|height|length|area|distance|price|cost|weight"
    r"|age|number|currency|capital|symbol|address|score|temperature))\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Matter:
    """The subject of an open question. `act` is something one does (`adopting microservices`), else the `subject`."""

    genre: Genre
    subject: str
    act: str
    who: str = "those concerned"
    sides: tuple[str, str] | None = None
    kind: str = ""
    """Of a composition: `poem`, `email`, ..."""


def find(question: str, *, earlier: str = "") -> Matter:
    """Return what a question is about; a question that names nothing is about what the `earlier` one was about."""
    plain = " ".join(phrases.unquoted(question[:2000]).split())
    for recognise in (_composed, _summed, _compared, _decided, _planned, _weighed):
        found = recognise(plain)
        if found is not None:
            return found
    thing = noun_phrase(plain)
    if not thing and earlier:
        return find(earlier)
    if _FACT.search(plain):
        thing = " ".join(subject_words(plain)) or thing
        return Matter("fact", thing, thing)
    return Matter("explanation", thing or "this matter", thing or "this matter")


def _composed(plain: str) -> Matter | None:
    found = _COMPOSITION.search(plain)
    if found is None:
        return None
    thing = trimmed(found["thing"] or "") or "an ordinary day"
    who = as_answered(found["who"] or "all")
    return Matter("composition", as_answered(thing), thing, who, kind=found["kind"].lower().replace("-", ""))


def _compared(plain: str) -> Matter | None:
    for pattern in _SIDES:
        if found := pattern.search(plain):
            return _between(found["a"], found["b"])
    return None


def _between(one: str, other: str) -> Matter:
    sides = (trimmed(one), _PURPOSE.sub("", trimmed(other)))
    both = f"{sides[0]} and {sides[1]}"
    return Matter("comparison", both, f"choosing between {both}", sides=sides)


def _decided(plain: str) -> Matter | None:
    if found := _WHICH.search(plain):
        thing = trimmed(found["thing"])
        return Matter("plan", thing, f"choosing the {thing}", "you")
    found = next((match for pattern in (*_SHOULD, _WORTH) if (match := pattern.search(plain))), None)
    if found is None:
        return None
    rest = trimmed(found["rest"])
    if sides := _OR.match(rest):
        return _between(sides["a"], sides["b"])
    who = as_answered(found["who"] or "you")
    verb = (found["verb"] or "").lower()
    if verb == "be" and who not in ("you", "they"):
        return Matter("decision", who, f"having {who} {as_answered(rest)}")
    act = (found.groupdict().get("act") or gerund(verb)).lower()
    act = f"{act} {as_answered(rest)}".strip()
    return Matter("decision", noun_phrase(rest) or act, act, who)


def _planned(plain: str) -> Matter | None:
    for pattern in _PLAN:
        if found := pattern.search(plain):
            act = (found.groupdict().get("act") or gerund((found["verb"] or "").lower())).lower()
            rest = as_answered(trimmed(found["rest"]))
            return Matter("plan", noun_phrase(rest) or f"{act} {rest}".strip(), f"{act} {rest}".strip(), "you")
    if found := _PLAN_FOR.search(plain):
        thing = as_answered(trimmed(found["thing"] or found["thing2"]))
        return Matter("plan", noun_phrase(thing) or thing, thing, "you")
    return None


def _summed(plain: str) -> Matter | None:
    if _SUMMARY.search(plain) is None:
        return None
    words = " ".join(subject_words(plain)) or "the text"
    return Matter("summary", words, words)


def _weighed(plain: str) -> Matter | None:
    found = _WEIGHED.search(plain)
    if found is None:
        return None
    thing = as_answered(trimmed(found["thing"] or found["thing2"]))
    return Matter("weighing", thing, thing)
