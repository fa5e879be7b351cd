"""Reading what a mock under a fault sends."""

import asyncio
import json
from urllib.parse import urlsplit

from ultra.protocols.sse import Decoder

VENDORS = ["openai", "anthropic", "gemini"]
TERMINATORS = {"openai": b"[DONE]", "anthropic": b"message_stop", "gemini": b"finishReason"}


async def frames(raw, vendor, name, **wish):
    """Return the events of a streamed answer under a scenario, and the undecoded rest."""
    decoder = Decoder(max_event_bytes=4_000_000)
    async with raw.post(vendor, name, stream=True, **wish) as reply:
        assert reply.status == 200
        found = decoder.feed(await reply.read())
    return found, decoder


def texts(vendor, found):
    """Return the text of a stream's events."""
    pieces = []
    for frame in found:
        if frame.data == b"[DONE]":
            continue
        body = json.loads(frame.data)
        if vendor == "openai":
            pieces += [choice["delta"].get("content") or "" for choice in body.get("choices", ())]
        elif vendor == "anthropic":
            pieces.append(body.get("delta", {}).get("text", ""))
        else:
            pieces += [part["text"] for each in body.get("candidates", ()) for part in each["content"]["parts"]]
    return "".join(pieces)


async def receive(raw, vendor, name, *, stream=True):
    """Send a request over a bare socket; returns all bytes and the error that ended them, None for a plain end."""
    address = urlsplit(raw.url)
    asked = raw.request(vendor, stream=stream)
    body = json.dumps(asked["json"]).encode()
    query = "?alt=sse" if asked.get("params") else ""
    head = [f"POST {urlsplit(asked['url']).path}{query} HTTP/1.1", f"host: {address.netloc}"]
    head += [f"{key}: {value}" for key, value in asked["headers"].items()]
    head += [f"x-mock-scenario: {name}", f"content-length: {len(body)}", "connection: close", "", ""]
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    writer.write("\r\n".join(head).encode() + body)
    got = b""
    try:
        while data := await reader.read(65536):
            got += data
    except ConnectionResetError as error:
        return got, error
    finally:
        writer.close()
    return got, None
