"""Tests of writing a synthesis."""

import pytest

from ultra.mock.merging import merge
from ultra.mock.opinion import form
from ultra.mock.reading import read

DISPUTES = 'Where nothing settles it, give the competing views under the word "Unresolved".'
BRIDGE = {
    "K7": "The bridge was built in 1890. It carries two roads and a railway.",
    "B3": "The bridge was built in 1980. It carries two roads and a railway.",
    "M2": "The bridge was built in 1890. Its architect liked granite.",
}


def merged(answers, *, instructions=DISPUTES, question="Why is the bridge famous?", **blocks):
    """Let a model bring answers together."""
    named = {"question": question, **{f"answer {label}": text for label, text in answers.items()}, **blocks}
    text = "\n\n".join(
        f"=== q7Zk2vX9 {name} ===\n{text}\n=== q7Zk2vX9 end of {name} ===" for name, text in named.items()
    )
    reading = read(instructions, text)
    return merge(reading, form(reading, model="m", seed="1"))


def test_keeps_what_several_say_and_names_disputes():
    """Shared statements make the text; a contradiction is shown with both sides; what one says alone is left out."""
    paragraphs = merged(BRIDGE).split("\n\n")
    assert paragraphs[0] == "The bridge was built in 1890. It carries two roads and a railway."
    assert paragraphs[1].startswith(
        "Unresolved: “The bridge was built in 1890.” stands against “The bridge was built in 1980.”"
    )
    assert "granite" not in "".join(paragraphs)


def test_a_refuted_side_is_dropped():
    """What reviewers refuted is neither kept nor called unresolved."""
    review = "B3\n- refuted: The bridge was built in 1980. Reason: the plaque says 1890."
    assert merged(BRIDGE, **{"review 1": review}) == "The bridge was built in 1890. It carries two roads and a railway."


def test_an_even_dispute_is_left_open():
    """With as many on either side, neither is taken over."""
    text = merged({label: BRIDGE[label] for label in ("K7", "B3")})
    assert text.startswith("It carries two roads and a railway.\n\nUnresolved: ")


def test_explains_a_decided_value():
    """The settled value is kept and explained with the reasons of those who gave it."""
    answers = {"K7": "17 × 20 = 340 and 17 × 3 = 51, together 391.\nAnswer: 391", "B3": "It is 392.\nAnswer: 392"}
    text = merged(answers, question="What is 17 * 23?", **{"decided value": "391"})
    assert text == "17 × 20 = 340 and 17 × 3 = 51, together 391."
    assert (
        merged({"K7": "221 = 13 × 17.\nAnswer: No"}, question="Is it?", **{"decided value": "no"})
        == "No. 221 = 13 × 17."
    )


SHAPES = {
    "well supported, probable": (
        "**Well supported**\n\n- Dogs bark a lot. Evidence: ears.",
        "**Well supported**\n\n- Dogs bark a lot. Evidence: ears.",
    ),
    "right, wrong, misleading": (
        "- Right: Dogs bark a lot. Reason: ears.",
        "- Right: Dogs bark a lot. Reason: ears.",
    ),
    "a roadmap": (
        "**Short term**\n\n- Buy a dog today.\n\n**Long term**\n\n- Walk the dog.",
        "**Now (short term)**\n\n- Buy a dog today.\n\n**Later (long term)**\n\n- Walk the dog.",
    ),
    "the futures": (
        "**Futures**\n\n- Worst course: it bites people. Earliest sign: it growls.",
        "- If it growls: prepare for the worst course.",
    ),
    "those affected": (
        "**Who is affected**\n\n- Cats: they want some peace. Power: none.",
        "| Cats | they want some peace. | none. |  |",
    ),
    "a causal model": (
        "**Loops**\n\n- More dogs bring more dogs.",
        "**Loops**\n\n- More dogs bring more dogs.",
    ),
    "improvements in order": (
        "**Weaknesses**\n\n- It is too loud here. Improvement: train it.",
        "1. Train it. This removes a weakness: It is too loud here.",
    ),
    "from several viewpoints": (
        "**What weighs**\n\n- The cat: peace matters most.",
        "**Where the viewpoints part**\n\n- The cat: peace matters most.",
    ),
    "another field": (
        "**Ideas from elsewhere**\n\n- Farming: a fence keeps it in.",
        "**Ideas to apply**\n\n1. Farming: a fence keeps it in.",
    ),
}


@pytest.mark.parametrize(("instructions", "answer", "part"), [(name, *texts) for name, texts in SHAPES.items()])
def test_obeys_the_shape(instructions, answer, part):
    """The synthesis has the parts that the shape names, filled from the answers."""
    assert part in merged({"K7": answer, "B3": answer}, instructions=instructions, question="Should I buy a dog?")


def test_corrects_what_was_found_wrong():
    """In a check of facts the wrong claims stand first, with their correction."""
    answers = {label: f"- Right: {text.split('. ')[0]}." for label, text in BRIDGE.items()}
    review = "B3\n- refuted: The bridge was built in 1980. Reason: the plaque."
    text = merged(answers, instructions="right, wrong, misleading", **{"review 1": review})
    assert text.startswith("- Wrong: The bridge was built in 1980. Correction: The bridge was built in 1890.")


def test_intuitions_stay_short():
    """A core insight is a few sentences in one paragraph."""
    text = merged(BRIDGE, instructions="first intuitions")
    assert text.startswith("The bridge was built in 1890.")
    assert "other direction" in text
    assert "\n" not in text


def test_a_plan_keeps_its_order():
    """Steps are numbered in the order in which the answers give them, whoever left one out."""
    answers = {
        "K7": "1. Empty the cellar first.\n2. Call the firm.",
        "B3": "1. Empty the cellar first.\n2. Paint the walls.\n3. Call the firm.",
        "M2": "1. Paint the walls.\n2. Call the firm.",
    }
    text = merged(answers, question="How do we renovate our house?")
    assert text == "1. Empty the cellar first.\n2. Paint the walls.\n3. Call the firm."


def test_nothing_in_common_is_said_so():
    """Without a statement there is nothing to merge."""
    assert merged({"K7": "Hm.", "B3": "Oh."}) == "Nothing was said that could be brought together."
