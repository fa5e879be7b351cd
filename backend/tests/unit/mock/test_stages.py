"""The script on the prompts of every lens: it does in each stage what that stage asks for."""

import re

import pytest

from ultra.domain.chat import ChatRequest, Message, Text
from ultra.domain.patterns import Labelled, StageFacts
from ultra.mock.script import Script
from ultra.patterns.loader import load

LENSES = load().all()
MODELS = ("gpt-6-astra", "claude-fable-5-2", "gemini-4-argon")
OPEN = (
    "Should our team of five adopt microservices, and why?",
    "Explain why the sky is blue",
    "Draft a plan to migrate a 2 TB PostgreSQL database with little downtime",
)
CLOSED = {"What is 17 * 23?": "391", "What is the capital of Australia?": "Canberra", "Is 221 prime?": "No"}
MARK = "q7Zk2vX9"


def play(lens, stage, question, model=MODELS[0], **facts):
    """Let a model answer one stage of a lens."""
    role = lens.roles[MODELS.index(model) % len(lens.roles)] if lens.roles and stage != "synthesis" else None
    prompt = lens.render(stage, StageFacts(question=question, **facts), role=role, delimiter=MARK)
    request = ChatRequest(
        model=model, messages=(Message("user", (Text(prompt.text),)),), instructions=(Text(prompt.instructions),)
    )
    return Script(seed="ultra").play(request, provider="openai", model=model, answer_id="a1").text


def panel(lens, question):
    """Return the labelled answers of all models."""
    texts = (play(lens, "answer", question, model) for model in MODELS)
    return tuple(Labelled(label, text) for label, text in zip(("K7", "B3", "M2"), texts, strict=True))


@pytest.fixture(params=LENSES, ids=lambda lens: lens.name)
def lens(request):
    """Every lens in turn."""
    return request.param


@pytest.mark.parametrize("question", OPEN)
def test_open_answers_say_several_things(lens, question):
    """An open question gets sentences that differ between models, and no final value."""
    texts = [answer.text for answer in panel(lens, question)]
    assert len(set(texts)) > 1
    assert all(len(re.findall(r"[.!](?:\s|$)", text)) > 1 for text in texts)
    assert all("Answer:" not in text and "{" not in text for text in texts)


@pytest.mark.parametrize(("question", "value"), CLOSED.items())
def test_closed_answers_end_with_their_value(lens, question, value):
    """A closed question gets its value in the last line, in the answer, the vote, the revision and the synthesis."""
    answers = panel(lens, question)
    revised = play(lens, "revise", question, own="I say 5.\nAnswer: 5", answers=answers)
    verdict = play(lens, "synthesis", question, answers=answers, decided=value)
    assert sum(answer.text.endswith(f"\nAnswer: {value}") for answer in answers) >= 2
    assert sum(play(lens, "vote", question, model).endswith(f"\nAnswer: {value}") for model in MODELS) >= 2
    assert revised.endswith(f"\nAnswer: {value}")
    assert verdict.endswith(f"\nAnswer: {value}")
    assert len(verdict.splitlines()) > 1


@pytest.mark.parametrize("question", [*OPEN, *CLOSED])
def test_reviews_judge_each_answer(lens, question):
    """A review has each label on a line of its own, and lines of judgement about statements of that answer."""
    answers = panel(lens, question)
    said = play(lens, "review", question, answers=answers)
    parts = dict(re.findall(r"^([A-Z]\d)\n(.*?)(?=^[A-Z]\d$|\Z)", said, re.MULTILINE | re.DOTALL))
    assert list(parts) == ["K7", "B3", "M2"]
    for answer in answers:
        judged = re.findall(
            r"^- (?:supported|refuted|cannot tell): (.+?) Reason: .+$", parts[answer.label], re.MULTILINE
        )
        assert judged
        assert all(statement in answer.text for statement in judged)


@pytest.mark.parametrize("question", OPEN)
def test_revisions_improve_the_own_answer(lens, question):
    """A revision is the own answer with what most others say, and mentions nobody."""
    answers = panel(lens, question)
    reviews = (Labelled("1", play(lens, "review", question, answers=answers)),)
    own = answers[0].text
    revised = play(lens, "revise", question, own=own, answers=answers[1:], reviews=reviews)
    kept = [line for line in own.splitlines() if line in revised]
    assert 2 * len(kept) >= len(own.splitlines())
    assert not re.search(r"\b(?:K7|B3|M2)\b|supported:|Answer:", revised)


@pytest.mark.parametrize("question", OPEN)
def test_syntheses_keep_what_is_shared(lens, question):
    """A synthesis tells the user what several answers say, without a label, a review or anything new."""
    answers = panel(lens, question)
    reviews = (Labelled("1", play(lens, "review", question, answers=answers)),)
    verdict = play(lens, "synthesis", question, answers=answers, reviews=reviews)
    said = " ".join(answer.text for answer in answers).lower()
    sentences = [
        each for each in re.split(r"(?<=[.!?])\s+|\n+", verdict) if each.endswith(".") and not each.startswith("|")
    ]
    known = [each for each in sentences if re.sub(r"^[-\d. ]+", "", each).lower() in said]
    assert len(known) >= max(len(sentences) / 2, 1)
    assert not re.search(r"\b(?:K7|B3|M2)\b|supported:|Answer:", verdict)


@pytest.mark.parametrize(
    ("name", "parts"),
    [
        ("confidence", ("**Well supported**", "**Probable**")),
        ("critique", ("**Improvements in order of weight**\n\n1. ", "**What is good and should stay**")),
        ("fact-check", ("- Right: ",)),
        ("perspective", ("**What holds from every viewpoint**", "**Where the viewpoints part**")),
        ("scenario", ("- Likely course: ", "- Worst course: ", "- Best course: ", "**Only when a sign appears**")),
        ("stakeholder", ("| Who | Interest |", "**Conflicts**", "**Recommendation**")),
        ("systems", ("**Links**", "**Loops**", "**Delays**")),
        ("horizon", ("**Now (short term)**", "**Next (middle term)**", "**Later (long term)**", "**Trade-offs**")),
        ("bridge", ("**Ideas to apply**\n\n1. ",)),
    ],
)
def test_syntheses_have_the_shape_of_their_lens(name, parts):
    """What a lens promises as the shape of its result is there for a practical question."""
    (chosen,) = (each for each in LENSES if each.name == name)
    verdict = play(chosen, "synthesis", OPEN[0], answers=panel(chosen, OPEN[0]))
    assert all(part in verdict for part in parts), verdict
