"""Tests of what a scripted model holds to be true."""

import pytest

from ultra.mock.opinion import error_rate, form
from ultra.mock.reading import read


def test_error_rates_follow_strength():
    """Small models err more than large ones, and none errs often."""
    assert error_rate("claude-opus-5-5") < error_rate("some-model") < error_rate("gpt-5.5-mini") < 0.25


def test_open_questions_have_no_value():
    """An open question has a topic and nothing decided."""
    held = form(read("", "How do I bake bread?"), model="m", seed="1")
    assert held.value is None
    assert held.topic == "how do i bake bread?"


def test_decided_value_outweighs_everything():
    """A value decided by code is not argued with."""
    block = "=== q7Zk2vX9 decided value ===\n42\n=== q7Zk2vX9 end of decided value ==="
    assert form(read("", f"What is 6 * 6?\n{block}"), model="m", seed="1").value == "42"


def test_peers_lend_their_reasons():
    """The favourite of the peers comes with the reasons of the one who says most for it."""
    prompt = "### Answer A\nTwo and two make four.\nAnswer: 4\n### Answer B\nAnswer: 4\n### Answer C\nAnswer: 5"
    held = form(read("", prompt), model="m", seed="1")
    assert (held.value, held.sentence) == ("4", "Two and two make four.")


@pytest.mark.parametrize(
    "statement", ["Is Paris the capital of France?", "True or false: Paris is the capital of France."]
)
def test_facts_decide_closed_questions(statement):
    """Where a fact decides, most models decide by it."""
    values = [form(read("", statement), model=f"m{index}", seed="1").value for index in range(40)]
    yes = sum(value in ("Yes", "True") for value in values)
    assert yes > 30


def test_primes_are_known():
    """Among options a prime is recognised."""
    values = [
        form(read("", "Which is prime?\nA) 9\nB) 15\nC) 13"), model=f"m{index}", seed="1").value for index in range(40)
    ]
    assert values.count("C") > 30
