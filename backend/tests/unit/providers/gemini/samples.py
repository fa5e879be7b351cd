"""A stream of Gemini's wire with its events, and how to read such streams without a socket."""

import json

from ultra.domain.chat import (
    ChatRequest,
    Delta,
    Finished,
    Message,
    Opaque,
    PartEnded,
    PartStarted,
    Started,
    Text,
    Tool,
    Usage,
    UsageReported,
)
from ultra.protocols.sse import Decoder

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
