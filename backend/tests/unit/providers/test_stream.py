"""One answer under way: faults of the network, waiting, leaving, and keys that stay secret."""

import asyncio
import socket
import traceback

import pytest

from tests.fakes.raw_server import CHUNKED, SSE, answer, chunk
from ultra.domain.chat import ChatRequest, Delta, Finished, Message, Text
from ultra.domain.errors import (
    InvalidRequest,
    NetworkFailed,
    Overloaded,
    ProtocolViolated,
    TimedOut,
    TooLarge,
    Truncated,
    UpstreamFailed,
    UpstreamRefusedKey,
)
from ultra.providers import Anthropic, Gemini, OpenAI, Timeouts

ASK = ChatRequest("m", (Message("user", (Text("Hi"),)),))
FIRST = b'data: {"id":"1","model":"m","choices":[{"index":0,"delta":{"content":"Hel"}}]}\n\n'
LAST = b'data: {"id":"1","model":"m","choices":[{"index":0,"delta":{"content":"lo"},"finish_reason":"stop"}]}\n\n'
DONE = b"data: [DONE]\n\n"
QUICK = Timeouts(connect=1.0, first_byte=0.1, idle=0.1, linger=0.05)


async def test_a_cut_stream_is_truncated(make, server, listen):
    """A body that ends before the end was announced is truncated, and what came before was given."""
    server.plan(SSE + FIRST)
    events, error = await listen(make(OpenAI), ASK)
    assert events[-1] == Delta(0, "Hel")
    assert type(error) is Truncated
    assert error.upstream.started is True


@pytest.mark.parametrize(
    ("kind", "partial"),
    [
        (OpenAI, FIRST[:-9]),
        (Anthropic, b'event: message_start\ndata: {"type":"message_start","message":{"id":"1"}}\n\nevent: mess'),
        (Gemini, b'data: {"candidates":[{"content":{"parts":[{"text":"Gr\xc3'),
    ],
)
async def test_half_an_event_is_truncated(make, server, listen, kind, partial):
    """A stream that ends within an event, even within a character, is truncated for every vendor."""
    server.plan(SSE + partial)
    _, error = await listen(make(kind), ASK)
    assert type(error) is Truncated


async def test_a_last_event_without_its_blank_line_counts(make, server, listen):
    """An end that lacks only its blank line is an end."""
    server.plan(SSE + FIRST + LAST.rstrip())
    events, error = await listen(make(OpenAI), ASK)
    assert error is None
    assert events[-1] == Finished("stop", "stop")


async def test_an_unfinished_chunk_is_truncated(make, server, listen):
    """A connection closed within HTTP's own framing is truncated too."""
    server.plan(CHUNKED, chunk(FIRST), b"ff\r\ndata: {", "reset")
    events, error = await listen(make(OpenAI), ASK)
    assert events[-1] == Delta(0, "Hel")
    assert isinstance(error, (Truncated, NetworkFailed))


async def test_a_reset_before_the_head_is_a_network_failure(make, server, listen):
    """A connection that is cut instead of answered failed on the network; the vendor may have begun."""
    server.plan("reset")
    events, error = await listen(make(OpenAI), ASK)
    assert events == []
    assert (type(error), error.code, error.upstream.started) == (NetworkFailed, "network", True)


async def test_a_finished_answer_survives_the_connection(make, server, listen):
    """Once the end was announced, a reset takes nothing away."""
    server.plan(CHUNKED, chunk(FIRST), chunk(LAST), 0.05, "reset")
    events, error = await listen(make(OpenAI), ASK)
    assert error is None
    assert events[-1] == Finished("stop", "stop")


async def test_a_finished_answer_does_not_wait_for_the_close(make, server, listen):
    """A server that announces the end and then holds the connection is not waited for."""
    server.plan(SSE + FIRST + LAST, holds=True)
    events, error = await listen(make(OpenAI, timeouts=Timeouts(linger=0.05)), ASK)
    assert error is None
    assert events[-1] == Finished("stop", "stop")


