"""Tests of the fact base."""

import pytest

from ultra.mock import facts


@pytest.mark.parametrize(
    ("question", "value"),
    [
        ("What is the capital of France?", "Paris"),
        ("Is Sydney the capital of Australia?", "Canberra"),
        ("What is the chemical symbol for gold?", "Au"),
        ("What is the atomic number of carbon?", "6"),
        ("Who wrote Hamlet?", "William Shakespeare"),
        ("At what temperature does water boil at sea level?", "100"),
        ("When did the Berlin Wall fall?", "1989"),
        ("Which HTTP status code means too many requests?", "429"),
        ("How many bits are in a byte?", "8"),
        ("What is the time complexity of binary search?", "O(log n)"),
        ("How many times does the letter r occur in strawberry?", "3"),
    ],
)
def test_knows(question, value):
    """A question about a fact finds it."""
    found = facts.find(question)
    assert found is not None
    assert found.value == value


@pytest.mark.parametrize("question", ["How do I bake bread?", "Explain photosynthesis in plants.", ""])
def test_knows_not_everything(question):
    """Other questions find nothing."""
    assert facts.find(question) is None


def test_base_is_sound():
    """There are at least sixty facts, each with its value in its sentence and wrong values that differ."""
    assert len(facts.FACTS) >= 60
    assert len({fact.key for fact in facts.FACTS}) == len(facts.FACTS)
    for fact in facts.FACTS:
        assert fact.value in fact.sentence, fact
        assert len({fact.value, *fact.wrong}) == 3, fact
