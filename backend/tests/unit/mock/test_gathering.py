"""Tests of bringing statements together."""

from ultra.mock.gathering import gather, refuted_by
from ultra.mock.likeness import alike, sense
from ultra.mock.peers import Peer

A = Peer("A", "The bridge was built in 1890. Its towers are made of local granite.")
B = Peer("B", "- Local granite is what its towers are made of.\n- The bridge was built in 1980.")
C = Peer("C", "The bridge was built in 1890.")


def test_knows_who_says_the_same():
    """The same in other words, in a list or in prose, is one point with several supporters."""
    points = gather((A, B, C)).points
    assert [(point.text, sorted(point.supporters)) for point in points] == [
        ("The bridge was built in 1890.", ["A", "C"]),
        ("Its towers are made of local granite.", ["A", "B"]),
        ("The bridge was built in 1980.", ["B"]),
    ]


def test_knows_what_stands_against_what():
    """A contradiction is a dispute, and the side with fewer supporters is outweighed."""
    gathered = gather((A, B, C))
    assert [(one.text, other.text) for one, other in gathered.disputes()] == [
        ("The bridge was built in 1890.", "The bridge was built in 1980.")
    ]
    assert [point.is_outweighed for point in gathered.points] == [False, False, True]
    assert all(point.is_balanced for point in gather((B, C)).points if "built" in point.text)


def test_joins_belong_to_prose_only():
    """A word that joins a statement to the one before is no part of it."""
    (point,) = gather((Peer("A", "Still, granite is heavy and expensive."),)).points
    assert point.text == "Granite is heavy and expensive."
    (point,) = gather((Peer("A", "My answer is no, granite is not worth it."),)).points
    assert point.line == "No, granite is not worth it."


def test_a_refutation_must_stand():
    """What one reviewer refutes and another supports is not refuted."""
    refuting = Peer(
        "1", "K7\n- refuted: The bridge was built in 1980. Reason: it is older.\n- refuted: It floats on air."
    )
    supporting = Peer("2", "K7\n- supported: The bridge was built in 1980. Reason: it is written on it.")
    assert len(refuted_by((refuting,))) == 2
    (left,) = refuted_by((refuting, supporting))
    assert alike(left, sense("It floats on air."))
