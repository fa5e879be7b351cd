"""The parts of a run survive the way into JSON and back."""

import json
from decimal import Decimal

import pytest
from hypothesis import given, strategies

from ultra.domain import records
from ultra.domain.analysis import (
    Agreement,
    Answer,
    Claim,
    Document,
    Earlier,
    Question,
    RunOptions,
    Verdict,
)
from ultra.domain.chat import Image, Message, Opaque, Output, Reasoning, Text, ToolCall, ToolResult, Usage

VERDICT = Verdict(
    status="contested",
    text="Both.",
    decided="42",
    agreement=Agreement(0.5, 1, 2, "exact:number"),
    claims=(Claim("c1", "It is.", "fact", "disputed", ("member-1",), quotes={"member-1": "is"}),),
    answered=2,
    asked=3,
    dissent=("a", "b"),
)
QUESTION = Question(
    prompt="Why?",
    context=(Document("notes", "text"),),
    images=(Image(data=b"\x00\xff", media_type="image/png"), Image(url="https://example.org/a.png")),
    history=(
        Message("user", (Text("hi"), Image(data=b"1", media_type="image/png"))),
        Message("assistant", (Reasoning("hm", opaque=Opaque("p", "m", {"x": [1]})), ToolCall("1", "f", "{}"))),
        Message("tool", (ToolResult("1", (Text("42"),), name="f"),)),
    ),
    instructions=(Text("be brief"),),
    output=Output(kind="json_schema", name="n", schema={"type": "object"}, strict=True),
    earlier=Earlier("run_1", "before?", "then"),
)


OPTIONS = RunOptions(budget_usd=Decimal("0.000001"), models=("a/b",))
ANSWER = Answer("member-1", "a/b", "answer", "ok", "42", usage=Usage(3, output_total=1), cost_usd=Decimal("0.01"))


@pytest.mark.parametrize(
    ("write", "read", "value"),
    [
        (records.question_to_json, records.question_from_json, QUESTION),
        (records.options_to_json, records.options_from_json, OPTIONS),
        (records.answer_to_json, records.answer_from_json, ANSWER),
        (records.verdict_to_json, records.verdict_from_json, VERDICT),
    ],
)
def test_what_a_run_is_made_of_survives_json(write, read, value) -> None:
    """Written as JSON text and read again, it is equal."""
    assert read(json.loads(json.dumps(write(value)))) == value


def test_unknown_members_are_ignored_and_missing_ones_take_defaults() -> None:
    """A row written by another version still reads."""
    assert records.options_from_json({"pattern": "gut", "later": 1}) == RunOptions(pattern="gut")


def test_amounts_have_no_exponent() -> None:
    """Small amounts are written so that people can read them."""
    assert records.decimal_to_json(Decimal("1E-7")) == "0.0000001"
    assert records.decimal_to_json(Decimal("0.000100000000000000000000000000000000")) == "0.0001"
    assert [records.decimal_to_json(Decimal(each)) for each in ("1E2", "100", "20.00", "0E-36")] == [
        "100", "100", "20", "0"
    ]  # fmt: skip


def test_something_else_is_refused() -> None:
    """What is no object is not read as a verdict."""
    with pytest.raises(TypeError):
        records.verdict_from_json([])


@given(
    text=strategies.text(),
    cost=strategies.none() | strategies.decimals(allow_nan=False, allow_infinity=False, places=9),
    usage=strategies.none() | strategies.builds(Usage),
    cut=strategies.booleans(),
)
def test_any_answer_survives_json(text: str, cost: Decimal | None, usage: Usage | None, cut: bool) -> None:
    """Every answer reads back as it was written."""
    answer = Answer("member-1", "a/b", "answer", "ok", text, cost_usd=cost, usage=usage, cut=cut)
    assert records.answer_from_json(json.loads(json.dumps(records.answer_to_json(answer)))) == answer
