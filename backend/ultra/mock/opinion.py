"""What a scripted model holds to be true: mostly right, wrong where a hash of seed, model and question says so."""

import re
from dataclasses import dataclass

from ultra.mock import arithmetic, facts
from ultra.mock.chance import number, pick, share
from ultra.mock.reading import Option, Reading, final_value, sentences

_WEAK = re.compile(r"mini|nano|lite|flash|haiku|small|tiny|\b[1-9]b\b", re.IGNORECASE)
_STRONG = re.compile(r"opus|pro\b|ultra|large|max\b|fable|sonnet|gpt-[5-9]", re.IGNORECASE)
_PRIME = re.compile(r"\bprime\b", re.IGNORECASE)
_DISSENT = 0.25


@dataclass(frozen=True, slots=True)
class Opinion:
    """A model's answer to a closed question; `value` None marks an open one. `topic` names the question stably."""

    topic: str
    value: str | None = None
    sentence: str = ""
    steps: str = ""
    """How the model came to it, one sentence."""


def error_rate(model: str) -> float:
    """Return how often a model is wrong about what it should know: strong names seldom, small ones more often."""
    if _WEAK.search(model):
        return 0.16 + 0.08 * share("error", model)
    if _STRONG.search(model):
        return 0.02 + 0.04 * share("error", model)
    return 0.05 + 0.09 * share("error", model)


def form(reading: Reading, *, model: str, seed: str) -> Opinion:
    """Form an opinion on what was read: peers and a decided value outweigh own knowledge, except for a reviewer."""
    settled = None if reading.reviewing else reading.decided or reading.favourite
    if settled is not None:
        backing = _backing(reading, settled)
        return Opinion(f"settled:{settled}", settled, backing or f"The answer is {settled}.")
    if reading.options:
        return _choose(reading, model, seed)
    if reading.yes_no:
        return _say_yes_or_no(reading, model, seed)
    return _recall(reading.question, model, seed) or Opinion(_topic(reading.question))


def _backing(reading: Reading, value: str) -> str:
    """Return the reasons of the peer that says most in favour of a value."""
    bodies = [
        " ".join(sentences(peer.text))
        for peer in reading.peers
        if (final_value(peer.text) or "").casefold().rstrip(".") == value.casefold().rstrip(".")
    ]
    return max(bodies, key=len, default="")


def _is_wrong(topic: str, model: str, seed: str) -> bool:
    return share(seed, model, topic) < error_rate(model)


def _topic(question: str) -> str:
    return " ".join(question.lower().split())[:500]


def _recall(question: str, model: str, seed: str) -> Opinion | None:
    """Return what the model answers to a sum or a question about a fact; None when it is neither."""
    found = arithmetic.find(question)
    if found is not None:
        topic = f"sum:{found.expression}"
        value = found.answer
        if _is_wrong(topic, model, seed):
            value = _miscalculate(found, model, seed)
        return Opinion(
            topic,
            value,
            f"{found.expression} = {value}.",
            f"Working out {found.expression} step by step gives {value}.",
        )
    fact = facts.find(question)
    if fact is None:
        return None
    if not _is_wrong(fact.key, model, seed):
        return Opinion(fact.key, fact.value, fact.sentence, "This is well documented.")
    wrong = pick(fact.wrong, seed, model, fact.key)
    return Opinion(fact.key, wrong, fact.sentence.replace(fact.value, wrong), "This is what I recall.")


def _miscalculate(found: arithmetic.Sum, model: str, seed: str) -> str:
    slip = pick((1, -1, 10, -10, 100), seed, model, found.expression)
    return arithmetic.write(found.value + slip)


def _choose(reading: Reading, model: str, seed: str) -> Opinion:
    """Pick an option: the one that says the known value, else one the question's hash prefers."""
    known = arithmetic.find(reading.question)
    fact = facts.find(reading.question) if known is None else None
    value = known.answer if known else fact.value if fact else None
    options = reading.options
    topic = f"choice:{_topic(reading.question)}"
    right = next((option for option in options if value is not None and _says(option.text, value)), None)
    if right is None and _PRIME.search(reading.question):
        right = next((option for option in options if _is_prime(option.text)), None)
    if right is None:
        right = options[number(seed, topic) % len(options)]
    chosen: Option = right
    if _is_wrong(topic, model, seed):
        chosen = pick([option for option in options if option != right], seed, model, topic)
    sentence = f"Option {chosen.letter}, {chosen.text.rstrip('.')}, fits the question best."
    return Opinion(topic, chosen.letter, sentence, "I compared the options one by one.")


def _say_yes_or_no(reading: Reading, model: str, seed: str) -> Opinion:
    question = reading.question
    topic = f"closed:{_topic(question)}"
    fact = facts.find(question)
    if fact is not None:
        agrees = _says(question, fact.value) != _is_wrong(topic, model, seed)
        sentence = fact.sentence if agrees == _says(question, fact.value) else "The usual sources say otherwise."
    else:
        agrees = (share(seed, topic) < 0.5) != (share(seed, model, topic) < _DISSENT)
        reason = "the evidence for it is stronger" if agrees else "the evidence against it is stronger"
        sentence = f"On balance {reason}."
    words = ("True", "False") if reading.truth else ("Yes", "No")
    return Opinion(topic, words[0] if agrees else words[1], sentence, "I weighed what speaks for it and against it.")


def _is_prime(text: str) -> bool:
    if not text.isdecimal() or len(text) > 6:
        return False
    value = int(text)
    return value > 1 and all(value % divisor for divisor in range(2, int(value**0.5) + 1))


def _says(text: str, value: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text, re.IGNORECASE) is not None
