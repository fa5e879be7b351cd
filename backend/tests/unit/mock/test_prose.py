"""Tests of writing answers to open questions."""

import re

from ultra.mock.peers import sentences
from ultra.mock.prose import listed, paragraphs, write
from ultra.mock.reading import read

MODELS = [f"model-{index}" for index in range(20)]


def test_models_write_differently():
    """Some write paragraphs, some points, some numbers; all say several things in a few lines."""
    texts = [write(read("", "Explain how DNS works"), model=model, seed="1") for model in MODELS]
    assert len(set(texts)) > 10
    assert any("\n- " in text for text in texts)
    assert any("\n1. " in text for text in texts)
    assert any(re.search(r"^[-\d]", text, re.MULTILINE) is None for text in texts)
    assert all(4 <= len(sentences(text)) <= 10 for text in texts)
    assert all("DNS" in text for text in texts)


def test_a_plan_is_a_list_of_steps():
    """Steps stand on lines of their own."""
    for model in MODELS:
        text = write(read("", "Draft a plan to move our office"), model=model, seed="1")
        assert all(re.match(r"(?:-|\d+\.) ", line) for line in text.splitlines())


def test_keeps_to_a_number_of_sentences():
    """No more sentences than the prompt allows, and one where it asks for one."""
    wishes = "How to reply: three sentences at most."
    assert all(
        len(sentences(write(read("", f"Explain how DNS works\n\n{wishes}"), model=model, seed="1"))) <= 3
        for model in MODELS
    )
    assert len(sentences(write(read("", "In one sentence: explain how DNS works"), model="m", seed="1"))) == 1


def test_greets_and_echoes():
    """Small talk is answered in kind."""
    assert "?" in write(read("", "Hello"), model="m", seed="1") or "Ask" in write(
        read("", "Hello"), model="m", seed="1"
    )
    assert write(read("", "Say hello to the world"), model="m", seed="1") == "hello to the world"


def test_writes_lists_and_paragraphs():
    """A list has a mark on each line; many sentences become two paragraphs."""
    assert listed(["a", "b"]) == "- a\n- b"
    assert listed(["a", "b"], numbered=True) == "1. a\n2. b"
    assert paragraphs(["a.", "b."]) == "a. b."
    assert paragraphs(["a.", "b.", "c.", "d.", "e."]) == "a. b. c.\n\nd. e."
