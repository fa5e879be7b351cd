"""Answers are compared by their values, where there are values to compare."""

import random
from collections.abc import Sequence

import pytest
from hypothesis import example, given, strategies

from ultra.analysis.agreement import compare, measured, question_kind
from ultra.domain.analysis import Answer, Question
from ultra.domain.chat import Output


def said(*texts: str, **fields: object) -> list[Answer]:
    """Make answers of member-1, member-2 ..."""
    return [
        Answer(f"member-{number}", f"p/m{number}", "answer", "ok", text, finish_reason="stop", **fields)
        for number, text in enumerate(texts, start=1)
    ]


def sizes(question: str, texts: Sequence[str], **options: bool) -> list[int]:
    """Count how many stand on each side."""
    return [len(side.roles) for side in compare(Question(question), said(*texts), **options).sides]


@pytest.mark.parametrize(
    ("prompt", "kind"),
    [
        ("What is 17 * 23?", "number"),
        ("How many legs do three spiders have?", "number"),
        ("Which one floats?\nA) iron\nB) cork", "choice"),
        ("Is lead heavier than tin? Answer yes or no.", "boolean"),
        ("In what year was the Eiffel Tower finished?", "date"),
        ("Why is the sky blue?", None),
        ("How many people are there, and why?", None),
        ("Compare 3 + 4 and 5 + 6.", None),
        ("Should we use PostgreSQL?", None),
    ],
)
def test_the_question_says_what_kind_of_value_it_wants(prompt: str, kind: str | None) -> None:
    """Only plain words make a question closed; whoever wants reasons asks an open one."""
    assert question_kind(Question(prompt)) == kind


def test_a_wanted_schema_makes_answers_json() -> None:
    """With a response format, answers are compared as JSON values."""
    question = Question("Extract the name.", output=Output(kind="json_object"))
    found = compare(question, said('{"a": 1, "b": 2}', '```json\n{"b": 2, "a": 1}\n```'))
    assert found.kind == "json"
    assert found.is_unanimous


def test_json_without_a_majority_is_open() -> None:
    """Different objects are material for a synthesis, not sides of a dispute."""
    question = Question("Extract the name.", output=Output(kind="json_object"))
    assert compare(question, said('{"a": 1}', '{"a": 2}')).kind is None


def test_wording_does_not_count() -> None:
    """The same number in other words is the same answer."""
    texts = ["It is 391.", "17 × 23 = 391", "First 17*20 = 340, then 17*3 = 51.\n\nAnswer: **391**"]
    assert sizes("What is 17 * 23?", texts) == [3]


def test_marked_values_close_a_question_that_did_not_say_so() -> None:
    """Members that end on `Answer: ...` have given a value to count."""
    texts = ["It lies on the Seine.\nAnswer: Paris", "Answer: Paris.", "I think so.\nAnswer: Lyon"]
    found = compare(Question("What is the capital of France?"), said(*texts))
    assert found.kind == "text"
    assert found.leader is not None
    assert found.leader.value.shown == "Paris"


def test_sentences_that_only_repeat_the_question_agree() -> None:
    """`Paris` and `The capital of France is Paris` are one answer."""
    texts = ["Paris", "The capital of France is Paris.", "That is well known. The capital of France is Paris."]
    found = compare(Question("What is the capital of France?"), said(*texts))
    assert [(side.value.shown, len(side.roles)) for side in found.sides] == [("Paris", 3)]


def test_a_short_opinion_is_not_a_value() -> None:
    """A question for advice is open, and a sentence with much of its own is prose, however short."""
    advice = "On balance the evidence for it is stronger."
    assert compare(Question("Should a small team use microservices?"), said("No.", "No.")).kind is None
    assert compare(Question("What do you say to this?"), said(advice, advice)).kind is None


def test_prose_is_open() -> None:
    """Answers without a value are not compared, and nothing is claimed about them."""
    found = compare(Question("Why is the sky blue?"), said("Because of Rayleigh scattering.", "It scatters."))
    agreement = measured(found, None)
    assert (found.kind, agreement.value, agreement.method) == (None, None, "none")


def test_a_cut_answer_gives_no_value() -> None:
    """What it would have ended on is not known."""
    answers = [*said("4", "4"), *said("5", cut=True)]
    found = compare(Question("What is 2 + 2?"), answers)
    assert [len(side.roles) for side in found.sides] == [2]
    assert found.heard == 3


def test_refusals_are_not_heard_and_unclear_answers_are() -> None:
    """A refusal takes no stand; an answer without a clear value weighs against a majority."""
    refusal = Answer("member-9", "p/m9", "answer", "ok", "I cannot.", finish_reason="refusal")
    found = compare(Question("What is 2 + 2?"), [*said("4", "hard to say"), refusal], closed=True)
    assert (found.heard, found.leader) == (2, None)


def test_a_majority_must_hold_against_those_who_did_not_answer() -> None:
    """Two of five are not decisive, three are."""
    question = Question("What is 2 + 2?")
    assert not compare(question, said("4", "4", "5")).is_decisive(5)
    assert compare(question, said("4", "4", "4")).is_decisive(5)


def test_agreement_counts_the_supporters_of_what_was_decided() -> None:
    """Two of three behind the decided value is two thirds."""
    found = compare(Question("What is 2 + 2?"), said("4", "5", "4"))
    assert found.leader is not None
    agreement = measured(found, found.leader.value)
    assert (agreement.supporters, agreement.answered, agreement.method) == (2, 3, "exact:number")
    assert agreement.value == pytest.approx(2 / 3)


def test_one_answer_agrees_with_nobody() -> None:
    """With a single answer there is no agreement to report."""
    found = compare(Question("What is 2 + 2?"), said("4"))
    assert found.leader is not None
    assert measured(found, found.leader.value).value is None


@given(texts=strategies.lists(strategies.text(max_size=60), max_size=6), closed=strategies.booleans())
def test_any_texts_can_be_compared(texts: list[str], closed: bool) -> None:
    """Nobody stands on two sides, whatever was written."""
    found = compare(Question("What is 2 + 2?"), said(*texts), closed=closed)
    roles = [role for side in found.sides for role in side.roles]
    assert len(roles) == len(set(roles)) <= found.heard


@given(
    numbers=strategies.lists(strategies.integers(-(10**9), 10**9), min_size=1, max_size=6), dice=strategies.randoms()
)
@example(numbers=[-999_999_999, -1_000_000_000], dice=random.Random(0))
def test_order_does_not_change_sides(numbers: list[int], dice: object) -> None:
    """The same answers in another order give the same sides."""
    shuffled = list(numbers)
    dice.shuffle(shuffled)
    question = "Compute it."
    counted = sorted((numbers.count(each) for each in set(numbers)), reverse=True)
    assert sizes(question, [str(n) for n in numbers]) == sizes(question, [f"Answer: {n}" for n in shuffled]) == counted
