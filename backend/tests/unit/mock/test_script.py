"""Tests of the seeded script."""

import json
from collections import Counter

import jsonschema
import pytest

from ultra.domain.chat import (
    ChatRequest,
    Image,
    Message,
    Output,
    Reasoning,
    ReasoningWish,
    Sampling,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from ultra.domain.completion import Fold
from ultra.mock import tokens
from ultra.mock.script import Script, events

MODELS = [
    *("gpt-5.5", "gpt-5.5-mini", "claude-opus-5-5", "claude-haiku-4-5", "gemini-3-pro", "gemini-3-flash"),
    *(f"model-{index}" for index in range(24)),
]
WEATHER = Tool(
    "get_weather",
    "Get the weather of a city",
    {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
)


def ask(question, *, model="gpt-5.5", seed="1", messages=None, **wish):
    """Let the script answer one question."""
    turns = messages or (Message("user", (Text(question),)),)
    request = ChatRequest(model=model, messages=turns, **wish)
    return Script(seed=seed).play(request, provider="openai", model=model, answer_id="a1")


def final(text):
    """Return what the last line announces."""
    return text.rsplit("Answer: ", 1)[1]


def test_is_repeatable():
    """The same request, model and seed give the same answer; another seed gives other words."""
    first, again = ask("Explain tides."), ask("Explain tides.")
    others = {ask("Explain tides.", seed=str(seed)).text for seed in range(6)}
    assert first == again
    assert len(others) > 3


@pytest.mark.parametrize(
    ("question", "truth"),
    [
        ("What is 17 * 23?", "391"),
        ("What is the capital of Australia?", "Canberra"),
        ("How many bits has a byte?", "8"),
    ],
)
def test_most_models_know_and_some_err(question, truth):
    """Over many models and seeds most answers are true, a few are wrong, and models differ in wording."""
    asked = f"{question} End with a line `Answer: ...`."
    values = Counter(final(ask(asked, model=model, seed=str(seed)).text) for model in MODELS for seed in range(4))
    right = values[truth] / values.total()
    assert 0.8 < right < 0.99
    assert len({ask(asked, model=model).text for model in MODELS}) > 3


def test_being_wrong_is_stable():
    """A model that errs about a question errs in every wording around it."""
    wrong = [
        model
        for model in MODELS
        if final(ask("What is 6 * 7? End with a line `Answer: ...`.", model=model).text) != "42"
    ]
    assert wrong
    for model in wrong:
        assert final(ask("Please work it out: what is 6 * 7? Close with a line Answer: x", model=model).text) != "42"


def test_stronger_models_err_less():
    """Large models are wrong less often than small ones."""

    def errors(model):
        asked = (f"What is {index} * 7? End with a line `Answer: ...`." for index in range(11, 211))
        return sum(final(ask(each, model=model).text) != str((index + 11) * 7) for index, each in enumerate(asked))

    assert errors("claude-opus-5-5") < errors("claude-haiku-4-5")


def test_chooses_an_option():
    """A multiple choice question gets a letter: the right one where the answer is known, alone when asked for."""
    for question in ("What is 3 + 4?", "Which of these is a prime number?"):
        bare = f"{question}\nA) 4\nB) 7\nC) 9\nReply with only the letter."
        answers = Counter(ask(bare, model=model).text for model in MODELS)
        assert set(answers) <= {"A", "B", "C"}
        assert answers.most_common(1)[0][0] == "B"


def test_says_yes_or_no():
    """A closed question gets yes or no, truly where a fact decides it; an open matter divides the models."""
    known = Counter(
        final(ask("Is Sydney the capital of Australia? End with a line `Answer: yes/no`", model=model).text)
        for model in MODELS
    )
    moot = {
        final(ask("Should teams deploy on Fridays? End with a line `Answer: yes/no`", model=model).text)
        for model in MODELS
    }
    assert known["No"] > known["Yes"]
    assert moot == {"Yes", "No"}


def test_open_answers_share_and_differ():
    """Open questions get several sentences; models share some and have some of their own."""
    said = [
        set(ask("What makes remote engineering teams work?", model=model).text.replace("\n", " ").split(". "))
        for model in MODELS
    ]
    texts = {ask("What makes remote engineering teams work?", model=model).text for model in MODELS}
    assert len(texts) == len(MODELS) or len(texts) > 10
    assert all(len(each) >= 4 for each in said if len(each) > 1)
    assert all("remote engineering teams" in text.lower() for text in texts)


def test_synthesis_takes_what_most_peers_say():
    """Shown labelled answers it decides for the value most of them announce."""
    peers = "".join(
        f"### Answer {label}\nBecause.\nAnswer: {value}\n"
        for label, value in zip("ABC", ("391", "392", "391"), strict=True)
    )
    said = ask(f"What is 17 * 23?\n{peers}\nEnd with a line `Answer: ...`.", model="gpt-5.5-mini", seed="9").text
    assert final(said) == "391"


def test_synthesis_merges_open_answers():
    """What several peers say comes before what only one says, and no label is mentioned."""
    peers = (
        "### Answer A\nTides follow the Moon. Boats float well.\n### Answer B\nTides follow the Moon. Wind blows hard."
    )
    said = ask(f"Merge these answers.\n{peers}").text
    assert said == "Tides follow the Moon.\n\nUnresolved: Boats float well. Wind blows hard."


def test_review_judges_each_peer():
    """A reviewer works it out itself and judges every label by that, whatever most of them say."""
    peers = "".join(f"### Answer {label}\nAnswer: {value}\n" for label, value in zip("ABC", "775", strict=True))
    said = ask(f"What is 2 + 3?\n{peers}\nNow check them. For each answer write its label.").text
    assert [line.partition(":")[0] for line in said.splitlines()] == [
        "A", "- refuted", "B", "- refuted", "C", "- supported",
    ]  # fmt: skip
    tides = "### Answer A\nTides follow the Moon.\n### Answer B\nTides follow the Moon. Boats float on water."
    said = ask(f"Review these answers.\n{tides}").text
    assert "- supported: Tides follow the Moon." in said
    assert "- cannot tell: Boats float on water." in said


def test_obeys_a_schema():
    """The answer is a valid instance with the known value in it."""
    schema = {
        "type": "object",
        "properties": {"answer": {"type": "integer"}, "reason": {"type": "string"}},
        "required": ["answer", "reason"],
        "additionalProperties": False,
    }
    made = json.loads(ask("What is 17 * 23?", output=Output("json_schema", "sum", schema, strict=True)).text)
    jsonschema.validate(made, schema)
    assert made["answer"] == 391
    assert json.loads(ask("What is 17 * 23?", output=Output("json_object")).text) == {"answer": "391"}


def test_calls_tools_only_when_they_fit():
    """A tool that the question is about is called, once per city; small talk is answered."""
    asked = ask("What is the weather in Paris and in Rome?", tools=(WEATHER,))
    calls = [part for part in asked.parts if isinstance(part, ToolCall)]
    assert [json.loads(call.args_json) for call in calls] == [{"city": "Paris"}, {"city": "Rome"}]
    assert len({call.id for call in calls}) == 2
    assert asked.finish_reason == "tool_calls"
    assert ask("Hello there", tools=(WEATHER,)).finish_reason == "stop"


def test_obeys_the_choice_of_tools():
    """Required and named always call, none never does, and parallel off calls once."""
    other = Tool("look_up", "Look up a word", {"type": "object"})
    named = ask("Hello", tools=(WEATHER, other), tool_choice=ToolChoice("named", ("look_up",)))
    once = ask("Weather in Paris and in Rome?", tools=(WEATHER,), tool_choice=ToolChoice("required", parallel=False))
    never = ask("Weather in Paris?", tools=(WEATHER,), tool_choice=ToolChoice("none"))
    assert [part.name for part in named.parts] == ["look_up"]
    assert len(once.parts) == 1
    assert never.finish_reason == "stop"


def test_uses_tool_results():
    """After results it answers with them instead of calling again; a failure is told as one."""
    turns = (
        Message("user", (Text("Weather in Paris?"),)),
        Message("assistant", (ToolCall("c1", "get_weather", '{"city":"Paris"}'),)),
        Message("tool", (ToolResult("c1", (Text("18 degrees"),), name="get_weather"),)),
    )
    failed = (*turns[:2], Message("tool", (ToolResult("c1", (Text("no such city"),), is_error=True),)))
    assert ask("", messages=turns, tools=(WEATHER,)).text == "According to get_weather: 18 degrees"
    assert "failed and said: no such city" in ask("", messages=failed, tools=(WEATHER,)).text


def test_thinks_only_when_asked():
    """Reasoning comes first, is signed, and counts as output."""
    silent = ask("What is 2+2?")
    loud = ask("What is 2+2?", reasoning=ReasoningWish(want_text=True))
    assert not any(isinstance(part, Reasoning) for part in silent.parts)
    assert isinstance(loud.parts[0], Reasoning)
    assert loud.parts[0].opaque is not None
    assert loud.usage.output_reasoning == tokens.count(loud.parts[0].text)
    assert loud.usage.output_total > loud.usage.output_reasoning


def test_ends_where_told():
    """A stop sequence cuts before itself and is named; a limit ends with `length` at that many tokens."""
    stopped = ask("Say hello to the world", sampling=Sampling(stop=("the",)))
    short = ask("Explain tides.", max_output_tokens=5)
    assert (stopped.text, stopped.finish.stop_sequence) == ("hello to ", "the")
    assert (short.finish_reason, tokens.count(short.text), short.usage.output_total) == ("length", 5, 5)


def test_acknowledges_pictures():
    """Type and size of a picture are told."""
    turns = (Message("user", (Text("What is this?"), Image(data=b"12345", media_type="image/png"))),)
    assert "image/png, 5 bytes" in ask("", messages=turns).text


@pytest.mark.parametrize("question", ["What is 2+2?", "Explain tides.", "Weather in Paris and in Rome?"])
def test_events_fold_to_the_completion(question):
    """The streamed events tell the same completion."""
    said = ask(question, tools=(WEATHER,), reasoning=ReasoningWish(want_text=True))
    fold = Fold()
    for event in events(said):
        fold.add(event)
    assert fold.result() == said


def test_an_open_question_gets_no_final_line():
    """Where a last line is wanted only of short answers, advice and explanations have none, and a sum has one."""
    notes = "\n\nHow to reply: if the question has one short answer, end with a line of this form:\nAnswer: <value>"
    for question in ("Should a small team adopt microservices?", "Explain why the sky is blue"):
        assert "Answer:" not in ask(f"{question}{notes}").text
    assert ask(f"What is 17 * 23?{notes}").text.endswith("\nAnswer: 391")


def test_does_not_invent_facts():
    """Asked for a fact it has never heard of, a model says that it does not know."""
    asked = "Who won the regional chess cup of 1931? End with a line `Answer: ...`."
    assert {final(ask(asked, model=model).text) for model in MODELS} == {"unknown"}
