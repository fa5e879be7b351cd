"""Gemini's wire: the exact bytes asked, its stream read, its errors understood."""

import json
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.raw_server import SSE, answer
from ultra.domain.chat import (
    Audio,
    ChatRequest,
    Delta,
    File,
    Finished,
    Image,
    Message,
    Opaque,
    Output,
    PartEnded,
    PartStarted,
    Reasoning,
    ReasoningWish,
    Sampling,
    Started,
    Text,
    Tool,
    ToolCall,
    ToolChoice,
    ToolResult,
    Usage,
    UsageReported,
)
from ultra.domain.errors import (
    ContextTooLong,
    InvalidRequest,
    NotFound,
    Overloaded,
    QuotaExhausted,
    RateLimited,
    TimedOut,
    Truncated,
    UltraError,
    UpstreamFailed,
    UpstreamRefusedKey,
)
from ultra.domain.models import Capabilities
from ultra.protocols.sse import Decoder
from ultra.providers import Gemini

ASK = ChatRequest("gemini-x", (Message("user", (Text("Hi"),)),), tools=(Tool("1st-tool"),))

STREAM = (
    b'data: {"candidates":[{"index":0,"content":{"role":"model","parts":[{"text":"H\xc3\xa4","thought":true}]}}],'
    b'"usageMetadata":{"promptTokenCount":9,"totalTokenCount":9},'
    b'"modelVersion":"gemini-x-001","responseId":"r1"}\r\n\r\n'
    b'data: {"candidates":[{"content":{"role":"model","parts":'
    b'[{"text":"m?","thought":true,"thoughtSignature":"c2ln"}]}}],'
    b'"responseId":"r1"}\r\n\r\n'
    b'data: {"candidates":[{"content":{"role":"model","parts":'
    b'[{"text":"Gr\xc3\xbc\xc3\x9fe"}]}}],"responseId":"r1"}\r\n\r\n'
    b'data: {"candidates":[{"content":{"role":"model","parts":[{"functionCall":{"name":"_1st-tool","args":{"x":1}},'
    b'"thoughtSignature":"c2ln2"},{"functionCall":{"id":"fc_9","name":"other"}}]},"finishReason":"STOP"}],'
    b'"usageMetadata":{"promptTokenCount":9,"cachedContentTokenCount":4,"toolUsePromptTokenCount":2,'
    b'"candidatesTokenCount":5,"thoughtsTokenCount":7,"totalTokenCount":23},"responseId":"r1"}\r\n\r\n'
)
EVENTS = [
    Started("r1", "gemini", "gemini-x-001"),
    PartStarted(0, "reasoning"),
    Delta(0, "Hä"),
    UsageReported(Usage(9)),
    Delta(0, "m?"),
    PartEnded(0, Opaque("gemini", "gemini-x", "c2ln")),
    PartStarted(1, "text"),
    Delta(1, "Grüße"),
    PartEnded(1),
    PartStarted(2, "tool_call", "made_1", "1st-tool"),
    Delta(2, '{"x":1}'),
    PartEnded(2, Opaque("gemini", "gemini-x", "c2ln2")),
    PartStarted(3, "tool_call", "fc_9", "other"),
    Delta(3, "{}"),
    PartEnded(3),
    UsageReported(Usage(11, 4, output_total=12, output_reasoning=7)),
    Finished("tool_calls", "STOP"),
]


def play(provider, *chunks):
    """Read chunks of a stream without a socket, and its end."""
    frames, decoder = Decoder(), provider.decoder(ASK)
    events = [event for chunk in chunks for frame in frames.feed(chunk) for event in decoder.decode(frame)]
    return [*events, *decoder.end()]


def sse(*chunks):
    """Return chunks as this vendor writes them."""
    return b"".join(b"data: " + json.dumps(chunk).encode() + b"\r\n\r\n" for chunk in chunks)


