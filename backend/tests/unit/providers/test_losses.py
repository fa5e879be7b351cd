"""What each wire cannot carry is reported, each thing once, none silently."""

import json

import pytest

from ultra.domain.chat import (
    Audio,
    ChatRequest,
    Image,
    Message,
    Opaque,
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
from ultra.domain.errors import InvalidRequest
from ultra.providers import ROWS, Anthropic, Compatible, Gemini, OpenAI

HI = Message("user", (Text("Hi"),))
PNG = Image(b"x", "image/png", detail="high")
LATER = Message("system", (Text("S"),))
CALL = Message("assistant", (ToolCall("c1", "f", "{}"),))
FAILED = Message("tool", (ToolResult("c1", (Text("no"),), name="f", is_error=True),))
SEEN = Message("tool", (ToolResult("c1", (Text("see"), Image(b"x", "image/png")), name="f"),))
THOUGHT = Message("assistant", (Reasoning("hm", opaque=Opaque("other", "m", "s")), Text("Yes.")))
SCHEMA = Output("json_schema", "named", {"type": "object"}, strict=True)

TABLE = [
    ("later instructions", {"messages": (HI, LATER, HI)}, [], [], ["messages.system"]),
    ("no limit", {"max_output_tokens": None}, [], ["max_output_tokens"], []),
    ("temperature, top_p", {"sampling": Sampling(0.1, 0.2)}, [], ["temperature", "top_p"], []),
    ("top_k", {"sampling": Sampling(top_k=3)}, ["top_k"], ["top_k"], []),
    (
        "seed, penalties",
        {"sampling": Sampling(seed=1, presence_penalty=0.1, frequency_penalty=0.1)},
        [],
        ["seed", "presence_penalty", "frequency_penalty"],
        [],
    ),
    ("many stops", {"sampling": Sampling(stop=tuple("abcdef"))}, ["stop"], [], ["stop"]),
    ("effort none", {"reasoning": ReasoningWish("none")}, [], [], ["reasoning.effort"]),
    ("effort minimal", {"reasoning": ReasoningWish("minimal")}, [], ["reasoning.effort"], []),
    ("effort max", {"reasoning": ReasoningWish("max")}, [], [], ["reasoning.effort"]),
    (
        "budget",
        {"reasoning": ReasoningWish(budget_tokens=2000)},
        ["reasoning.budget_tokens"],
        ["reasoning.budget_tokens"],
        [],
    ),
    ("reasoning shown", {"reasoning": ReasoningWish(want_text=True)}, ["reasoning.want_text"], [], []),
    (
        "another model's reasoning",
        {"messages": (HI, THOUGHT, HI)},
        ["messages.reasoning"],
        ["messages.reasoning"],
        ["messages.reasoning"],
    ),
    ("a named strict schema", {"output": SCHEMA}, [], ["output.name"], ["output.name", "output.strict"]),
    ("JSON without a schema", {"output": Output("json_object")}, [], ["output"], []),
    ("strict tools", {"tools": (Tool("f", strict=True),)}, [], [], ["tools.strict"]),
    ("a tool's name", {"tools": (Tool("1f"),)}, [], [], ["tools.name"]),
    (
        "no parallel calls",
        {"tools": (Tool("f"),), "tool_choice": ToolChoice(parallel=False)},
        [],
        [],
        ["parallel_tool_calls"],
    ),
    ("a failed tool", {"messages": (HI, CALL, FAILED)}, ["messages.tool_result.is_error"], [], []),
    (
        "a tool's picture",
        {"messages": (HI, CALL, SEEN)},
        ["messages.tool_result.content"],
        [],
        ["messages.tool_result.content"],
    ),
    ("detail", {"messages": (Message("user", (PNG,)),)}, [], ["messages.image.detail"], ["messages.image.detail"]),
    ("end user", {"end_user": "u"}, [], [], ["end_user"]),
    ("nothing", {}, [], [], []),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "column"), [(OpenAI, 0), (Anthropic, 1), (Gemini, 2)], ids=["openai", "anthropic", "gemini"]
)
@pytest.mark.parametrize(("fields", "lost"), [(row[1], row[2:]) for row in TABLE], ids=[row[0] for row in TABLE])
def test_reports_what_the_wire_cannot_carry(pure, fields, lost, kind, column):
    """Each thing a wire loses or changes is in the report, and nothing else is."""
    given = {"model": "m", "messages": (HI,), "max_output_tokens": 4000, **fields}
    _, losses = pure(kind).encode(ChatRequest(**given))
    assert [loss.param for loss in losses] == lost[column]
    assert all(loss.detail.endswith(".") for loss in losses)


@pytest.mark.parametrize(
    ("row", "fields", "lost"),
    [
        ("deepseek", {"output": SCHEMA}, ["output.schema"]),
        ("deepseek", {"sampling": Sampling(seed=1)}, ["seed"]),
        ("mistral", {"reasoning": ReasoningWish("low")}, ["reasoning.effort"]),
        ("ollama", {"end_user": "u"}, ["end_user"]),
        (
            "ollama",
            {"tools": (Tool("f"),), "tool_choice": ToolChoice(parallel=False)},
            ["parallel_tool_calls"],
        ),
        ("groq", {"sampling": Sampling(presence_penalty=0.1)}, ["presence_penalty"]),
        ("vllm", {"sampling": Sampling(top_k=4)}, []),
        (
            "xai",
            {"tools": (Tool("f"), Tool("g")), "tool_choice": ToolChoice("named", ("f", "g"))},
            ["tool_choice"],
        ),
    ],
)
def test_reports_what_a_compatible_server_cannot_carry(pure, row, fields, lost):
    """A row's missing features are losses too."""
    provider = pure(Compatible, row=ROWS[row])
    _, losses = provider.encode(ChatRequest("m", (HI,), **fields))
    assert [loss.param for loss in losses] == lost


@pytest.mark.parametrize("kind", [OpenAI, Anthropic, Gemini])
def test_refuses_content_that_has_no_form_on_the_wire(pure, kind):
    """What would change the question is refused, not dropped."""
    for message in (Message("system", (PNG,)), Message("assistant", (ToolResult("c1", ()),))):
        with pytest.raises(InvalidRequest):
            pure(kind).encode(ChatRequest("m", (HI, message)))
    if kind is Anthropic:
        with pytest.raises(InvalidRequest):
            pure(kind).encode(ChatRequest("m", (Message("user", (Audio(b"x", "wav"),)),)))


@pytest.mark.parametrize("kind", [OpenAI, Anthropic, Gemini])
def test_leaves_the_request_as_it_was(pure, kind):
    """Options are merged into the body, never into the caller's own schema."""
    schema = {"type": "object"}
    options = {
        "openai": {"response_format": {"json_schema": {"schema": {"x": 1}}}},
        "anthropic": {"output_config": {"format": {"schema": {"x": 1}}}},
        "gemini": {"generationConfig": {"responseJsonSchema": {"x": 1}}},
    }
    request = ChatRequest("m", (HI,), output=Output("json_schema", None, schema), provider_options=options)
    call, _ = pure(kind).encode(request)
    assert '"x": 1' in json.dumps(json.loads(call.body))
    assert schema == {"type": "object"}
