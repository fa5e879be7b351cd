"""What a scripted model holds to be true: mostly right, wrong where a hash of seed, model and question says so."""

import re
from dataclasses import dataclass

from ultra.mock import arithmetic, claims, divisors, facts, topics
from ultra.mock.chance import number, pick, share
from ultra.mock.peers import final_value, same_value
from ultra.mock.phrases import capitalised
from ultra.mock.reading import Option, Reading
from ultra.mock.statements import statements

_WEAK = re.compile(r"mini|nano|lite|flash|haiku|small|tiny|\b[1-9]b\b", re.IGNORECASE)
_STRONG = re.compile(r"opus|pro\b|ultra|large|max\b|fable|sonnet|gpt-[5-9]", re.IGNORECASE)
_PRIME = re.compile(r"\bprime\b", re.IGNORECASE)
_SUM_ASKED = re.compile(r"\bwhat(?:'s| is)\s[-(\d]|\b(?:compute|calculate|evaluate|work out)\s[-(\d]", re.IGNORECASE)
_OR = re.compile(r"\bor\b", re.IGNORECASE)
_LEADING_WORD = re.compile(r"^(?:My answer is )?(?:yes|no), (?=\w)", re.IGNORECASE)
_DISSENT = 0.25
_MOST_REASONS = 2
_KNOWN = (
    "This is well documented.",
    "Any reference work confirms it.",
    "I am certain of this.",
    "This is basic knowledge in its field.",
)
_REMEMBERED = ("This is what I recall.", "I am fairly sure of this.", "I remember it that way.")
_REASONS_FOR = (
    ("What is generally known speaks for it.", "The usual accounts agree with this."),
    ("I know of no strong evidence to the contrary.", "Exceptions exist, but they are rare."),
)
_REASONS_AGAINST = (
    ("What is generally known speaks against it.", "The usual accounts do not agree with this."),
    ("I know of no strong evidence for it.", "Cases where it holds exist, but they are rare."),
)


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
        return Opinion(f"settled:{settled}", settled, *_backing(reading, settled))
    if reading.options:
        return _choose(reading, model, seed)
    if reading.yes_no:
        return _say_yes_or_no(reading, model, seed)
    known = None if reading.is_open and _SUM_ASKED.search(reading.question) is None else _recall(reading, model, seed)
    return known or Opinion(_topic(reading.question))


def _backing(reading: Reading, value: str) -> tuple[str, str]:
    """Return what those who announce a value say for it: the sentence that names it, and what else they say."""
    own = [reading.own] if reading.own is not None else []
    texts = [*own, *(peer.text for peer in reading.peers)]
    said = [each for text in texts if same_value(final_value(text), value) for each in statements(text)]
    lines = list(dict.fromkeys(each.text for each in said))
    if not lines:
        return f"The answer is {value}.", ""
    first = min((line for line in lines if _says(line, value)), key=len, default=lines[0])
    others = [line for line in lines if line != first and (len(line.split()) > 3)]
    return first, " ".join(others[:_MOST_REASONS])


def _is_wrong(topic: str, model: str, seed: str) -> bool:
    return share(seed, model, topic) < error_rate(model)


def _topic(question: str) -> str:
    return " ".join(question.lower().split())[:500]


def _recall(reading: Reading, model: str, seed: str) -> Opinion | None:
    """Return what the model answers to a sum or a question about a fact; None when it is neither."""
    found = arithmetic.find(reading.question)
    if found is not None:
        return _calculate(found, model, seed)
    fact = facts.find(reading.question)
    if fact is None:
        return None
    if not _is_wrong(fact.key, model, seed):
        return Opinion(fact.key, fact.value, fact.sentence, pick(_KNOWN, model, fact.key))
    wrong = pick(fact.wrong, seed, model, fact.key)
    return Opinion(fact.key, wrong, fact.sentence.replace(fact.value, wrong), pick(_REMEMBERED, model, fact.key))


def _calculate(found: arithmetic.Sum, model: str, seed: str) -> Opinion:
    topic = f"sum:{found.expression}"
    value = _miscalculate(found, model, seed) if _is_wrong(topic, model, seed) else found.answer
    way = arithmetic.way(found, value, variant=number(seed, "way", model))
    return Opinion(topic, value, f"{found.expression} = {value}.", way)


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
    is_wrong = _is_wrong(topic, model, seed)
    words = ("True", "False") if reading.truth else ("Yes", "No")
    judged = divisors.find(question)
    fact = facts.find(question) if judged is None else None
    if judged is not None:
        value = words[0] if judged.is_true != is_wrong else words[1]
        return Opinion(topic, value, judged.mistaken) if is_wrong else Opinion(topic, value, judged.reason, judged.way)
    if fact is not None:
        value = words[0] if _says(question, fact.value) != is_wrong else words[1]
        return Opinion(
            topic, value, _fact_as_held(fact, question, model, is_wrong=is_wrong), pick(_KNOWN, model, topic)
        )
    return _take_a_stand(reading, topic, words, model, seed)


def _fact_as_held(fact: facts.Fact, question: str, model: str, *, is_wrong: bool) -> str:
    """Return a fact as a model states it that may be wrong about it."""
    if not is_wrong:
        return fact.sentence
    if _says(question, fact.value):
        return fact.sentence.replace(fact.value, pick(fact.wrong, model, fact.key))
    asserted = next((value for value in fact.wrong if _says(question, value)), None)
    return fact.sentence.replace(fact.value, asserted) if asserted else "As far as I remember, this is so."


def _take_a_stand(reading: Reading, topic: str, words: tuple[str, str], model: str, seed: str) -> Opinion:
    """Answer a question nobody can look up: by the position that this model would take at length."""
    asked = claims.about(reading)
    known = topics.find(reading.question)
    stand = claims.position(asked, known, model=model, seed=seed)
    if stand and asked.sides is None:
        agrees = claims.leans(asked, known, model=model, seed=seed)
        said = claims.gather(reading, asked, model=model, seed=seed).shared
        return Opinion(
            topic, words[0] if agrees else words[1], capitalised(_LEADING_WORD.sub("", stand)), said[0] if said else ""
        )
    if asked.sides is not None:
        side = asked.sides[0 if claims.leans(asked, known, model=model, seed=seed) else 1]
        sentence = f"{capitalised(side)} suits most purposes better."
        return Opinion(topic, side if _OR.search(reading.question) else words[side != asked.sides[0]], sentence)
    agrees = (share(seed, topic) < 0.5) != (share(seed, model, topic) < _DISSENT)
    reasons = _REASONS_FOR if agrees else _REASONS_AGAINST
    sentence, way = (pick(reasons[part], seed, model, topic) for part in (0, 1))
    return Opinion(topic, words[0] if agrees else words[1], sentence, way)


def _is_prime(text: str) -> bool:
    if not text.isdecimal() or len(text) > 6:
        return False
    return int(text) > 1 and divisors.smallest_divisor(int(text)) == int(text)


def _says(text: str, value: str) -> bool:
    return re.search(rf"(?<!\w){re.escape(value)}(?!\w)", text, re.IGNORECASE) is not None
