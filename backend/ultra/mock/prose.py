"""Answers to open questions: a few paragraphs of checkable sentences, some shared between models and some not."""

import re
from collections import Counter

from ultra.mock import facts
from ultra.mock.chance import number, pick, share, shuffle
from ultra.mock.reading import Peer, Reading, final_value, sentences

_CLAIMS: tuple[tuple[str, str], ...] = (
    ("More than one cause is behind {s}, and no single measure settles it.",
     "No single measure settles the matter of {s}, because of its several causes."),
    ("The first effects of {s} usually show within weeks, the lasting ones after about a year.",
     "Lasting effects of {s} take about a year to show, the first ones weeks."),
    ("Small, reversible steps are safer than one large change when dealing with {s}.",
     "With {s}, small and reversible steps are safer than one large change."),
    ("The costs of {s} fall early, while most of its benefits come later.",
     "Most benefits of {s} come later than its costs."),
    ("Measuring a baseline before starting is the most neglected part of {s}.",
     "The most neglected part of {s} is measuring a baseline before starting."),
    ("What works for {s} in a small setting often fails when it is scaled up.",
     "Scaling up often breaks what worked for {s} in a small setting."),
    ("The people closest to {s} usually know its practical limits best.",
     "Practical limits of {s} are best known by the people closest to it."),
    ("Success with {s} depends more on steady maintenance than on the initial choice.",
     "Steady maintenance matters more for {s} than the initial choice."),
    ("Early feedback reduces the risk of {s} more than longer planning does.",
     "For {s}, early feedback reduces risk more than longer planning."),
    ("The main trade-off in {s} is between speed and reliability.", "With {s}, speed is traded against reliability."),
    ("Good documentation shortens the time newcomers need to understand {s}.",
     "Newcomers understand {s} sooner with good documentation."),
    ("Most failures of {s} come from unclear responsibilities rather than from technology.",
     "Unclear responsibilities cause most failures of {s}, not technology."),
)  # fmt: skip
_CONTESTED: tuple[tuple[str, str, str], ...] = (
    ("About {n} percent of the effort in {s} goes into the last details.", "30", "60"),
    ("A realistic horizon for {s} is {n} months.", "6", "18"),
    ("Reviews of {s} name {n} factors that matter more than all others.", "3", "5"),
)
_OPENERS = (
    "",
    "In brief: ",
    "Good question. ",
    "There are several sides to this. ",
    "Looking at what is known, ",
)
_CLOSERS = (
    "",
    "Which of these weighs most depends on the circumstances.",
    "If you can share more context, this can be narrowed down.",
    "I am fairly sure about the first points and less so about the last.",
)
_GREETING = re.compile(
    r"^\s*(?:hello|hi|hey|good (?:morning|evening|day)|ping|test(?:ing)?)\b[^?]{0,20}$", re.IGNORECASE
)
_WELCOMES = ("Hello! How can I help?", "Hi there. What would you like to know?", "Good to see you. Ask me anything.")
_FILLERS = frozenset(each.strip() for each in (*_OPENERS, *_CLOSERS))
_SHARED = 4
_CONTRARIANS = 0.3


def write(reading: Reading, *, model: str, seed: str) -> str:
    """Write an answer to an open question, in the manner of that model."""
    if reading.echo is not None:
        return reading.echo
    if _GREETING.match(reading.question):
        return pick(_WELCOMES, seed, model)
    topic = " ".join(reading.question.lower().split())[:500]
    said = _claims(reading, topic, model, seed)
    if reading.short:
        return said[0]
    opener = pick(_OPENERS, seed, "opener", model)
    closer = pick(_CLOSERS, seed, "closer", model)
    match number(seed, "style", model) % 3:
        case 0:
            middle = len(said) // 2 + 1
            text = f"{opener}{' '.join(said[:middle])}\n\n{' '.join(said[middle:])}"
        case 1:
            points = "\n".join(f"- {sentence}" for sentence in said)
            text = f"{opener.strip() or 'The main points:'}\n\n{points}"
        case _:
            numbered = "\n".join(f"{index}. {sentence}" for index, sentence in enumerate(said, 1))
            text = f"{opener}{_heading(reading)}\n\n{numbered}"
    return f"{text.strip()}\n\n{closer}".strip()