@pytest.mark.parametrize("script", [(), (SSE,)])
async def test_waiting_for_the_first_byte_ends(make, server, listen, script):
    """A server that says nothing, or only its head, times out; it may have begun."""
    server.plan(*script, holds=True)
    _, error = await listen(make(OpenAI, timeouts=QUICK), ASK)
    assert (type(error), error.code, error.upstream.started) == (TimedOut, "timeout", True)


async def test_a_stall_ends(make, server, listen):
    """Silence in the middle times out, after what came was given."""
    server.plan(SSE + FIRST, holds=True)
    events, error = await listen(make(OpenAI, timeouts=Timeouts(idle=0.1)), ASK)
    assert events[-1] == Delta(0, "Hel")
    assert type(error) is TimedOut


async def test_the_deadline_bounds_everything(make, server, listen):
    """The caller's deadline counts also where each wait alone would be allowed."""
    server.plan(SSE, *[part for _ in range(40) for part in (b": ping\n\n", 0.05)], holds=True)
    _, error = await listen(make(OpenAI), ASK, seconds=0.2)
    assert type(error) is TimedOut
    assert "deadline" in error.message


async def test_a_passed_deadline_asks_nobody(make, server, listen):
    """With no time left, nothing is sent."""
    _, error = await listen(make(OpenAI), ASK, seconds=0.0)
    assert (type(error), error.upstream.started) == (TimedOut, False)
    assert server.requests == []


