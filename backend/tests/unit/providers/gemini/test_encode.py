"""What is asked on Gemini's wire, to the byte."""

import json

import pytest

from tests.fakes.raw_server import SSE
from tests.unit.providers.gemini.samples import ASK, STREAM
from ultra.domain.chat import (
    Audio,
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
from ultra.domain.errors import (
    InvalidRequest,
)
from ultra.domain.models import Capabilities
from ultra.providers import Gemini


def encode(provider, **fields):
    """Return body and losses of a request with these fields."""
    call, losses = provider.encode(ChatRequest(**{"model": "gemini-x", "messages": ASK.messages, **fields}))
    body = json.loads(call.body)
    return {name: body[name] for name in body if name != "contents"}, losses


async def test_sends_exactly_these_bytes(make, server, listen, conversation):
    """A request with instructions, history, tools, an image and a schema is exactly this, to the byte."""
    server.plan(SSE + STREAM)
    _, error = await listen(make(Gemini), conversation("gemini-x"))
    assert error is None
    head, body = server.requests[0]
    assert (
        body
        == (
            '{"systemInstruction":{"parts":[{"text":"Be brief."}]},'
            '"contents":[{"role":"user","parts":[{"text":"What is this? Größe?"},'
            '{"inlineData":{"mimeType":"image/png","data":"iVBORw=="}}]},'
            '{"role":"model","parts":[{"text":"Let me look."},'
            '{"functionCall":{"id":"call_7","name":"look_up","args":{"what":"a cat"}}}]},'
            '{"role":"user","parts":[{"functionResponse":{"id":"call_7","name":"look_up",'
            '"response":{"output":"It is a cat."}}},{"text":"Sure?"}]}],'
            '"tools":[{"functionDeclarations":[{"name":"look_up","description":"Looks something up.",'
            '"parametersJsonSchema":{"type":"object","properties":{"what":{"type":"string"}}}}]}],'
            '"generationConfig":{"maxOutputTokens":256,"responseMimeType":"application/json",'
            '"responseJsonSchema":{"type":"object","properties":{"sure":{"type":"boolean"}}}}}'
        ).encode()
    )
    assert head == (
        "POST /v1/models/gemini-x:streamGenerateContent?alt=sse HTTP/1.1\r\n"
        f"Host: {server.base_url.removeprefix('http://')}\r\n"
        "user-agent: ultra\r\n"
        "accept-encoding: identity\r\n"
        "content-type: application/json\r\n"
        "accept: text/event-stream\r\n"
        "x-goog-api-key: sk-test-0123456789\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    )


@pytest.mark.parametrize(
    ("model", "segment"),
    [("models/g", "g"), ("../../evil", "..%2F..%2Fevil"), ("a?key=b#c:d", "a%3Fkey%3Db%23c%3Ad"), ("..", "..")],
)
async def test_a_model_s_name_stays_in_its_place(make, server, listen, model, segment):
    """A name chosen by a caller cannot lead the call, and the key with it, anywhere else."""
    server.plan(SSE + STREAM)
    await listen(make(Gemini, version="v1beta"), ChatRequest(model, ASK.messages))
    line = server.requests[0][0].split("\r\n")[0]
    assert line == f"POST /v1beta/models/{segment}:streamGenerateContent?alt=sse HTTP/1.1"


def test_sends_every_parameter(pure):
    """Sampling, tool choice and the vendor's own fields have their places."""
    body, losses = encode(
        pure(Gemini),
        tools=(Tool("f", schema={"type": "object"}), Tool("g")),
        tool_choice=ToolChoice("named", ("f",)),
        sampling=Sampling(0.5, 0.9, 40, 7, ("a",), 0.1, 0.2),
        reasoning=ReasoningWish("xhigh", want_text=True),
        provider_options={"gemini": {"safetySettings": [], "generationConfig": {"mediaResolution": "LOW", "seed": 8}}},
    )
    assert body == {
        "tools": [{"functionDeclarations": [{"name": "f", "parametersJsonSchema": {"type": "object"}}, {"name": "g"}]}],
        "toolConfig": {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["f"]}},
        "generationConfig": {
            "temperature": 0.5,
            "topP": 0.9,
            "topK": 40,
            "stopSequences": ["a"],
            "seed": 7,
            "presencePenalty": 0.1,
            "frequencyPenalty": 0.2,
            "thinkingConfig": {"includeThoughts": True, "thinkingLevel": "XHIGH"},
            "mediaResolution": "LOW",
        },
        "safetySettings": [],
    }
    assert [loss.param for loss in losses] == ["provider_options.gemini.generationConfig.seed"]


@pytest.mark.parametrize(
    ("wish", "sent", "lost"),
    [
        (ReasoningWish("low"), {"thinkingLevel": "LOW"}, []),
        (ReasoningWish("max"), {"thinkingLevel": "XHIGH"}, ["reasoning.effort"]),
        (ReasoningWish("none"), {"thinkingLevel": "MINIMAL"}, ["reasoning.effort"]),
        (ReasoningWish(budget_tokens=99), {"thinkingBudget": 99}, []),
        (ReasoningWish("low", 99), {"thinkingBudget": 99}, ["reasoning.effort"]),
    ],
)
def test_asks_for_thinking_by_level_or_budget(pure, wish, sent, lost):
    """Effort becomes the nearest level, a budget stays one; what is not exact is reported."""
    body, losses = encode(pure(Gemini), reasoning=wish)
    assert body["generationConfig"]["thinkingConfig"] == sent
    assert [loss.param for loss in losses] == lost


def test_stops_thinking_where_the_model_can(pure):
    """No effort is a budget of nothing for models that are known to take it."""
    body, losses = encode(
        pure(Gemini, capabilities=lambda _: Capabilities(reasoning_can_disable=True)), reasoning=ReasoningWish("none")
    )
    assert (body["generationConfig"]["thinkingConfig"], losses) == ({"thinkingBudget": 0}, ())


def test_returns_calls_results_and_signatures(pure):
    """Made-up ids stay at home, results follow the order of their calls, signatures go back to their model only."""
    own, foreign = Opaque("gemini", "gemini-x", "sig"), Opaque("gemini", "gemini-w", "old")
    messages = (
        Message("assistant", (Reasoning("hm", opaque=own), ToolCall("made_1", "f", '{"a":1}', own))),
        Message("assistant", (ToolCall("made_2", "f", "[1]", foreign), Reasoning("x", opaque=foreign))),
        Message("tool", (ToolResult("made_2", (Text("two"), Image(b"x", "image/png")), is_error=True),)),
        Message("tool", (ToolResult("made_1", (Text("one"),)),)),
        Message("system", (Text("Later."),)),
        Message("user", (Audio(b"x", "wav"), File(b"%PDF", "application/pdf"), File(file_id="gs://f"))),
    )
    call, losses = pure(Gemini).encode(ChatRequest("gemini-x", messages))
    assert json.loads(call.body) == {
        "systemInstruction": {"parts": [{"text": "Later."}]},
        "contents": [
            {
                "role": "model",
                "parts": [
                    {"text": "hm", "thought": True, "thoughtSignature": "sig"},
                    {"functionCall": {"name": "f", "args": {"a": 1}}, "thoughtSignature": "sig"},
                    {"functionCall": {"name": "f", "args": {"INVALID_JSON": "[1]"}}},
                ],
            },
            {
                "role": "user",
                "parts": [
                    {"functionResponse": {"name": "f", "response": {"output": "one"}}},
                    {"functionResponse": {"name": "f", "response": {"error": "two"}}},
                    {"inlineData": {"mimeType": "image/png", "data": "eA=="}},
                    {"inlineData": {"mimeType": "audio/wav", "data": "eA=="}},
                    {"inlineData": {"mimeType": "application/pdf", "data": "JVBERg=="}},
                    {"fileData": {"fileUri": "gs://f"}},
                ],
            },
        ],
    }
    assert [loss.param for loss in losses] == [
        "messages.system",
        "messages.tool_call.arguments",
        "messages.reasoning",
        "messages.tool_result.content",
    ]


def test_an_https_image_is_refused(pure):
    """Neither this vendor nor Ultra fetches anything."""
    with pytest.raises(InvalidRequest) as caught:
        pure(Gemini).encode(ChatRequest("m", (Message("user", (Image(url="https://x/y.png"),)),)))
    assert "data:" in caught.value.hint


def test_tools_that_would_share_a_name_are_refused(pure):
    """Names are fitted to the letters of the wire; two that become one cannot be told apart."""
    with pytest.raises(InvalidRequest):
        pure(Gemini).encode(ChatRequest("m", ASK.messages, tools=(Tool("a b"), Tool("a_b"))))


def test_asks_for_json_without_a_schema(pure):
    """Any JSON is a media type."""
    body, losses = encode(pure(Gemini), output=Output("json_object"))
    assert (body, losses) == ({"generationConfig": {"responseMimeType": "application/json"}}, ())
