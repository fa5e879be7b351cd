"""Anthropic's wire: the exact bytes asked, its stream read, its errors understood."""

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
from ultra.domain.completion import Fold
from ultra.domain.errors import (
    ContextTooLong,
    InvalidRequest,
    NotFound,
    Overloaded,
    ProtocolViolated,
    QuotaExhausted,
    RateLimited,
    TimedOut,
    TooLarge,
    Truncated,
    UltraError,
    UpstreamFailed,
    UpstreamRefusedKey,
)
from ultra.domain.models import Capabilities
from ultra.protocols.sse import Decoder
from ultra.providers import Anthropic

ASK = ChatRequest("claude-x", (Message("user", (Text("Hi"),)),), max_output_tokens=100)


def sse(*events):
    """Return events as this vendor writes them."""
    return b"".join(
        b"event: %s\ndata: %s\n\n" % (each["type"].encode(), json.dumps(each, ensure_ascii=False).encode())
        for each in events
    )


STREAM = (
    b"event: message_start\n"
    b'data: {"type":"message_start","message":{"id":"msg_1","type":"message","role":"assistant","model":"claude-x-1",'
    b'"content":[],"stop_reason":null,"usage":{"input_tokens":10,"cache_read_input_tokens":5,'
    b'"cache_creation_input_tokens":7,"cache_creation":{"ephemeral_5m_input_tokens":3,"ephemeral_1h_input_tokens":4},'
    b'"output_tokens":1}}}\n\n'
    b'event: content_block_start\ndata: {"type":"content_block_start","index":0,"content_block":'
    b'{"type":"thinking","thinking":"","signature":""}}\n\n'
    b'event: ping\ndata: {"type": "ping"}\n\n'
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":'
    b'{"type":"thinking_delta","thinking":"H\xc3\xa4?"}}\n\n'
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":0,"delta":'
    b'{"type":"signature_delta","signature":"c2ln"}}\n\n'
    b'event: content_block_stop\ndata: {"type":"content_block_stop","index":0}\n\n'
    b'event: content_block_start\ndata: {"type":"content_block_start","index":1,"content_block":'
    b'{"type":"text","text":""}}\n\n'
    b'event: content_block_delta\r\ndata: {"type":"content_block_delta","index":1,"delta":'
    b'{"type":"text_delta","text":"Gr\xc3\xbc\xc3\x9fe"}}\r\n\r\n'
    b'event: content_block_stop\ndata: {"type":"content_block_stop","index":1}\n\n'
    b'event: content_block_start\ndata: {"type":"content_block_start","index":2,"content_block":'
    b'{"type":"tool_use","id":"toolu_1","name":"f","input":{}}}\n\n'
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":2,"delta":'
    b'{"type":"input_json_delta","partial_json":""}}\n\n'
    b'event: content_block_delta\ndata: {"type":"content_block_delta","index":2,"delta":'
    b'{"type":"input_json_delta","partial_json":"{\\"x\\": 1}"}}\n\n'
    b'event: content_block_stop\ndata: {"type":"content_block_stop","index":2}\n\n'
    b'event: message_delta\ndata: {"type":"message_delta","delta":{"stop_reason":"tool_use","stop_sequence":null},'
    b'"usage":{"output_tokens":42,"output_tokens_details":{"thinking_tokens":20}}}\n\n'
    b'event: message_stop\ndata: {"type":"message_stop"}\n\n'
)
EVENTS = [
    Started("msg_1", "anthropic", "claude-x-1"),
    UsageReported(Usage(22, 5, 3, 4, 1)),
    PartStarted(0, "reasoning"),
    Delta(0, "Hä?"),
    PartEnded(0, Opaque("anthropic", "claude-x", "c2ln")),
    PartStarted(1, "text"),
    Delta(1, "Grüße"),
    PartEnded(1),
    PartStarted(2, "tool_call", "toolu_1", "f"),
    Delta(2, '{"x": 1}'),
    PartEnded(2),
    UsageReported(Usage(22, 5, 3, 4, 42, 20)),
    Finished("tool_calls", "tool_use"),
]
BEGIN = {"type": "message_start", "message": {"id": "m", "model": "c", "usage": {"input_tokens": 1}}}
STOP = {"type": "message_stop"}


