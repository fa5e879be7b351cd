"""Reviews labelled answers: for each label the statements that matter, each with a verdict and its reason."""

import re

from ultra.mock.chance import pick, shuffle
from ultra.mock.gathering import Gathered, Point, gather
from ultra.mock.opinion import Opinion
from ultra.mock.peers import Peer, final_value, same_value
from ultra.mock.reading import Reading
from ultra.mock.statements import Statement, statements

_ONE_LINE = re.compile(r"write its label on a line of its own, then one line:", re.IGNORECASE)
_LAST_LINE = re.compile(r"\bend with one line that begins with [\"“`]([\w ]{2,20}:)", re.IGNORECASE)
_ORDER = ("refuted", "cannot tell", "supported")
_POSITION = re.compile(r"^(?:yes|no|my answer|on balance|for most purposes)\b|\bworth it\b", re.IGNORECASE)
_MOST = 2
"""Statements judged of each answer: with more a review takes longer to stream than the answers did."""
_CARRIED = (
    "the reasons given carry this conclusion",
    "the points listed for it hold",
    "it follows from the points named",
)
_SUPPORTED = (
    "it is generally established",
    "I checked it and found nothing against it",
    "it agrees with the other facts given",
    "the mechanism is sound",
    "I know of no counterexample",
    "it is stated correctly",
)
_LEFT_OPEN = ("no figure on which all agree is known to me either", "it takes a source that is not at hand")
_SUPPORTED_SUM = ("worked out another way, it comes out the same", "the check by hand confirms it")
_UNKNOWN = (
    "a source or an observation would be needed",
    "nothing is given for it",
    "a comparable case would be needed",
)


def review(reading: Reading, held: Opinion, *, model: str) -> str:
    """Judge every answer: by the reviewer's own value where the question is closed, else by what others say."""
    gathered = gather(reading.peers)
    most = 1 if _ONE_LINE.search(reading.wishes) else _MOST
    lines: list[str] = []
    for peer in reading.peers:
        judged = shuffle(_judge(peer, gathered, held, model), model, peer.text)
        ranked = sorted(judged, key=lambda pair: _ORDER.index(pair[0]))
        lines += [peer.label, *(line for _, line in _chosen(ranked, most))]
    if last := _LAST_LINE.search(reading.wishes):
        lines.append(f"{last.group(1)} nothing of weight, as far as I can see.")
    return "\n".join(lines)


def _chosen(ranked: list[tuple[str, str]], most: int) -> list[tuple[str, str]]:
    """Keep the most serious ones, but leave half the room for what is supported."""
    doubtful = [pair for pair in ranked if pair[0] != "supported"]
    supported = [pair for pair in ranked if pair[0] == "supported"]
    room = max(most - min(len(supported), most // 2), 1)
    kept = doubtful[:room]
    return kept + supported[: most - len(kept)]


def _judge(peer: Peer, gathered: Gathered, held: Opinion, model: str) -> list[tuple[str, str]]:
    final = final_value(peer.text)
    said = statements(peer.text)
    if held.value is not None and final is not None:
        return [_by_value(said, final, held, model)]
    judged = [_by_weight(each, gathered.of(each), model) for each in said]
    return judged or [("cannot tell", "- cannot tell: the answer as a whole. Reason: it makes no statement to check.")]


def _by_value(said: list[Statement], final: str, held: Opinion, model: str) -> tuple[str, str]:
    """Judge a closed answer by its value; quote the sentence that gives it."""
    named = re.compile(rf"(?<!\w){re.escape(final)}(?!\w)", re.IGNORECASE)
    naming = [each.text for each in said if named.search(each.text)]
    quoted = (naming or [each.text for each in said] or [f"the result {final}."])[0]
    if same_value(final, held.value):
        reason = pick(_SUPPORTED_SUM, model, final)
        return "supported", f"- supported: {_closed(quoted)} Reason: {reason}."
    reason = held.sentence if held.sentence else f"the result is {held.value}."
    return "refuted", f"- refuted: {_closed(quoted)} Reason: {reason}"


def _by_weight(statement: Statement, point: Point, model: str) -> tuple[str, str]:
    """Judge a statement of an open answer: refuted where more say the contrary, supported where others say it too."""
    quoted = _closed(f"{statement.lead}: {statement.text}" if statement.lead else statement.text)
    if point.is_outweighed:
        against = max(point.opponents, key=lambda each: each.weight)
        return "refuted", f"- refuted: {quoted} Reason: {against.text}"
    if point.is_balanced:
        against = next(each for each in point.opponents if each.weight == point.weight)
        return "cannot tell", f"- cannot tell: {quoted} Reason: as much speaks for the contrary: {against.text}"
    if point.is_shared:
        reasons: tuple[str, ...] = _CARRIED if _POSITION.search(statement.text) else _SUPPORTED
        if statement.lead.startswith("Cannot"):
            reasons = _LEFT_OPEN
        return "supported", f"- supported: {quoted} Reason: {pick(reasons, model, point.statement.text)}."
    reason = pick(_UNKNOWN, model, point.statement.text)
    return "cannot tell", f"- cannot tell: {quoted} Reason: {reason}."


def _closed(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else f"{text}."
