"""A stream of Anthropic's wire with its events, and how to read such streams without a socket."""

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
    Usage,
    UsageReported,
)
from ultra.protocols.sse import Decoder

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
