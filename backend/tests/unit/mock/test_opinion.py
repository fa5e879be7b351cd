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


def test_numbers_decide_closed_questions():
    """What can be worked out about a number is worked out, with its reason; who errs has another one."""
    held = [form(read("", "Is 221 prime?"), model=f"m{index}", seed="1") for index in range(40)]
    right = [each for each in held if each.value == "No"]
    assert len(right) > 30
    assert {each.sentence for each in right} == {"221 = 13 × 17, so it is not prime."}
    assert {each.sentence for each in held if each.value == "Yes"} == {
        "221 has no divisor other than 1 and itself, so it is prime."
    }


def test_a_mistaken_model_states_its_mistake():
    """Who takes a wrong statement for true says so in full."""
    held = [form(read("", "Is Sydney the capital of Australia?"), model=f"m{index}", seed="1") for index in range(60)]
    assert {(each.value, each.sentence) for each in held} == {
        ("No", "The capital of Australia is Canberra."),
        ("Yes", "The capital of Australia is Sydney."),
    }


def test_reasons_wanted_make_a_known_fact_open():
    """Asked why, nobody answers with the bare fact."""
    assert form(read("", "Explain why water boils at 100 degrees"), model="m", seed="1").value is None
    assert form(read("", "Explain step by step: what is 17 * 23?"), model="m", seed="1").value is not None


def test_a_demanded_choice_names_a_side():
    """Where a short answer is demanded of two options, it is one of them."""
    asked = read("", "Should we drink tea or coffee?\n\nThe last line must be:\nAnswer: <value>")
    assert {form(asked, model=f"m{index}", seed="1").value for index in range(40)} == {"tea", "coffee"}