def play(provider, *chunks):
    """Read chunks of a stream without a socket."""
    frames, decoder = Decoder(), provider.decoder(ASK)
    return [event for chunk in chunks for frame in frames.feed(chunk) for event in decoder.decode(frame)]


def ended(reason, **more):
    """Return the event that says why it ended."""
    return {"type": "message_delta", "delta": {"stop_reason": reason, **more}, "usage": {"output_tokens": 2}}


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


def test_reads_a_stream_cut_anywhere(pure):
    """Two chunks split at every byte give the same events."""
    for cut in range(len(STREAM) + 1):
        assert play(pure(Anthropic), STREAM[:cut], STREAM[cut:]) == EVENTS


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cuts=st.lists(st.integers(0, len(STREAM)), max_size=30))
def test_reads_a_stream_in_any_pieces(pure, cuts):
    """However the network cuts a stream, the events are the same."""
    edges = [0, *sorted(cuts), len(STREAM)]
    assert play(pure(Anthropic), *(STREAM[start:end] for start, end in pairwise(edges))) == EVENTS


async def test_reads_a_stream_from_the_socket(make, server, listen):
    """Over a real socket the events are the same."""
    server.plan(SSE, *(STREAM[start : start + 50] for start in range(0, len(STREAM), 50)))
    assert await listen(make(Anthropic), ASK) == (EVENTS, None)


def test_unknown_blocks_pass_unread(pure):
    """Blocks of the vendor's own come out whole, their pieces put in, and go back as they came."""
    block = {"type": "server_tool_use", "id": "s", "name": "web_search", "input": {}}
    piece = {"type": "input_json_delta", "partial_json": '{"q":"x"}'}
    stream = sse(
        BEGIN,
        {"type": "content_block_start", "index": 0, "content_block": block},
        {"type": "content_block_delta", "index": 0, "delta": piece},
        {"type": "content_block_stop", "index": 0},
        {"type": "brand_new", "index": 9},
        ended("end_turn"),
        STOP,
    )
    fold = Fold()
    for event in play(pure(Anthropic), stream):
        fold.add(event)
    (part,) = fold.result().parts
    assert part == Opaque("anthropic", "claude-x", block | {"input": {"q": "x"}})
    call, losses = pure(Anthropic).encode(
        ChatRequest("claude-x", (Message("assistant", (part,)),), max_output_tokens=9)
    )
    assert json.loads(call.body)["messages"][0]["content"] == [part.raw]
    assert losses == ()


@pytest.mark.parametrize(
    ("word", "reason"),
    [
        ("end_turn", "stop"),
        ("max_tokens", "length"),
        ("model_context_window_exceeded", "length"),
        ("pause_turn", "paused"),
        ("refusal", "refusal"),
        ("brand_new", "stop"),
    ],
)
def test_knows_why_it_ended(pure, word, reason):
    """Each stop reason has its meaning; an unknown one is a stop whose own word is kept."""
    assert play(pure(Anthropic), sse(BEGIN, ended(word), STOP))[-1] == Finished(reason, word)


def test_says_which_sequence_stopped_it(pure):
    """The matched stop sequence comes along."""
    events = play(pure(Anthropic), sse(BEGIN, ended("stop_sequence", stop_sequence="END"), STOP))
    assert events[-1] == Finished("stop", "stop_sequence", "END")


async def test_a_reason_without_the_stop_is_truncated(make, server, listen):
    """Only `message_stop` ends a message."""
    server.plan(SSE + sse(BEGIN, ended("end_turn")))
    _, error = await listen(make(Anthropic), ASK)
    assert type(error) is Truncated