def candidate(*parts, finish=None):
    """Return a chunk with one candidate."""
    return {"candidates": [{"content": {"role": "model", "parts": list(parts)}, "finishReason": finish}]}


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


def test_reads_a_stream_cut_anywhere(pure):
    """Two chunks split at every byte give the same events."""
    for cut in range(len(STREAM) + 1):
        assert play(pure(Gemini), STREAM[:cut], STREAM[cut:]) == EVENTS


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=30))
def test_reads_a_stream_in_any_pieces(pure, cuts):
    """However the network cuts a stream, the events are the same."""
    edges = [0, *sorted(cuts), len(STREAM)]
    assert play(pure(Gemini), *(STREAM[start:end] for start, end in pairwise(edges))) == EVENTS


async def test_reads_a_stream_from_the_socket(make, server, listen):
    """Over a real socket the events are the same; the body just ends."""
    server.plan(SSE, *(STREAM[start : start + 50] for start in range(0, len(STREAM), 50)))
    events, error = await listen(make(Gemini), ASK)
    assert error is None
    assert events[1:] == EVENTS[1:]
    assert [loss.param for loss in events[0].losses] == ["tools.name"]


def test_keeps_what_it_does_not_read(pure):
    """Parts of other kinds come out whole; a signature with empty text belongs to the text before it."""
    code = {"executableCode": {"language": "PYTHON", "code": "1"}}
    events = play(
        pure(Gemini),
        sse(candidate(code, {"text": "a"}), candidate({"text": "", "thoughtSignature": "s"}, finish="STOP")),
    )
    assert events[1:] == [
        PartStarted(0, "opaque"),
        PartEnded(0, Opaque("gemini", "gemini-x", code)),
        PartStarted(1, "text"),
        Delta(1, "a"),
        PartEnded(1, Opaque("gemini", "gemini-x", "s")),
        Finished("stop", "STOP"),
    ]


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("STOP", "stop"),
        ("MAX_TOKENS", "length"),
        ("SAFETY", "filtered"),
        ("RECITATION", "filtered"),
        ("PROHIBITED_CONTENT", "filtered"),
        ("CONTINUATION", "paused"),
        ("BRAND_NEW", "stop"),
    ],
)
def test_knows_why_it_ended(pure, word, reason):
    """Each finish reason has its meaning; an unknown one is a stop whose own word is kept."""
    assert play(pure(Gemini), sse(candidate({"text": "x"}, finish=word)))[-1] == Finished(reason, word)


def test_a_blocked_prompt_is_filtered(pure):
    """Feedback without candidates is an answer that was filtered, with the vendor's word."""
    assert play(pure(Gemini), sse({"promptFeedback": {"blockReason": "SAFETY"}, "responseId": "r"})) == [
        Started("r", "gemini", "gemini-x"),
        Finished("filtered", "SAFETY"),
    ]
    assert play(pure(Gemini), sse({"promptFeedback": {"blockReason": "OTHER"}}))[-1] == Finished("filtered", "OTHER")


def test_an_end_that_is_none_is_an_error(pure):
    """Output that the vendor itself could not use is a failure, not an answer."""
    with pytest.raises(UpstreamFailed):
        play(pure(Gemini), sse(candidate(finish="MALFORMED_FUNCTION_CALL")))


async def test_a_body_without_a_reason_is_truncated(make, server, listen):
    """There is no terminator: only the finish reason tells an end from a cut."""
    server.plan(SSE + sse(candidate({"text": "x"})))
    events, error = await listen(make(Gemini), ASK)
    assert type(error) is Truncated
    assert events[-1] == Delta(0, "x")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    chunk=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4),
        lambda inner: st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(
                ["candidates", "content", "parts", "text", "functionCall", "args", "finishReason", "usageMetadata",
                 "promptFeedback", "blockReason", "error", "details"]
            ),
            inner,
        ),
        max_leaves=15,
    )
)  # fmt: skip
def test_survives_any_json(pure, chunk):
    """Whatever a chunk holds, it is read, ignored or refused as one of our errors."""
    with suppress(UltraError):
        play(pure(Gemini), sse(chunk), sse(candidate(chunk, finish="STOP")))


