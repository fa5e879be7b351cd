"""Brings the statements of several answers together: who says the same, and what stands against what."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from ultra.mock.likeness import Sense, alike, contradict, sense
from ultra.mock.peers import Peer
from ultra.mock.phrases import capitalised
from ultra.mock.statements import VERDICTS, Statement, statements

_JOINING = re.compile(r"^(?:still|besides|also|moreover|on the other hand), (?=\w)", re.IGNORECASE)
_PERSONAL = re.compile(r"^my answer is (?=(?:yes|no),)", re.IGNORECASE)


@dataclass(slots=True)
class Point:
    """One statement in its first wording, the labels of those who make it, and where in their answers (0 to 1)."""

    statement: Statement
    sense: Sense
    supporters: set[str] = field(default_factory=set)
    places: list[float] = field(default_factory=list)
    opponents: list["Point"] = field(default_factory=list)

    @property
    def text(self) -> str:
        """The statement by itself, without a word that joins it to the one before."""
        plain = capitalised(_PERSONAL.sub("", _JOINING.sub("", self.statement.text)))
        lead = self.statement.lead
        return plain if not lead or lead in VERDICTS else f"{lead}: {self.statement.text}"

    @property
    def line(self) -> str:
        """The same with its lead and notes."""
        return self.statement.line if self.statement.lead else replace(self.statement, text=self.text).line

    @property
    def weight(self) -> int:
        """How many make the statement."""
        return len(self.supporters)

    @property
    def is_shared(self) -> bool:
        """Do several make it?"""
        return self.weight > 1

    @property
    def is_outweighed(self) -> bool:
        """Do more say the contrary?"""
        return any(opponent.weight > self.weight for opponent in self.opponents)

    @property
    def is_balanced(self) -> bool:
        """Do as many say the contrary?"""
        return any(opponent.weight == self.weight for opponent in self.opponents)

    @property
    def place(self) -> float:
        """Where it stands in an answer on average."""
        return sum(self.places) / len(self.places)


@dataclass(frozen=True, slots=True)
class Gathered:
    """The points of several answers in the order in which they were first made."""

    points: tuple[Point, ...]

    def of(self, statement: Statement) -> Point:
        """Return the point that a statement of these answers makes."""
        meant = statement.sense
        return next(point for point in self.points if _same(point.statement, statement, point.sense, meant))

    def disputes(self) -> Iterator[tuple[Point, Point]]:
        """Yield pairs that contradict each other, the one with more support first, each point once."""
        seen: set[int] = set()
        for point in self.points:
            for opponent in point.opponents:
                if id(point) in seen or id(opponent) in seen:
                    continue
                seen |= {id(point), id(opponent)}
                yield (opponent, point) if opponent.weight > point.weight else (point, opponent)


def gather(peers: Sequence[Peer]) -> Gathered:
    """Collect what peers say. Two statements are one point when their words say so."""
    points: list[Point] = []
    for peer in peers:
        said = statements(peer.text)
        for index, statement in enumerate(said):
            meant = statement.sense
            point = next((each for each in points if _same(each.statement, statement, each.sense, meant)), None)
            if point is None:
                point = Point(statement, meant)
                points.append(point)
            point.supporters.add(peer.label)
            point.places.append(index / len(said))
    for index, point in enumerate(points):
        for other in points[index + 1 :]:
            if contradict(point.sense, other.sense) and not point.supporters & other.supporters:
                point.opponents.append(other)
                other.opponents.append(point)
    return Gathered(tuple(points))


def refuted_by(reviews: Sequence[Peer]) -> list[Sense]:
    """Return what reviewers refute, as far as no other reviewer supports the same."""
    refuted, supported = _judgements(reviews, "refuted"), _judgements(reviews, "supported")
    return [each for each in refuted if not any(alike(each, other) for other in supported)]


def _judgements(reviews: Sequence[Peer], word: str) -> list[Sense]:
    said = [line.strip().removeprefix("- ") for review in reviews for line in review.text[:40_000].splitlines()]
    starting = [line.partition(":")[2] for line in said if line.lower().startswith(f"{word}:")]
    return [sense(line.partition(" Reason:")[0]) for line in starting][:60]


def _same(one: Statement, other: Statement, meant: Sense, said: Sense) -> bool:
    return one.text == other.text or (one.lead == other.lead and alike(meant, said))
