"""OpenAI's wire: the exact bytes asked, its stream read, its errors understood."""

import json
from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.fakes.raw_server import SSE, answer
from ultra.domain.chat import (
    ChatRequest,
    Delta,
    Finished,
    Image,
    Message,
    Opaque,
    PartEnded,
    PartStarted,
    Reasoning,
    ReasoningWish,
    Refusal,
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
    ProtocolViolated,
    QuotaExhausted,
    RateLimited,
    TimedOut,
    Truncated,
    UltraError,
    UpstreamFailed,
    UpstreamRefusedKey,
)
from ultra.protocols.sse import Decoder
from ultra.providers import OpenAI

ASK = ChatRequest("gpt-x", (Message("user", (Text("Hi"),)),))

TEXT = (
    b'data: {"id":"chatcmpl-1","object":"chat.completion.chunk","created":1,"model":"gpt-x-2026","choices":'
    b'[{"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null}],"usage":null,"obfuscation":"ab"}\n\n'
    b": keep-alive\n\n"
    b'data: {"id":"chatcmpl-1","model":"gpt-x-2026","choices":'
    b'[{"index":0,"delta":{"content":"Gr\xc3\xbc\xc3\x9f"}}]}\n\n'
    b'data: {"id":"chatcmpl-1","model":"gpt-x-2026","choices":'
    b'[{"index":0,"delta":{"content":"e \xe2\x80\xa8!"}}]}\r\n\r\n'
    b'data: {"id":"chatcmpl-1","model":"gpt-x-2026","choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n'
    b'data: {"id":"chatcmpl-1","model":"gpt-x-2026","choices":[],"usage":{"prompt_tokens":9,"completion_tokens":5,'
    b'"total_tokens":14,"prompt_tokens_details":{"cached_tokens":4,"cache_write_tokens":2},'
    b'"completion_tokens_details":{"reasoning_tokens":3}}}\n\n'
    b"data: [DONE]\n\n"
)
TEXT_EVENTS = [
    Started("chatcmpl-1", "openai", "gpt-x-2026"),
    PartStarted(0, "text"),
    Delta(0, "Grüß"),
    Delta(0, "e \u2028!"),
    PartEnded(0),
    UsageReported(Usage(9, 4, 2, 0, 5, 3)),
    Finished("stop", "stop"),
]
TOOLS = (
    b'data: {"id":"c2","model":"m","choices":[{"index":0,"delta":{"role":"assistant","content":null,"tool_calls":'
    b'[{"index":0,"id":"call_a","type":"function","function":{"name":"f","arguments":""}}]}}]}\n\n'
    b'data: {"id":"c2","model":"m","choices":[{"index":0,"delta":'
    b'{"tool_calls":[{"index":0,"function":{"arguments":"{\\"x\\""}}]}}]}\n\n'
    b'data: {"id":"c2","model":"m","choices":[{"index":0,"delta":'
    b'{"tool_calls":[{"index":0,"function":{"arguments":":1}"}}]}}]}\n\n'
    b'data: {"id":"c2","model":"m","choices":[{"index":0,"delta":'
    b'{"tool_calls":[{"index":1,"id":"call_a","function":{"name":"g","arguments":"{}"}}]}}]}\n\n'
    b'data: {"id":"c2","model":"m","choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}\n\ndata: [DONE]\n\n'
)
TOOL_EVENTS = [
    Started("c2", "openai", "m"),
    PartStarted(0, "tool_call", "call_a", "f"),
    Delta(0, '{"x"'),
    Delta(0, ":1}"),
    PartStarted(1, "tool_call", "call_1", "g"),
    Delta(1, "{}"),
    PartEnded(0),
    PartEnded(1),
    Finished("tool_calls", "tool_calls"),
]
STREAMS = [pytest.param(TEXT, TEXT_EVENTS, id="text"), pytest.param(TOOLS, TOOL_EVENTS, id="tools")]


def play(provider, chunks):
    """Read chunks of a stream without a socket."""
    frames, decoder = Decoder(), provider.decoder(ASK)
    return [event for chunk in chunks for frame in frames.feed(chunk) for event in decoder.decode(frame)]


def one(provider, *chunks):
    """Read whole chunks given as objects, and the end."""
    decoder, frames = provider.decoder(ASK), Decoder()
    lines = b"".join(b"data: " + json.dumps(each).encode() + b"\n\n" for each in chunks)
    events = [event for frame in frames.feed(lines) for event in decoder.decode(frame)]
    return [*events, *decoder.end()]


def choice(delta, finish=None):
    """Return a chunk with one choice."""
    return {"id": "1", "model": "m", "choices": [{"index": 0, "delta": delta, "finish_reason": finish}]}


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