RETRY = {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": "59.5s"}
DAILY = {
    "@type": "type.googleapis.com/google.rpc.QuotaFailure",
    "violations": [{"quotaId": "RequestsPerDayPerProject"}],
}
BAD_KEY = {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"}


@pytest.mark.parametrize(
    ("status", "word", "message", "details", "kind"),
    [
        (400, "INVALID_ARGUMENT", "Bad field.", [], InvalidRequest),
        (400, "INVALID_ARGUMENT", "API key not valid.", [BAD_KEY], UpstreamRefusedKey),
        (400, "INVALID_ARGUMENT", "The input token count (9) exceeds the maximum number of tokens", [], ContextTooLong),
        (400, "FAILED_PRECONDITION", "User location is not supported for the API use.", [], UpstreamRefusedKey),
        (401, "UNAUTHENTICATED", "", [], UpstreamRefusedKey),
        (403, "PERMISSION_DENIED", "", [], UpstreamRefusedKey),
        (404, "NOT_FOUND", "models/x is not found", [], NotFound),
        (429, "RESOURCE_EXHAUSTED", "Check your plan and billing details.", [], RateLimited),
        (429, "RESOURCE_EXHAUSTED", "", [DAILY, RETRY], RateLimited),
        (429, "RESOURCE_EXHAUSTED", "", [DAILY], QuotaExhausted),
        (500, "INTERNAL", "", [], UpstreamFailed),
        (503, "UNAVAILABLE", "", [], Overloaded),
        (504, "DEADLINE_EXCEEDED", "", [], TimedOut),
    ],
)
async def test_explains_errors_alike_before_and_inside_the_stream(
    make, server, listen, status, word, message, details, kind
):
    """Reasons and status words mean the same with their status and, at status 200, inside the stream."""
    error = {"error": {"code": status, "message": message, "status": word, "details": details}}
    server.plan(answer(status, json.dumps(error).encode()))
    server.plan(SSE + sse(candidate({"text": "x"}), error))
    _, before = await listen(make(Gemini), ASK)
    events, inside = await listen(make(Gemini), ASK)
    assert (type(before), type(inside)) == (kind, kind)
    assert before.retry_after == (59.5 if RETRY in details else None)
    assert events[-1] == Delta(0, "x")


async def test_lists_models_that_answer_page_by_page(make, server):
    """Pages are followed by their token; models that only embed are left out."""
    first = {
        "models": [
            {
                "name": "models/gemini-x",
                "displayName": "Gemini X",
                "inputTokenLimit": 1000,
                "outputTokenLimit": 200,
                "supportedGenerationMethods": ["generateContent"],
                "thinking": True,
            },
            {"name": "models/embed", "supportedGenerationMethods": ["embedContent"]},
        ],
        "nextPageToken": "t/2",
    }
    server.plan(answer(200, json.dumps(first).encode()))
    server.plan(answer(200, b'{"models":[{"name":"models/gemini-y"}]}'))
    x, y = await make(Gemini).list_models()
    assert [head.split(" ")[1] for head, _ in server.requests] == [
        "/v1/models?pageSize=1000",
        "/v1/models?pageSize=1000&pageToken=t%2F2",
    ]
    assert (x.name, x.display_name, x.limits.max_input_tokens, x.limits.max_output_tokens) == (
        "gemini-x",
        "Gemini X",
        1000,
        200,
    )
    assert (x.capabilities.reasoning, y.name, y.capabilities.reasoning) == (True, "gemini-y", None)


def test_asks_for_json_without_a_schema(pure):
    """Any JSON is a media type."""
    body, losses = encode(pure(Gemini), output=Output("json_object"))
    assert (body, losses) == ({"generationConfig": {"responseMimeType": "application/json"}}, ())
