"""Two streams of OpenAI's wire with their events, and how to read such streams without a socket."""

import json

from ultra.domain.chat import (
    ChatRequest,
    Delta,
    Finished,
    Message,
    PartEnded,
    PartStarted,
    Started,
    Text,
    Usage,
    UsageReported,
)
from ultra.protocols.sse import Decoder

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