@pytest.mark.parametrize(
    "stream",
    [
        ({"type": "content_block_start", "index": 0, "content_block": {"type": "text"}},),
        (BEGIN, {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": "x"}}),
        (BEGIN, {"type": "content_block_stop", "index": 3}),
    ],
)
def test_blocks_out_of_turn_violate_the_protocol(pure, stream):
    """Pieces of a block that was not begun are not guessed at."""
    with pytest.raises(ProtocolViolated):
        play(pure(Anthropic), sse(*stream))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    kind=st.sampled_from(["message_start", "content_block_start", "content_block_delta", "message_delta", "error"]),
    junk=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=2)
            | st.dictionaries(
                st.sampled_from(["index", "message", "content_block", "delta", "usage", "type", "input", "id"]), inner
            )
        ),
        max_leaves=12,
    ),
)
def test_survives_any_json(pure, kind, junk):
    """Whatever an event holds, it is read, ignored or refused as one of our errors."""
    event = {**(junk if isinstance(junk, dict) else {"delta": junk, "index": junk, "usage": junk}), "type": kind}
    with suppress(UltraError):
        play(pure(Anthropic), sse(BEGIN, event))


@pytest.mark.parametrize(
    ("status", "word", "message", "kind"),
    [
        (400, "invalid_request_error", "max_tokens: too big", InvalidRequest),
        (400, "invalid_request_error", "prompt is too long: 210000 tokens > 200000 maximum", ContextTooLong),
        (400, "invalid_request_error", "Your credit balance is too low", QuotaExhausted),
        (401, "authentication_error", "", UpstreamRefusedKey),
        (402, "billing_error", "", QuotaExhausted),
        (403, "permission_error", "", UpstreamRefusedKey),
        (404, "not_found_error", "model: x", NotFound),
        (413, "request_too_large", "", TooLarge),
        (429, "rate_limit_error", "", RateLimited),
        (500, "api_error", "", UpstreamFailed),
        (504, "timeout_error", "", TimedOut),
        (529, "overloaded_error", "", Overloaded),
    ],
)
async def test_explains_errors_alike_before_and_inside_the_stream(make, server, listen, status, word, message, kind):
    """An error type means the same with its status and, at status 200, inside the stream."""
    error = {"type": "error", "error": {"type": word, "message": message}, "request_id": "req_1"}
    server.plan(answer(status, json.dumps(error).encode()))
    server.plan(SSE + sse(BEGIN, error))
    _, before = await listen(make(Anthropic), ASK)
    events, inside = await listen(make(Anthropic), ASK)
    assert (type(before), type(inside)) == (kind, kind)
    assert (before.upstream.request_id, inside.upstream.request_id) == ("req_1", "req_1")
    assert inside.upstream.started is True
    assert len(events) == 2


async def test_lists_models_page_by_page(make, server):
    """Pages are followed by their last id, and a list that never ends is left."""
    entry = {
        "type": "model",
        "id": "claude-x",
        "display_name": "Claude X",
        "created_at": "2026-10-05T00:00:00Z",
        "lifecycle": "deprecated",
        "deprecated_at": "2026-11-01T00:00:00Z",
        "retires_at": None,
        "max_input_tokens": 1000,
        "max_tokens": 200,
        "capabilities": {
            "effort": {"supported": True, "low": {"supported": True}, "max": {"supported": False}},
            "thinking": {
                "supported": True,
                "types": {"adaptive": {"supported": True}, "disabled": {"supported": False}},
            },
            "structured_outputs": {"supported": True},
        },
    }
    first = {"data": [entry], "has_more": True, "first_id": "claude-x", "last_id": "claude x"}
    second = {"data": [{"id": "claude-y"}], "has_more": True, "last_id": "claude x"}
    for page in (first, second):
        server.plan(answer(200, json.dumps(page).encode()))
    x, y = await make(Anthropic).list_models()
    assert [head.split(" ")[1] for head, _ in server.requests] == [
        "/v1/models?limit=1000",
        "/v1/models?limit=1000&after_id=claude%20x",
    ]
    assert "anthropic-version: 2026-10-21" in server.requests[0][0]
    assert (x.name, x.display_name, x.limits.max_input_tokens, x.limits.max_output_tokens) == (
        "claude-x",
        "Claude X",
        1000,
        200,
    )
    assert (x.lifecycle.status, x.lifecycle.deprecated_at.isoformat()) == ("deprecated", "2026-11-01T00:00:00+00:00")
    assert (x.capabilities.reasoning_efforts, x.capabilities.reasoning_can_disable) == (("low",), False)
    assert dict(x.capabilities.parameters) == {"thinking.adaptive": True, "thinking.disabled": False}
    assert (y.name, y.created, y.capabilities) == ("claude-y", None, Capabilities())
