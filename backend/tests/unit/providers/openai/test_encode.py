"""What is asked on OpenAI's wire, to the byte."""

import json

import pytest

from tests.fakes.raw_server import SSE
from tests.unit.providers.openai.samples import ASK, TEXT
from ultra.domain.chat import (
    ChatRequest,
    Image,
    Message,
    Opaque,
    Reasoning,
    ReasoningWish,
    Refusal,
    Sampling,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
)
from ultra.domain.errors import (
    InvalidRequest,
)
from ultra.providers import OpenAI


async def test_sends_exactly_these_bytes(make, server, listen, conversation):
    """A request with instructions, history, tools, an image and a schema is exactly this, to the byte."""
    server.plan(SSE + TEXT)
    _, error = await listen(make(OpenAI, base_url=f"{server.base_url}/v1"), conversation("gpt-x"))
    assert error is None
    head, body = server.requests[0]
    assert (
        body
        == (
            '{"model":"gpt-x","messages":[{"role":"developer","content":"Be brief."},'
            '{"role":"user","content":[{"type":"text","text":"What is this? Größe?"},'
            '{"type":"image_url","image_url":{"url":"data:image/png;base64,iVBORw=="}}]},'
            '{"role":"assistant","content":"Let me look.","tool_calls":[{"id":"call_7","type":"function",'
            '"function":{"name":"look_up","arguments":"{\\"what\\": \\"a cat\\"}"}}]},'
            '{"role":"tool","tool_call_id":"call_7","content":"It is a cat."},'
            '{"role":"user","content":"Sure?"}],'
            '"stream":true,"stream_options":{"include_usage":true},"max_completion_tokens":256,'
            '"tools":[{"type":"function","function":{"name":"look_up","description":"Looks something up.",'
            '"parameters":{"type":"object","properties":{"what":{"type":"string"}}}}}],'
            '"response_format":{"type":"json_schema","json_schema":{"name":"answer",'
            '"schema":{"type":"object","properties":{"sure":{"type":"boolean"}}}}}}'
        ).encode()
    )
    assert head == (
        "POST /v1/chat/completions HTTP/1.1\r\n"
        f"Host: {server.base_url.removeprefix('http://')}\r\n"
        "user-agent: ultra\r\n"
        "accept-encoding: identity\r\n"
        "content-type: application/json\r\n"
        "accept: text/event-stream\r\n"
        "authorization: Bearer sk-test-0123456789\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )


def test_sends_every_parameter(pure):
    """Sampling, tool choice, effort, end user and the vendor's own fields have their places."""
    request = ChatRequest(
        "gpt-x",
        ASK.messages,
        tools=(Tool("f", strict=True), Tool("g")),
        tool_choice=ToolChoice("named", ("f", "g"), parallel=False),
        reasoning=ReasoningWish(effort="xhigh"),
        sampling=Sampling(0.5, 0.9, None, 7, ("a", "b"), 0.1, 0.2),
        end_user="u1",
        provider_options={
            "openai": {"verbosity": "low", "stream_options": {"include_obfuscation": False}},
            "x": {"y": 1},
        },
    )
    call, losses = pure(OpenAI).encode(request)
    assert json.loads(call.body) == {
        "model": "gpt-x",
        "messages": [{"role": "user", "content": "Hi"}],
        "stream": True,
        "stream_options": {"include_usage": True, "include_obfuscation": False},
        "temperature": 0.5,
        "top_p": 0.9,
        "seed": 7,
        "stop": ["a", "b"],
        "presence_penalty": 0.1,
        "frequency_penalty": 0.2,
        "tools": [
            {"type": "function", "function": {"name": "f", "strict": True}},
            {"type": "function", "function": {"name": "g"}},
        ],
        "tool_choice": {
            "type": "allowed_tools",
            "allowed_tools": {
                "mode": "required",
                "tools": [{"type": "function", "function": {"name": name}} for name in ("f", "g")],
            },
        },
        "parallel_tool_calls": False,
        "reasoning_effort": "xhigh",
        "safety_identifier": "u1",
        "verbosity": "low",
    }
    assert losses == ()


@pytest.mark.parametrize(
    ("choice", "sent"),
    [
        (ToolChoice("none"), "none"),
        (ToolChoice("required"), "required"),
        (ToolChoice("named", ("f",)), {"type": "function", "function": {"name": "f"}}),
    ],
)
def test_names_tool_choices(pure, choice, sent):
    """Each tool choice has its word."""
    call, _ = pure(OpenAI).encode(ChatRequest("m", ASK.messages, tools=(Tool("f"),), tool_choice=choice))
    assert json.loads(call.body)["tool_choice"] == sent


def test_moves_pictures_out_of_tool_results(pure):
    """Images of results follow all results of the turn as a user message, and errors are marked in words."""
    call_parts = (ToolCall("a", "f", ""), ToolCall("b", "f", "not json"))
    results = (
        ToolResult("a", (Text("see"), Image(data=b"x", media_type="image/png"))),
        ToolResult("b", (Text("broken"),), is_error=True),
    )
    one_turn = (Message("tool", results),)
    two_turns = tuple(Message("tool", (result,)) for result in results)
    for turns in (one_turn, two_turns):
        call, losses = pure(OpenAI).encode(ChatRequest("m", (Message("assistant", call_parts), *turns)))
        assert json.loads(call.body)["messages"] == [
            {
                "role": "assistant",
                "content": None,
                "tool_calls": [
                    {"id": "a", "type": "function", "function": {"name": "f", "arguments": "{}"}},
                    {"id": "b", "type": "function", "function": {"name": "f", "arguments": "not json"}},
                ],
            },
            {"role": "tool", "tool_call_id": "a", "content": "see"},
            {"role": "tool", "tool_call_id": "b", "content": "ERROR: broken"},
            {
                "role": "user",
                "content": [
                    {"type": "text", "text": "Attachments of the tool result a:"},
                    {"type": "image_url", "image_url": {"url": "data:image/png;base64,eA=="}},
                ],
            },
        ]
        assert [loss.param for loss in losses] == [
            "messages.tool_result.content",
            "messages.tool_result.is_error",
        ]


def test_keeps_what_the_wire_can_hold(pure):
    """Refusals, details and https images go along as they are; reasoning stays behind."""
    messages = (
        Message("system", (Text("Later."),)),
        Message("user", (Image(url="https://x/y.png", detail="low"),)),
        Message("assistant", (Reasoning("hm", opaque=Opaque("openai", "m", "s")), Refusal("No."))),
    )
    call, _ = pure(OpenAI).encode(ChatRequest("m", messages))
    assert json.loads(call.body)["messages"] == [
        {"role": "developer", "content": "Later."},
        {"role": "user", "content": [{"type": "image_url", "image_url": {"url": "https://x/y.png", "detail": "low"}}]},
        {"role": "assistant", "content": None, "refusal": "No."},
    ]


def test_never_lets_options_override_the_request(pure):
    """A vendor's own field that the request has already set stays as it was, and that is said."""
    request = ChatRequest(
        "m", ASK.messages, max_output_tokens=5, provider_options={"openai": {"max_completion_tokens": 9, "n": 3}}
    )
    call, losses = pure(OpenAI).encode(request)
    body = json.loads(call.body)
    assert body["max_completion_tokens"] == 5
    assert "n" not in body
    assert {loss.param for loss in losses} == {
        "provider_options.openai.max_completion_tokens",
        "provider_options.openai.n",
    }


def test_refuses_what_utf8_cannot_hold(pure):
    """Half a character is a bad request, not a crash."""
    with pytest.raises(InvalidRequest):
        pure(OpenAI).encode(ChatRequest("m", (Message("user", (Text("\ud83d"),)),)))