async def test_a_refused_connection_is_a_network_failure(make, listen):
    """Nobody listens: nothing was sent."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        _, error = await listen(make(OpenAI, base_url=url), ASK)
    assert (type(error), error.code, error.upstream.started) == (NetworkFailed, "network", False)


async def test_an_unknown_host_is_a_name_failure(make, listen):
    """An address that does not resolve says so."""
    _, error = await listen(make(OpenAI, base_url="http://nowhere.invalid"), ASK)
    assert (type(error), error.code, error.upstream.started) == (NetworkFailed, "dns", False)


async def test_no_tls_is_a_tls_failure(make, listen):
    """A server without TLS where TLS was asked says so."""

    async def _plain(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer(400, b"TLS? What TLS?"))
        writer.close()

    plain = await asyncio.start_server(_plain, "127.0.0.1", 0)
    url = f"https://127.0.0.1:{plain.sockets[0].getsockname()[1]}"
    _, error = await listen(make(OpenAI, base_url=url), ASK)
    plain.close()
    assert (type(error), error.code, error.upstream.started) == (NetworkFailed, "tls", False)


@pytest.mark.parametrize("kind", [OpenAI, Anthropic, Gemini])
@pytest.mark.parametrize("status", [200, 400, 404, 500, 502])
async def test_a_page_is_not_the_protocol(make, server, listen, kind, status):
    """HTML, with whatever status, is called what it is, and none of it is repeated."""
    page = b"<html><body>Bad gateway <b>sorry</b></body></html>"
    server.plan(answer(status, page, content_type="text/html"))
    _, error = await listen(make(kind), ASK)
    assert type(error) is ProtocolViolated
    assert "sorry" not in error.message
    assert "base URL" in error.hint


@pytest.mark.parametrize(
    ("status", "kind"), [(401, UpstreamRefusedKey), (413, TooLarge), (503, Overloaded), (504, TimedOut)]
)
async def test_a_clear_status_needs_no_body(make, server, listen, status, kind):
    """Some statuses mean the same when a proxy in front wrote the page."""
    server.plan(answer(status, b"<html>", content_type="text/html"))
    _, error = await listen(make(OpenAI), ASK)
    assert type(error) is kind


@pytest.mark.parametrize("status", [201, 204, 301, 302, 307])
async def test_only_200_is_an_answer(make, server, listen, status):
    """Other successes and redirects are refused, and no redirect is followed."""
    server.plan(answer(status, b"", "location: /elsewhere"))
    _, error = await listen(make(OpenAI), ASK)
    assert type(error) is ProtocolViolated
    assert len(server.requests) == 1


async def test_plain_json_is_not_a_stream(make, server, listen):
    """A whole JSON answer where a stream was asked is refused; one with an error is explained."""
    server.plan(answer(200, b'{"id":"1","choices":[]}'))
    server.plan(answer(200, b'{"error":{"message":"late","type":"server_error"}}'))
    _, plain = await listen(make(OpenAI), ASK)
    _, failed = await listen(make(OpenAI), ASK)
    assert (type(plain), type(failed)) == (ProtocolViolated, UpstreamFailed)


@pytest.mark.parametrize("kind", [OpenAI, Anthropic, Gemini])
@pytest.mark.parametrize("data", [b"{not json", b"[1]", b"null"])
async def test_bad_json_is_not_the_protocol(make, server, listen, kind, data):
    """An event that is not a JSON object violates the protocol of every vendor."""
    server.plan(SSE + b"event: message_start\ndata: " + data + b"\n\n")
    _, error = await listen(make(kind), ASK)
    assert type(error) is ProtocolViolated


async def test_garbage_instead_of_http(make, server, listen):
    """Bytes that are not HTTP violate the protocol."""
    server.plan(b"HELO there\r\n\r\n")
    _, error = await listen(make(OpenAI), ASK)
    assert type(error) is ProtocolViolated


async def test_an_error_body_is_capped(make, server, listen):
    """An endless error page is not read to its end."""
    server.plan(answer(500, b"x" * 40_000_000, content_type="text/plain"))
    _, error = await listen(make(OpenAI), ASK)
    assert type(error) is ProtocolViolated


async def test_an_endless_event_is_refused(make, server, listen, monkeypatch):
    """An event larger than the cap ends the stream."""
    monkeypatch.setattr("ultra.providers.stream._EVENT", 10_000)
    server.plan(SSE + b"data: " + b"x" * 20_000, holds=True)
    _, error = await listen(make(OpenAI), ASK)
    assert type(error) is ProtocolViolated


async def _left_within_a_second(server) -> None:
    async with asyncio.timeout(1.0):
        await server.left.wait()


async def test_leaving_before_the_first_token_closes_the_connection(make, server):
    """Cancelled while waiting for the head, the server sees the connection end within a second."""
    server.plan(holds=True)
    provider = make(OpenAI)

    async def _ask() -> None:
        async with provider.open(ASK, deadline=provider.system.monotonic() + 60):
            pytest.fail("entered")

    task = asyncio.create_task(_ask())
    await server.asked.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await _left_within_a_second(server)


async def test_leaving_between_tokens_closes_the_connection(make, server):
    """Cancelled while waiting for the next token, the server sees the connection end within a second."""
    server.plan(SSE + FIRST, holds=True)
    provider = make(OpenAI)
    begun = asyncio.Event()

    async def _ask() -> None:
        async with provider.open(ASK, deadline=provider.system.monotonic() + 60) as stream:
            async for event in stream:
                if isinstance(event, Delta):
                    begun.set()

    task = asyncio.create_task(_ask())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    await _left_within_a_second(server)


@pytest.mark.parametrize("failing", [False, True])
async def test_leaving_early_closes_the_connection(make, server, failing):
    """Leaving the block before the end, by itself or by an error of the caller's, closes the connection."""
    server.plan(SSE + FIRST, holds=True)
    provider = make(OpenAI)
    try:
        async with provider.open(ASK, deadline=provider.system.monotonic() + 60) as stream:
            await anext(stream)
            if failing:
                raise RuntimeError  # noqa: TRY301 - the caller's own trouble is what is tested
    except RuntimeError:
        assert failing
    await _left_within_a_second(server)


async def test_a_finished_answer_leaves_its_connection_for_the_next(make, server, listen):
    """Answers that ended in order share a connection; one that was left does not."""
    provider = make(OpenAI)
    for _ in range(3):
        server.plan(CHUNKED, chunk(FIRST), chunk(LAST), chunk(DONE), 0.005, chunk(b""))
        events, error = await listen(provider, ASK)
        assert (events[-1], error) == (Finished("stop", "stop"), None)
    assert server.connections == 1
    server.plan(CHUNKED, chunk(FIRST), holds=True)
    async with provider.open(ASK, deadline=provider.system.monotonic() + 5) as stream:
        await anext(stream)
    server.plan(CHUNKED, chunk(FIRST), chunk(LAST), chunk(DONE), chunk(b""))
    _, error = await listen(provider, ASK)
    assert (error, server.connections) == (None, 2)


