"""Tests of finding what others said."""

import json

from ultra.mock.peers import final_value, find_peers, sentences
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
