"""Labels hide who wrote what, and can be translated between readers."""

import random

from hypothesis import given, strategies

from ultra.analysis.anonymity import Labels, labelled, relabelled
from ultra.domain.analysis import Answer

ROLES = ["member-1", "member-2", "member-3"]


def test_labels_are_new_for_every_reader() -> None:
    """Two draws share no label."""
    labels = Labels(random.Random(1), [])
    first, second = labels.draw(ROLES), labels.draw(ROLES)
    assert not set(first.values()) & set(second.values())
    assert set(first) == set(second) == set(ROLES)


def test_order_is_drawn_anew() -> None:
    """Readers see the answers in different orders."""
    labels = Labels(random.Random(1), [])
    assert len({tuple(labels.draw(ROLES)) for _ in range(10)}) > 1


def test_the_same_dice_give_the_same_labels() -> None:
    """A resumed run draws what it drew before."""
    assert Labels(random.Random(7), ["x"]).draw(ROLES) == Labels(random.Random(7), ["x"]).draw(ROLES)


def test_labels_avoid_words_of_the_texts() -> None:
    """What occurs in a text is no label, so a translation cannot hit it."""
    used = [f"{letter}{digit}" for letter in "BCDFGHJKLMNPQRTVWX" for digit in "23456789"]
    drawn = Labels(random.Random(1), [" ".join(used).lower()]).draw(ROLES)
    assert {label[0] for label in drawn.values()} == {"Z"}


def test_labels_never_run_out() -> None:
    """When all short labels are used, longer ones follow."""
    labels = Labels(random.Random(1), [])
    drawn = [label for _ in range(100) for label in labels.draw(ROLES).values()]
    assert len(set(drawn)) == 300


def test_texts_stand_under_their_labels() -> None:
    """The order is that of the labels, and whoever has none is left out."""
    answers = [Answer(role, "p/m", "answer", "ok", f"by {role}") for role in ROLES]
    shown = labelled(answers, {"member-2": "K7", "member-1": "B3"})
    assert [(each.label, each.text) for each in shown] == [("K7", "by member-2"), ("B3", "by member-1")]


@given(text=strategies.text(alphabet="abK7B3 .,*\n", max_size=60))
def test_only_labels_are_translated(text: str) -> None:
    """Every whole label is replaced, in any case, and nothing else."""
    known, wanted = {"member-1": "K7", "member-2": "B3"}, {"member-1": "X9", "member-2": "Z2"}
    there = relabelled(text, known, wanted)
    assert relabelled(there, wanted, known).casefold() == text.casefold()


def test_a_label_unknown_to_the_reader_becomes_words() -> None:
    """An answer that the next reader does not see is called another answer."""
    assert relabelled("K7 is right.", {"member-1": "K7"}, {}) == "another answer is right."