@pytest.mark.parametrize(("stream", "events"), STREAMS)
def test_reads_a_stream_cut_anywhere(pure, stream, events):
    """Two chunks split at every byte give the same events."""
    for cut in range(len(stream) + 1):
        assert play(pure(OpenAI), (stream[:cut], stream[cut:])) == events


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, len(TEXT)), max_size=30))
def test_reads_a_stream_in_any_pieces(pure, cuts):
    """However the network cuts a stream, the events are the same."""
    edges = [0, *sorted(cuts), len(TEXT)]
    assert play(pure(OpenAI), [TEXT[start:end] for start, end in pairwise(edges)]) == TEXT_EVENTS


async def test_reads_a_stream_byte_by_byte_from_the_socket(make, server, listen):
    """A slow drip over a real socket gives the same events."""
    server.plan(SSE, *[part for byte in range(len(TEXT)) for part in (TEXT[byte : byte + 1], 0.0)])
    assert await listen(make(OpenAI), ASK) == (TEXT_EVENTS, None)


def test_shows_reasoning_of_compatible_servers(pure):
    """Reasoning comes under several names and as Mistral's typed content."""
    for delta in (
        {"reasoning_content": "hm"},
        {"reasoning": "hm"},
        {"reasoning": "hm", "reasoning_content": "hm"},
        {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]},
    ):
        events = one(
            pure(OpenAI), choice(delta), choice({"content": [{"type": "text", "text": "so"}]}), choice({}, "stop")
        )
        assert events[1:-1] == [
            PartStarted(0, "reasoning"),
            Delta(0, "hm"),
            PartEnded(0),
            PartStarted(1, "text"),
            Delta(1, "so"),
            PartEnded(1),
        ]


def test_tells_tool_calls_apart_without_index(pure):
    """Servers that leave out index and id, or send arguments as an object, are understood."""
    calls = [
        {"function": {"name": "f", "arguments": {"x": 1}}},
        {"id": "b", "function": {"name": "g", "arguments": "{"}},
    ]
    more = [{"function": {"arguments": "}"}}]
    events = one(pure(OpenAI), choice({"tool_calls": calls}), choice({"tool_calls": more}), choice({}, "stop"))
    assert events[1:] == [
        PartStarted(0, "tool_call", "call_1", "f"),
        Delta(0, '{"x":1}'),
        PartStarted(1, "tool_call", "b", "g"),
        Delta(1, "{"),
        Delta(1, "}"),
        PartEnded(0),
        PartEnded(1),
        Finished("tool_calls", "stop"),
    ]


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("stop", "stop"),
        ("length", "length"),
        ("model_length", "length"),
        ("content_filter", "filtered"),
        ("function_call", "tool_calls"),
        ("brand_new", "stop"),
    ],
)
def test_knows_why_it_ended(pure, word, reason):
    """Each finish reason has its meaning; an unknown one is a stop whose own word is kept."""
    assert one(pure(OpenAI), choice({"content": "x"}, word))[-1] == Finished(reason, word)


def test_calls_a_refusal_a_refusal(pure):
    """A refusal is a part of its own and the reason of the end."""
    events = one(pure(OpenAI), choice({"refusal": "I can't."}, "stop"))
    assert events[1:] == [PartStarted(0, "refusal"), Delta(0, "I can't."), PartEnded(0), Finished("refusal", "stop")]


def test_an_end_that_is_none_is_an_error(pure):
    """A server that gave up in the middle has failed, whatever it calls that."""
    with pytest.raises(Overloaded):
        one(pure(OpenAI), choice({"content": "x"}, "insufficient_system_resource"))


def test_counts_reasoning_that_stands_beside_the_completion(pure):
    """Where the total shows that reasoning is not in the completion, it is added."""
    usage = {
        "prompt_tokens": 1,
        "completion_tokens": 2,
        "total_tokens": 6,
        "completion_tokens_details": {"reasoning_tokens": 3},
    }
    assert UsageReported(Usage(1, output_total=5, output_reasoning=3)) in one(
        pure(OpenAI), choice({}, "stop"), {"choices": [], "usage": usage}
    )


def test_done_without_a_reason_is_truncated(pure):
    """The terminator alone does not make an answer whole."""
    with pytest.raises(Truncated):
        play(pure(OpenAI), [b'data: {"id":"1","choices":[{"index":0,"delta":{"content":"x"}}]}\n\ndata: [DONE]\n\n'])


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    chunk=st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    [
                        "id",
                        "choices",
                        "delta",
                        "index",
                        "content",
                        "tool_calls",
                        "function",
                        "usage",
                        "error",
                        "finish_reason",
                    ]
                ),
                inner,
                max_size=4,
            )
        ),
        max_leaves=20,
    )
)
def test_survives_any_json(pure, chunk):
    """Whatever a chunk holds, it is read, ignored or refused as one of our errors."""
    decoder = pure(OpenAI).decoder(ASK)
    frames = Decoder().feed(b"data: " + json.dumps(chunk).encode() + b"\n\n")
    with suppress(UltraError):
        for frame in frames:
            list(decoder.decode(frame))


