"""Tests of the small grammar."""

import pytest

from ultra.mock.phrases import as_answered, gerund, noun_phrase, subject_words, trimmed


@pytest.mark.parametrize(
    ("verb", "form"), [("adopt", "adopting"), ("use", "using"), ("cut", "cutting"), ("be", "being"), ("bake", "baking")]
)
def test_makes_gerunds(verb, form):
    """Verbs get their `-ing`."""
    assert gerund(verb) == form


@pytest.mark.parametrize(
    ("text", "phrase"),
    [
        ("Explain why the sky is blue", "the sky"),
        ("Why is the sky blue?", "the sky"),
        ("Why do cats purr?", "cats"),
        ("How does a refrigerator keep food cold?", "a refrigerator"),
        ("Explain how the immune system fights viruses", "the immune system"),
        ("Tell me about black holes", "black holes"),
        ("What makes remote engineering teams work?", "remote engineering teams"),
        ("And why?", ""),
    ],
)
def test_finds_what_a_question_speaks_of(text, phrase):
    """The first thing after the question word is what it is about."""
    assert noun_phrase(text) == phrase


def test_cuts_what_follows_the_thing():
    """What is asked besides is no part of the thing."""
    assert trimmed("microservices, and why") == "microservices"
    assert trimmed("a new office in one sentence, please") == "a new office"


def test_turns_to_the_one_who_asks():
    """`our` becomes `your`."""
    assert as_answered("our team of five") == "your team of five"


def test_finds_the_words_that_mean_something():
    """The longest run of meaningful words names the subject."""
    assert subject_words("How to recruit good volunteer fire fighters?") == ("volunteer", "fire", "fighters")
    assert subject_words("") == ()
