"""What is asked on Anthropic's wire, to the byte."""

import json

import pytest

from tests.fakes.raw_server import SSE
from tests.unit.providers.anthropic.samples import ASK, STREAM
from ultra.domain.chat import (
    ChatRequest,
    File,
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
from ultra.domain.models import Capabilities
from ultra.providers import Anthropic


async def test_sends_exactly_these_bytes(make, server, listen, conversation):
    """A request with instructions, history, tools, an image and a schema is exactly this, to the byte."""
    server.plan(SSE + STREAM)
    _, error = await listen(make(Anthropic), conversation("claude-x"))
    assert error is None
    head, body = server.requests[0]
    assert (
        body
        == (
            '{"model":"claude-x","max_tokens":256,"system":[{"type":"text","text":"Be brief."}],'
            '"messages":[{"role":"user","content":[{"type":"text","text":"What is this? Größe?"},'
            '{"type":"image","source":{"type":"base64","media_type":"image/png","data":"iVBORw=="}}]},'
            '{"role":"assistant","content":[{"type":"text","text":"Let me look."},'
            '{"type":"tool_use","id":"call_7","name":"look_up","input":{"what":"a cat"}}]},'
            '{"role":"user","content":[{"type":"tool_result","tool_use_id":"call_7",'
            '"content":[{"type":"text","text":"It is a cat."}]},{"type":"text","text":"Sure?"}]}],'
            '"stream":true,"tools":[{"name":"look_up","description":"Looks something up.",'
            '"input_schema":{"type":"object","properties":{"what":{"type":"string"}}}}],'
            '"output_config":{"format":{"type":"json_schema",'
            '"schema":{"type":"object","properties":{"sure":{"type":"boolean"}}}}}}'
        ).encode()
    )
    assert head == (
        "POST /v1/messages HTTP/1.1\r\n"
        f"Host: {server.base_url.removeprefix('http://')}\r\n"
        "user-agent: ultra\r\n"
        "accept-encoding: identity\r\n"
        "content-type: application/json\r\n"
        "accept: text/event-stream\r\n"
        "anthropic-version: 2026-10-21\r\n"
        "authorization: Bearer sk-test-0123456789\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )


def encode(provider, **fields):
    """Return body and losses of a request with these fields."""
    given = {"model": "claude-x", "messages": ASK.messages, "max_output_tokens": 2000, **fields}
    call, losses = provider.encode(ChatRequest(**given))
    body = json.loads(call.body)
    return {name: body[name] for name in body if name not in ("model", "messages", "max_tokens", "stream")}, losses


def test_the_version_decides_about_sampling(pure):
    """The old version takes sampling parameters; the new one refuses them, so they are dropped and reported."""
    sampling = Sampling(0.5, 0.9, 40, stop=("END",))
    old, none_lost = encode(pure(Anthropic, version="2023-06-01"), sampling=sampling)
    new, losses = encode(pure(Anthropic), sampling=sampling)
    assert old == {"stop_sequences": ["END"], "temperature": 0.5, "top_p": 0.9, "top_k": 40}
    assert none_lost == ()
    assert new == {"stop_sequences": ["END"]}
    assert [loss.param for loss in losses] == ["temperature", "top_p", "top_k"]


def test_the_version_decides_about_later_instructions(pure):
    """The new version keeps a system message in its place; the old one says it at the beginning, reported."""
    messages = (*ASK.messages, Message("system", (Text("Now in French."),)), Message("user", (Text("Go."),)))
    request = ChatRequest("m", messages, (Text("First."),), max_output_tokens=9)
    new, losses = pure(Anthropic).encode(request)
    assert [message["role"] for message in json.loads(new.body)["messages"]] == ["user", "system", "user"]
    assert losses == ()
    old, losses = pure(Anthropic, version="2023-06-01").encode(request)
    body = json.loads(old.body)
    assert body["system"] == [{"type": "text", "text": "First."}, {"type": "text", "text": "Now in French."}]
    assert body["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "Hi"}, {"type": "text", "text": "Go."}]}
    ]
    assert [loss.param for loss in losses] == ["messages.system"]


def test_fills_the_limit_this_wire_must_have(pure):
    """Without a limit the model's own is sent, or 4096 where nobody knows it, and that is said."""
    known = pure(Anthropic, max_output={"big": 64000}.get)
    for model, limit in (("big", 64000), ("other", 4096)):
        call, losses = known.encode(ChatRequest(model, ASK.messages))
        assert json.loads(call.body)["max_tokens"] == limit
        assert [loss.param for loss in losses] == ["max_output_tokens"]


@pytest.mark.parametrize(
    ("wish", "takes", "sent", "lost"),
    [
        (ReasoningWish("high"), {}, {"thinking": {"type": "adaptive"}, "output_config": {"effort": "high"}}, []),
        (
            ReasoningWish("max", want_text=True),
            {},
            {"thinking": {"type": "adaptive", "display": "summarized"}, "output_config": {"effort": "max"}},
            [],
        ),
        (
            ReasoningWish("minimal"),
            {},
            {"thinking": {"type": "adaptive"}, "output_config": {"effort": "low"}},
            ["reasoning.effort"],
        ),
        (ReasoningWish("none"), {}, {"thinking": {"type": "disabled"}}, []),
        (
            ReasoningWish("none"),
            {"thinking.disabled": False},
            {"output_config": {"effort": "low"}},
            ["reasoning.effort"],
        ),
        (ReasoningWish("low"), {"thinking.adaptive": False}, {"output_config": {"effort": "low"}}, []),
        (
            ReasoningWish(budget_tokens=1500),
            {"thinking.enabled": True},
            {"thinking": {"type": "enabled", "budget_tokens": 1500}},
            [],
        ),
        (
            ReasoningWish(budget_tokens=9000),
            {"thinking.enabled": True},
            {"thinking": {"type": "enabled", "budget_tokens": 1999}},
            ["reasoning.budget_tokens"],
        ),
        (ReasoningWish(budget_tokens=1500), {}, {"thinking": {"type": "adaptive"}}, ["reasoning.budget_tokens"]),
        (ReasoningWish(want_text=True), {"thinking.adaptive": False}, {}, ["reasoning.want_text"]),
    ],
)
def test_asks_for_thinking_as_the_model_takes_it(pure, wish, takes, sent, lost):
    """Effort and budget become what the model is known to take; anything else is reported."""
    provider = pure(Anthropic, capabilities=lambda _: Capabilities(parameters=takes))
    body, losses = encode(provider, reasoning=wish)
    assert (body, [loss.param for loss in losses]) == (sent, lost)


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        (ToolChoice(), None),
        (ToolChoice(parallel=False), {"type": "auto", "disable_parallel_tool_use": True}),
        (ToolChoice("none"), {"type": "none"}),
        (ToolChoice("required", parallel=True), {"type": "any", "disable_parallel_tool_use": False}),
        (ToolChoice("named", ("f",)), {"type": "tool", "name": "f"}),
    ],
)
def test_names_tool_choices(pure, choice, sent):
    """Each tool choice has its word."""
    body, _ = encode(pure(Anthropic), tools=(Tool("f", strict=True),), tool_choice=choice)
    assert body.get("tool_choice") == sent
    assert body["tools"] == [{"name": "f", "input_schema": {"type": "object", "properties": {}}, "strict": True}]