def merge(peers: tuple[Peer, ...]) -> str:
    """Bring open answers together: what several of them say first, then what only one says, as uncertain."""
    counted: Counter[str] = Counter()
    first: dict[str, str] = {}
    for peer in peers:
        for sentence in dict.fromkeys(_statements(peer)):
            counted[_normal(sentence)] += 1
            first.setdefault(_normal(sentence), sentence)
    agreed = [first[key] for key, times in counted.items() if times > 1]
    single = [first[key] for key, times in counted.items() if times == 1]
    if not agreed:
        return " ".join(single[:6]) or "Nothing was said that could be brought together."
    return "\n\n".join([" ".join(agreed[:8]), *(["Unresolved: " + " ".join(single[:4])] if single else [])])


def review(peers: tuple[Peer, ...], *, value: str | None) -> str:
    """Judge labelled answers one by one: by the reviewer's own `value` where there is one, else by what others say."""
    said = {peer.label: {_normal(each) for each in _statements(peer)} for peer in peers}
    lines = []
    for peer in peers:
        lines.append(peer.label)
        final = final_value(peer.text)
        if value is not None and final is not None:
            agrees = final.casefold().rstrip(".") == value.casefold()
            reason = "Working it out again gives the same" if agrees else f"Working it out again gives {value}"
            lines.append(f"- {'supported' if agrees else 'refuted'}: the result {final}. Reason: {reason}.")
            continue
        others = set[str]().union(*(known for label, known in said.items() if label != peer.label))
        for sentence in _statements(peer)[:3]:
            backed = _normal(sentence) in others
            word, reason = (
                ("supported", "Known causes agree with it") if backed else ("cannot tell", "A source is needed")
            )
            lines.append(f"- {word}: {sentence} Reason: {reason}.")
    return "\n".join(lines)


def _statements(peer: Peer) -> list[str]:
    """Return what a peer claims: its sentences without headings and politeness."""
    return [each for each in sentences(peer.text) if not each.endswith(":") and each not in _FILLERS]


def _normal(sentence: str) -> str:
    return " ".join(sentence.lower().split())


def _claims(reading: Reading, topic: str, model: str, seed: str) -> list[str]:
    """Facts named in the question, most of the shared claims, one contested number, and one claim of its own."""
    subject = " ".join(reading.subject) or "this matter"
    order = shuffle(range(len(_CLAIMS)), seed, topic)
    shared = [index for index in order[:_SHARED] if share(seed, model, topic, str(index)) < 0.85] or order[:1]
    own = pick(order[_SHARED:], seed, model, topic)
    said = [fact.sentence for fact in facts.related(reading.question)]
    said += [_phrase(index, subject, model, seed) for index in shared]
    template, usual, other = pick(_CONTESTED, seed, topic)
    contrary = share(seed, "contrary", model, topic) < _CONTRARIANS
    said.append(_fill(template.replace("{n}", other if contrary else usual), subject))
    said.append(_phrase(own, subject, model, seed))
    return said


def _phrase(index: int, subject: str, model: str, seed: str) -> str:
    """Use the first wording mostly, the second for models that like to turn a sentence round."""
    turned = share(seed, "wording", model, str(index)) < 0.3
    return _fill(_CLAIMS[index][1 if turned else 0], subject)


def _fill(template: str, subject: str) -> str:
    return template.replace("{s}", subject).replace("{S}", subject[:1].upper() + subject[1:])


def _heading(reading: Reading) -> str:
    return f"On {' '.join(reading.subject)}:" if reading.subject else "Step by step:"
