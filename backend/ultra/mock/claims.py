"""Decides what a scripted model says about an open question: which statements it shares, and which are its own."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ultra.mock import facts, generalities, matter, topics
from ultra.mock.chance import share, shuffle
from ultra.mock.likeness import sense, shared
from ultra.mock.matter import Matter
from ultra.mock.peers import sentences
from ultra.mock.phrases import capitalised
from ultra.mock.reading import Reading

_KEPT = 0.85
_DISSENT = 0.2
_CONTRARY = 0.15
_TURNED = 0.35
_TALKATIVE = 0.5
_MOST = 8
_MOST_QUOTED = 3
_BEYOND = "Anything beyond that would be a guess."
_TEXT_AFTER = re.compile(r"(?:summari[sz]e|shorten|tl;?dr|summary)[^:\n]{0,80}[:\n]\s*(.+)", re.IGNORECASE | re.DOTALL)
_SUMMARY_SENTENCES = 3


@dataclass(frozen=True, slots=True)
class Stock:
    """What a model has to say: its position, what most models say, a point on which a few differ, and its own.

    `turn` is the first of the shared statements that speaks against the position, and how prose concedes it.
    """

    position: str = ""
    shared: tuple[str, ...] = ()
    contested: str = ""
    own: tuple[str, ...] = ()
    turn: tuple[str, str] = ("", "")

    @property
    def everything(self) -> tuple[str, ...]:
        """All of it, in the order of telling."""
        return tuple(each for each in (self.position, *self.shared, self.contested, *self.own) if each)


def about(reading: Reading) -> Matter:
    """Return what the question is about."""
    return matter.find(reading.question, earlier=reading.earlier or "")


def gather(reading: Reading, asked: Matter, *, model: str, seed: str) -> Stock:
    """Collect what this model says: most of what all know, one contested point, and one or two points of its own."""
    if asked.genre == "summary":
        return Stock(shared=tuple(_summary(reading)))
    quoted = tuple(_quotations(reading))
    if quoted and asked.genre in ("explanation", "fact"):
        return Stock(shared=quoted, own=(_BEYOND,))
    topic = topics.find(reading.question) or topics.find(reading.earlier or "")
    known = topic or generalities.BY_GENRE.get(asked.genre) or generalities.BY_GENRE["explanation"]
    subject = "/".join(topic.terms) if topic else " ".join(reading.question.lower().split())[:500]
    voice = _Voice(asked, model, seed, subject)
    stand = position(asked, topic, model=model, seed=seed)
    kept = [template for index, template in enumerate(known.shared) if voice.keeps(index)]
    shared, contrary = voice.argued(kept, topic) if stand else ([voice.word(each) for each in kept], "")
    facts_named = [] if topic else [fact.sentence for fact in facts.related(reading.question)]
    contested = pick_contested(known.contested, model=model, seed=seed, subject=subject)
    extra = shuffle(known.extra, seed, model, subject)
    room = _MOST - len(kept) - bool(stand) - bool(contested)
    return Stock(
        position=stand,
        shared=(*quoted, *facts_named, *(voice.ordered(shared) if asked.genre == "explanation" else shared)),
        contested=voice.word(contested) if contested else "",
        own=tuple(
            voice.word(template)
            for template in extra[: 2 if room > 1 and share(seed, "long", model) < _TALKATIVE else 1]
        ),
        turn=(contrary, f"Still, {voice.continued(contrary)}"),
    )


def position(asked: Matter, topic: topics.Topic | None, *, model: str, seed: str) -> str:
    """Return the stand a model takes, as a sentence; empty where the question calls for none."""
    known = generalities.BY_GENRE.get(asked.genre)
    if known is None or known.stance is None:
        return ""
    stance = known.stance[0 if leans(asked, topic, model=model, seed=seed) else 1]
    return _Voice(asked, model, seed, asked.act).word(stance)


def leans(asked: Matter, topic: topics.Topic | None, *, model: str, seed: str) -> bool:
    """Is this model for it? Most models lean the same way, a few dissent."""
    subject = f"{asked.act} {asked.who}".lower()
    known = topic.leans if topic is not None else None
    usual = known if known is not None else share(seed, "lean", subject) < 0.6
    return usual != (share(seed, "dissent", model, subject) < _DISSENT)


def pick_contested(pair: tuple[str, str], *, model: str, seed: str, subject: str) -> str:
    """Return the usual statement, or what a contrary model says instead."""
    return pair[share(seed, "contrary", model, subject) < _CONTRARY]


def fill(template: str, asked: Matter) -> str:
    """Set a question's own words into a sentence."""
    words = {"s": asked.subject, "act": asked.act, "who": asked.who}
    if asked.sides is not None:
        words |= {"a": asked.sides[0], "b": asked.sides[1]}
    for name, phrase in words.items():
        template = template.replace(f"{{{name}}}", phrase)
        template = template.replace(f"{{{name[:1].upper()}{name[1:]}}}", capitalised(phrase))
    return template