def test_offers_only_the_tools_that_may_be_called(pure):
    """Where one of several tools must be called, the others are not offered, and that is said."""
    tools = (Tool("f"), Tool("g"), Tool("h"))
    body, losses = encode(pure(Anthropic), tools=tools, tool_choice=ToolChoice("named", ("f", "g")))
    assert [tool["name"] for tool in body["tools"]] == ["f", "g"]
    assert body["tool_choice"] == {"type": "any"}
    assert [loss.param for loss in losses] == ["tool_choice"]


def test_returns_thinking_only_to_whom_it_belongs(pure):
    """Signed thinking and unread blocks go back unchanged to the same model, and to nobody else."""
    own = Reasoning("hm", opaque=Opaque("anthropic", "claude-x", "sig"))
    block = Opaque("anthropic", "claude-x", {"type": "redacted_thinking", "data": "zzz"})
    foreign = Reasoning("no", opaque=Opaque("gemini", "g", "sig"))
    elder = Opaque("anthropic", "claude-w", {"type": "redacted_thinking", "data": "old"})
    unsigned = Reasoning("never signed")
    said = Message("assistant", (own, block, foreign, elder, unsigned, Text("Yes.")))
    call, losses = pure(Anthropic).encode(ChatRequest("claude-x", (*ASK.messages, said), max_output_tokens=9))
    assert json.loads(call.body)["messages"][1]["content"] == [
        {"type": "thinking", "thinking": "hm", "signature": "sig"},
        {"type": "redacted_thinking", "data": "zzz"},
        {"type": "text", "text": "Yes."},
    ]
    assert [loss.param for loss in losses] == ["messages.reasoning"]


def test_encodes_results_files_and_pictures(pure):
    """Results keep their images and errors; documents, ids and data: URLs have their blocks."""
    messages = (
        Message("user", (Image(url="data:image/gif;base64,eA=="), Image(url="https://x/y.png", detail="low"))),
        Message("user", (File(b"%PDF", "application/pdf", "a.pdf"), File(b"hi", "text/plain"), File(file_id="file_1"))),
        Message("assistant", (ToolCall("functions.f:0", "f", "broken"),)),
        Message("tool", (ToolResult("functions.f:0", (Text("no"), Image(b"x", "image/png")), is_error=True),)),
    )
    call, losses = pure(Anthropic).encode(ChatRequest("m", messages, max_output_tokens=9))
    assert json.loads(call.body)["messages"] == [
        {
            "role": "user",
            "content": [
                {"type": "image", "source": {"type": "base64", "media_type": "image/gif", "data": "eA=="}},
                {"type": "image", "source": {"type": "url", "url": "https://x/y.png"}},
                {
                    "type": "document",
                    "source": {"type": "base64", "media_type": "application/pdf", "data": "JVBERg=="},
                    "title": "a.pdf",
                },
                {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "hi"}},
                {"type": "document", "source": {"type": "file", "file_id": "file_1"}},
            ],
        },
        {
            "role": "assistant",
            "content": [{"type": "tool_use", "id": "functions_f_0", "name": "f", "input": {"INVALID_JSON": "broken"}}],
        },
        {
            "role": "user",
            "content": [
                {
                    "type": "tool_result",
                    "tool_use_id": "functions_f_0",
                    "content": [
                        {"type": "text", "text": "no"},
                        {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "eA=="}},
                    ],
                    "is_error": True,
                }
            ],
        },
    ]
    assert [loss.param for loss in losses] == [
        "messages.image.detail",
        "messages.tool_call.arguments",
        "messages.tool_call.id",
    ]


def test_asks_for_json_in_words(pure):
    """Without a schema this wire has no JSON mode: an instruction asks for it, and that is said."""
    body, losses = encode(pure(Anthropic), output=Output("json_object"), end_user="u")
    assert body == {
        "system": [{"type": "text", "text": "Answer with one JSON object and nothing else."}],
        "metadata": {"user_id": "u"},
    }
    assert [loss.param for loss in losses] == ["output"]