async def test_an_abandoned_answer_never_reaches_the_next_caller(make, server, listen):
    """What is left unread of one answer is not read as another's."""
    provider = make(OpenAI)
    server.plan(CHUNKED, chunk(FIRST), chunk(FIRST.replace(b"Hel", b"SECRET")), holds=True)
    async with provider.open(ASK, deadline=provider.system.monotonic() + 5) as stream:
        await anext(stream)
    server.plan(CHUNKED, chunk(FIRST), chunk(LAST), chunk(DONE), chunk(b""))
    events, _ = await listen(provider, ASK)
    assert [event.text for event in events if isinstance(event, Delta)] == ["Hel", "lo"]


@pytest.mark.parametrize("kind", [OpenAI, Anthropic, Gemini])
@pytest.mark.parametrize("status", [200, 400, 401, 429, 500])
async def test_no_error_holds_the_key(make, server, listen, kind, status):
    """A vendor that repeats the key, whole, masked or in an address, does not make Ultra repeat it."""
    said = "bad sk-test-0123456789, sk-proj-abc***xyz at https://x/y?alt=sse&key=AIzaSyA-1234567890 end"
    body = b'{"error":{"message":"%s","type":"%s","status":"X","param":"%s"}}' % ((said.encode(),) * 3)
    if status == 200:
        server.plan(SSE + b"event: error\ndata: " + body.replace(b'{"error"', b'{"type":"error","error"') + b"\n\n")
    else:
        server.plan(answer(status, body))
    _, error = await listen(make(kind), ASK)
    shown = "".join(traceback.format_exception(error)) + repr(vars(error))
    for secret in ("0123456789", "abc***", "AIza"):
        assert secret not in shown


async def test_the_key_is_asked_for_each_call(make, server, listen):
    """A new key counts at once; a missing one names its setting and asks nobody."""
    keys = iter(["first-key\n", "second-key", None, "bad\nkey"])
    provider = make(OpenAI, key=lambda: next(keys))
    for _ in range(2):
        server.plan(SSE + FIRST + LAST + DONE)
        await listen(provider, ASK)
    _, missing = await listen(provider, ASK)
    _, broken = await listen(provider, ASK)
    sent = [line for head, _ in server.requests for line in head.split("\r\n") if line.startswith("authorization")]
    assert sent == ["authorization: Bearer first-key", "authorization: Bearer second-key"]
    assert (type(missing), missing.code, missing.hint) == (UpstreamRefusedKey, "no_api_key", "Set THE_KEY.")
    assert type(broken) is UpstreamRefusedKey
    assert "bad" not in broken.message


async def test_a_request_the_wire_cannot_carry_asks_nobody(make, server, listen):
    """What cannot be encoded is refused before anything is sent."""
    bad = ChatRequest("m", (Message("user", (Text("\ud83d"),)),))
    _, error = await listen(make(OpenAI), bad)
    assert type(error) is InvalidRequest
    assert (error.provider, server.requests) == ("openai", [])


async def test_what_came_in_one_piece_is_ready(make, server):
    """After the first event of a piece the others need not be awaited, and after the last there is nothing to take."""
    server.plan(CHUNKED + chunk(FIRST + LAST + DONE) + chunk(b""))
    provider = make(OpenAI)
    async with provider.open(ASK, deadline=provider.system.monotonic() + 5) as stream:
        assert stream.ready() is None
        await anext(stream)
        told = []
        while (event := stream.ready()) is not None:
            told.append(event)
        assert [each.text for each in told if isinstance(each, Delta)] == ["Hel", "lo"]
        assert told[-1] == Finished("stop", "stop")
        with pytest.raises(StopAsyncIteration):
            await anext(stream)
