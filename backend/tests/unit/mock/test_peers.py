"""Tests of finding what others said."""

import json

from ultra.mock.peers import (
    final_value,
    find_blocks,
    find_peers,
    labelled,
    same_value,
    sentences,
    without_blocks,
)
from ultra.mock.reading import read


def test_finds_peers_in_every_form():
    """Marked blocks, labelled tags, headings and JSON all show labelled answers."""
    marked = "=== q7Zk2vX9 question ===\nWhy?\n=== q7Zk2vX9 end of question ===\n"
    for label, text in (("A", "It is 391."), ("B", "It is 392.")):
        marked += f"=== q7Zk2vX9 answer {label} ===\n{text}\n=== q7Zk2vX9 end of answer {label} ===\n"
    tags = '<answer label="A">It is 391.</answer>\n<answer label="B">It is 392.</answer>'
    headings = "Compare.\n### Answer A\nIt is 391.\n\n### Answer B\nIt is 392.\n"
    quoted = json.dumps([{"label": "A", "text": "It is 391."}, {"label": "B", "text": "It is 392."}])
    for prompt in (marked, tags, headings, quoted):
        assert [(peer.label, peer.text) for peer in find_peers(prompt)] == [("A", "It is 391."), ("B", "It is 392.")]
    assert read("", marked).question == "Why?"


def test_reads_final_values_and_sentences():
    """The last announced value counts; it is no sentence of the text."""
    text = "First think about it.\nAnswer: 3\n- Then think again, twice.\nAnswer: 4"
    assert final_value(text) == "4"
    assert sentences(text) == ["First think about it.", "Then think again, twice."]


def test_knows_labels_of_a_letter_and_digits():
    """A label may be a letter with digits; a word after `Answer` is no label."""
    marked = "=== q7Zk2vX9 answer K7 ===\nIt is 391.\n=== q7Zk2vX9 end of answer K7 ==="
    headings = "### Answer K7\nIt is 391.\n### Answer M2\nIt is 392."
    assert [peer.label for peer in find_peers(marked)] == ["K7"]
    assert [peer.label for peer in find_peers(headings)] == ["K7", "M2"]
    assert find_peers("Answer a question\nand explain.\nAnswer the next\none.") == ()


def test_tells_reviews_from_answers():
    """Reviews stand under labels too, and are no answers."""
    text = "".join(
        f"=== q7Zk2vX9 {name} ===\nText\n=== q7Zk2vX9 end of {name} ===\n" for name in ("answer B3", "review 1")
    )
    blocks = find_blocks(text)
    assert [peer.label for peer in labelled(blocks)] == ["B3"]
    assert [peer.label for peer in labelled(blocks, reviews=True)] == ["1"]
    assert without_blocks(f"Before\n{text}After") == "Before\n\n\nAfter"


def test_compares_values():
    """Case and a full stop make no difference; nothing is not the same as nothing."""
    assert same_value("Yes.", "yes")
    assert not same_value("yes", "no")
    assert not same_value(None, None)
