"""Tests of taking answers apart."""

from ultra.mock.statements import statements

ANSWER = """No, it is not worth it.

**Futures**

- Worst course: it stops half-way. Probability: possible. Earliest sign: people are drawn off.
2. A numbered point of some length.

### In any case

Plain prose follows here. It has two sentences!
Main points:
| a | table | is | none |
Answer: No
"""


def test_reads_every_layout():
    """Prose is cut into sentences, a list into its lines; headings are remembered, tables and final values are left."""
    said = statements(ANSWER)
    assert [each.text for each in said] == [
        "No, it is not worth it.",
        "it stops half-way.",
        "A numbered point of some length.",
        "Plain prose follows here.",
        "It has two sentences!",
    ]
    assert [each.heading for each in said] == ["", "Futures", "Futures", "In any case", "In any case"]


def test_reads_leads_and_notes():
    """What stands before and behind a statement on its line is kept apart, and put together again."""
    worst = statements(ANSWER)[1]
    assert worst.lead == "Worst course"
    assert worst.notes == {"Probability": "possible.", "Earliest sign": "people are drawn off."}
    assert worst.line == "Worst course: it stops half-way. Probability: possible. Earliest sign: people are drawn off."


def test_takes_no_more_than_it_can_use():
    """Of a very long answer only the first forty statements are read."""
    assert len(statements("- This is one more point.\n" * 300)) == 40
    assert statements("Hm.\n\nThe points one by one:") == []