@pytest.mark.parametrize(
    ("status", "error", "kind", "code"),
    [
        (400, {"type": "invalid_request_error", "code": "context_length_exceeded"}, ContextTooLong, None),
        (400, {"type": "exceed_context_size_error", "code": 400}, ContextTooLong, None),
        (400, {"message": "This model's maximum context length is 8 tokens."}, ContextTooLong, None),
        (400, {"type": "invalid_request_error", "code": "invalid_value", "param": "stop"}, InvalidRequest, None),
        (401, {"type": "invalid_request_error", "code": "invalid_api_key"}, UpstreamRefusedKey, None),
        (401, {}, UpstreamRefusedKey, None),
        (402, {"message": "pay"}, QuotaExhausted, None),
        (403, {"code": "unsupported_country_region_territory"}, UpstreamRefusedKey, "region_blocked"),
        (403, {"message": "no"}, UpstreamRefusedKey, "permission_denied"),
        (404, {"type": "invalid_request_error", "code": "model_not_found"}, NotFound, "model_not_found"),
        (404, {"message": "nothing here"}, NotFound, "model_not_found"),
        (408, {}, TimedOut, "timeout"),
        (429, {"type": "rate_limit_error", "code": "rate_limit_exceeded"}, RateLimited, None),
        (429, {"type": "insufficient_quota", "code": "insufficient_quota"}, QuotaExhausted, None),
        (429, {"code": "credit_balance_exhausted"}, QuotaExhausted, None),
        (500, {"type": "server_error"}, UpstreamFailed, None),
        (503, {"type": "service_unavailable_error", "code": "server_is_overloaded"}, Overloaded, None),
        (504, {}, TimedOut, "timeout"),
        (529, {}, Overloaded, None),
    ],
)
def test_explains_by_word_then_by_status(pure, status, error, kind, code):
    """A code or a type says more than the status; without them the status decides."""
    explained = pure(OpenAI).explain(status, {}, json.dumps({"error": error}).encode())
    assert (type(explained), explained.code) == (kind, code or kind.kind)


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"type": "server_error", "message": "x"}, UpstreamFailed),
        ({"type": "invalid_request_error"}, InvalidRequest),
        ({"code": 429, "message": "slow"}, RateLimited),
        ({"code": "502"}, UpstreamFailed),
        ("out of memory", UpstreamFailed),
    ],
)
async def test_raises_an_error_inside_the_stream(make, server, listen, error, kind):
    """An error object in the stream ends it, after the text that came before, and money may have been spent."""
    bad = b"data: " + json.dumps({"error": error}).encode() + b"\n\n"
    server.plan(SSE + TEXT[: TEXT.index(b"e \xe2")].rpartition(b"data: ")[0] + bad)
    events, raised = await listen(make(OpenAI), ASK)
    assert events == TEXT_EVENTS[:3]
    assert type(raised) is kind
    assert raised.upstream.started is True


async def test_errors_carry_the_vendor_s_facts(make, server, listen):
    """Request id, type, code, param and delay come along; the status line decides nothing else."""
    body = b'{"error":{"message":"Too fast.","type":"rate_limit_error","code":"rate_limit_exceeded","param":null}}'
    server.plan(
        answer(429, body, "x-request-id: req_9", "retry-after-ms: 1500", "retry-after: 9", "x-should-retry: false")
    )
    _, raised = await listen(make(OpenAI), ASK)
    assert isinstance(raised, RateLimited)
    assert (raised.message, raised.retry_after, raised.retryable) == ("openai answered 429: Too fast.", 1.5, False)
    assert (raised.provider, raised.model) == ("openai", "gpt-x")
    upstream = raised.upstream
    assert (upstream.status, upstream.type, upstream.code) == (429, "rate_limit_error", "rate_limit_exceeded")
    assert (upstream.request_id, upstream.started) == ("req_9", False)


def test_lists_models_with_what_servers_add(pure):
    """The list is read with or without dates and limits, also as a bare array."""
    provider = pure(OpenAI)
    body = (
        b'{"object":"list","data":[{"id":"a","created":1791158400,"shutdown_date":"2027-01-31"},'
        b'{"id":"b","context_length":8192,"top_provider":{"max_completion_tokens":100}},{"noise":1}]}'
    )
    (first, second), cursor = provider.decode_models(body)
    assert cursor is None
    assert (first.name, first.created.isoformat()) == ("a", "2026-10-05T00:00:00+00:00")
    assert first.lifecycle.retires_at.isoformat() == "2027-01-31T00:00:00+00:00"
    assert (second.created, second.limits.context_tokens, second.limits.max_output_tokens) == (None, 8192, 100)
    assert provider.decode_models(b'[{"id":"a"}]')[0][0].name == "a"
    with pytest.raises(ProtocolViolated):
        provider.decode_models(b"<html>")
