"""Tests of telling whether two statements say the same."""

import pytest

from ultra.mock.generalities import BY_GENRE
from ultra.mock.likeness import alike, contradict, sense, shared
from ultra.mock.topics import TOPICS

TEMPLATES = [
    *(each for topic in TOPICS for each in (*topic.shared, *topic.extra)),
    *(each for known in BY_GENRE.values() for each in (*known.shared, *known.extra, *(known.stance or ()))),
]
REWORDED = [each.lstrip("+-").split("||") for each in TEMPLATES if "||" in each]
CONTESTED = [topic.contested for topic in TOPICS] + [each.contested for each in BY_GENRE.values() if each.contested[0]]
STANCES = [
    (one.partition("||")[0], other.partition("||")[2])
    for known in BY_GENRE.values()
    if known.stance
    for one, other in (known.stance,)
]


def words(template):
    """Put words into the places of a template."""
    for place in ("{s}", "{act}", "{who}", "{a}", "{b}"):
        template = template.replace(place, place[1] + "dorable things").replace(
            place.title(), place[1] + "dorable things"
        )
    return sense(template)


@pytest.mark.parametrize(("one", "other"), REWORDED)
def test_rewordings_are_alike(one, other):
    """Everything that models say in two wordings is the same statement."""
    assert alike(words(one), words(other))


@pytest.mark.parametrize(("one", "other"), [*CONTESTED, *STANCES])
def test_contested_points_contradict(one, other):
    """What a few models say against the rest is noticed as a contradiction."""
    assert contradict(words(one), words(other))
    assert not alike(words(one), words(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("The price of bread rises in winter.", "The price of bread falls in winter."),
        ("The bridge is safe for heavy lorries.", "The bridge is not safe for heavy lorries."),
        ("The capital of Australia is Canberra.", "The capital of Australia is Sydney."),
        ("The wall is 12 metres high.", "The wall is 21 metres high."),
    ],
)
def test_small_words_can_contradict(one, other):
    """Direction, negation, names and numbers make the contrary of nearly the same words."""
    assert contradict(sense(one), sense(other))


def test_other_matters_are_neither():
    """Statements about different things neither agree nor contradict."""
    one, other = sense("Tides follow the Moon."), sense("Boats do not float in the air.")
    assert not alike(one, other)
    assert not contradict(one, other)
    assert shared(one, other) < 0.3
    assert shared(sense(""), sense("")) == 1.0