@dataclass(frozen=True, slots=True)
class _Voice:
    """How one model chooses and words what it says about one subject."""

    asked: Matter
    model: str
    seed: str
    subject: str

    def keeps(self, index: int) -> bool:
        """Say whether the model mentions this statement; the first one always."""
        return index == 0 or share(self.seed, self.model, self.subject, str(index)) < _KEPT

    def word(self, template: str) -> str:
        """Use the first wording mostly, the second for models that like to turn a sentence round."""
        first, _, second = template.lstrip("+-").partition("||")
        turned = second and share(self.seed, "wording", self.model, first) < _TURNED
        return fill(second if turned else first, self.asked)

    def argued(self, templates: Sequence[str], topic: topics.Topic | None) -> tuple[list[str], str]:
        """Begin with what speaks for the own position, end with what does not; return also the first of the latter."""
        is_for = leans(self.asked, topic, model=self.model, seed=self.seed)
        own, contrary = ("+", "-") if is_for else ("-", "+")
        fitting = [self.word(each) for each in templates if each.startswith(own)]
        neutral = [self.word(each) for each in templates if not each.startswith(("+", "-"))]
        against = [self.word(each) for each in templates if each.startswith(contrary)]
        return [*fitting, *neutral, *against], against[0] if against else ""

    def continued(self, sentence: str) -> str:
        """Write a sentence on after a comma: in lower case, unless it begins with a name that the question has."""
        is_name = sentence.split(" ", 1)[0] in f"{self.asked.act} {self.asked.subject}".split()
        return sentence if is_name else f"{sentence[:1].lower()}{sentence[1:]}"

    def ordered(self, said: Sequence[str]) -> list[str]:
        """Move one point forward, for some models."""
        said = list(said)
        if len(said) > 2 and share(self.seed, "order", self.model, self.subject) < _TURNED:
            at = 1 + int(share(self.seed, "moved", self.model, self.subject) * (len(said) - 2))
            said[at], said[at + 1] = said[at + 1], said[at]
        return said


def _quotations(reading: Reading) -> list[str]:
    """Return what the documents that were given along say about the question."""
    asked = sense(reading.question)
    said = [(document.name, each) for document in reading.documents for each in sentences(document.text[:20_000])[:80]]
    ranked = sorted(said, key=lambda pair: -shared(sense(pair[1]), asked))[:_MOST_QUOTED]
    return [f"According to {name}: {text.rstrip('.')}." for name, text in ranked]


def _summary(reading: Reading) -> list[str]:
    """Return the sentences of a text that share most words with the rest of it, in their order."""
    texts = [block.text for block in reading.documents]
    found = _TEXT_AFTER.search(reading.question)
    said = [each for text in (texts or [found.group(1) if found else reading.question]) for each in sentences(text)][
        :60
    ]
    senses = [sense(each) for each in said]
    weights = [sum(shared(one, other) for other in senses) + (index == 0) for index, one in enumerate(senses)]
    best = sorted(range(len(said)), key=lambda index: -weights[index])[:_SUMMARY_SENTENCES]
    return [said[index] for index in sorted(best)] or ["There is no text to shorten."]
