"""Tests of the table of scenarios, and of each scenario as bytes on a socket."""

import asyncio
import contextlib
import json
from urllib.parse import urlsplit

import aiohttp
import pytest

from ultra.mock.faults import SCENARIOS, Settings, UnknownScenario, choose, of_model
from ultra.protocols.sse import Decoder

VENDORS = ["openai", "anthropic", "gemini"]
TERMINATORS = {"openai": b"[DONE]", "anthropic": b"message_stop", "gemini": b"finishReason"}


@pytest.mark.parametrize(
    ("name", "scenario", "settings"),
    [
        ("stall-5s", "stall", Settings(seconds=5)),
        ("stall-after-7-200ms", "stall", Settings(count=7, seconds=0.2)),
        ("status-429", "status", Settings(number=429)),
        ("retired-after-2", "retired", Settings(count=2)),
        ("rate-limit-2s", "rate-limit", Settings(seconds=2)),
        ("rate-limit-ms-50ms", "rate-limit-ms", Settings(seconds=0.05)),
        ("error-in-stream", "error-in-stream", Settings()),
    ],
)
def test_reads_names(name, scenario, settings):
    """A name is a scenario and its numbers."""
    chosen = choose(name)
    assert (chosen.scenario.name, chosen.settings) == (scenario, settings)


@pytest.mark.parametrize("name", ["", "nonsense", "stall-soon", "stall-after", "status-4x9"])
def test_refuses_unknown_names(name):
    """A name that cannot be read is refused with the known ones, or with what is wrong."""
    with pytest.raises(UnknownScenario):
        choose(name)


def test_models_name_scenarios():
    """Only models that begin with `mock-` ask for a fault."""
    assert of_model("mock-status-503").settings.number == 503
    assert of_model("gpt-5.5") is None


def test_every_scenario_says_what_happens():
    """Each has a sentence of its own."""
    sentences = [scenario.sentence for scenario in SCENARIOS.values()]
    assert all(len(sentence) > 10 and sentence.endswith(".") for sentence in sentences)
    assert len(set(sentences)) == len(sentences)


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("stream", [False, True])
async def test_every_scenario_answers_or_breaks(raw, vendor, stream):
    """On every wire each scenario gives a response or a broken connection, and the log knows the outcome."""
    endless = ("stall", "slow-start", "silent")
    tried = ["drip-0s" if name == "drip" else name for name in SCENARIOS if name not in endless]
    for name in tried:
        with contextlib.suppress(aiohttp.ClientError):
            async with raw.post(vendor, name, stream=stream) as reply:
                await reply.read()
    logged = (await raw.control("requests"))["requests"]
    assert [entry["scenario"] for entry in logged] == tried
    ends = {"reset": "reset", "close": "hung_up"}
    for entry in logged[:-1]:
        assert entry["outcome"] == ends.get(entry["scenario"].partition("-")[0], "finished"), entry["scenario"]


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


@pytest.mark.parametrize(
    ("vendor", "name", "status"),
    [
        *[(vendor, "status-418", 418) for vendor in VENDORS],
        ("openai", "bad-key", 401),
        ("anthropic", "bad-key", 401),
        ("gemini", "bad-key", 400),
        ("openai", "forbidden", 403),
        ("openai", "not-found", 404),
        ("openai", "too-large", 413),
        ("openai", "context-too-long", 400),
        ("openai", "quota", 429),
        ("anthropic", "quota", 402),
        ("gemini", "quota", 429),
        ("openai", "overloaded", 503),
        ("anthropic", "overloaded", 529),
        ("gemini", "overloaded", 503),
        *[(vendor, "unavailable", 503) for vendor in VENDORS],
        *[(vendor, "server-error", 500) for vendor in VENDORS],
        *[(vendor, "timeout", 504) for vendor in VENDORS],
    ],
)
async def test_refusals(raw, vendor, name, status):
    """A refusal has the vendor's status and its error shape, streaming or not."""
    for stream in (False, True):
        async with raw.post(vendor, name, stream=stream) as reply:
            body = await reply.json()
        assert reply.status == status
        assert body["error"]["message"]
        assert ("type" in body) == (vendor == "anthropic")


@pytest.mark.parametrize(
    ("name", "header", "value"),
    [
        ("rate-limit-seconds-2s", "retry-after", "2"),
        ("rate-limit-ms-1500ms", "retry-after-ms", "1500"),
        ("rate-limit-date-2s", "retry-after", " GMT"),
        ("rate-limit-reset-90s", "x-ratelimit-reset-requests", "1m30s"),
        ("rate-limit-rfc3339", "anthropic-ratelimit-requests-reset", "Z"),
    ],
)
async def test_rate_limit_headers(raw, name, header, value):
    """Each flavour of 429 says when to come back in its own header."""
    async with raw.post("openai", name) as reply:
        assert reply.status == 429
        assert reply.headers[header].endswith(value)


async def test_bare_rate_limit(raw):
    """A bare 429 says nothing about time."""
    async with raw.post("openai", "rate-limit-bare") as reply:
        assert reply.status == 429
        assert "retry-after" not in reply.headers


async def test_skewed_rate_limit(raw):
    """The date to come back at is in the past, and so is the server's own date before it."""
    from email.utils import parsedate_to_datetime

    async with raw.post("openai", "rate-limit-skewed-5s") as reply:
        then = parsedate_to_datetime(reply.headers["date"])
        later = parsedate_to_datetime(reply.headers["retry-after"])
    assert (later - then).total_seconds() == 5


async def test_rate_limit_in_vendor_words(raw):
    """OpenAI and Anthropic say it in headers, Gemini in the body."""
    async with raw.post("openai", "rate-limit-2s") as reply:
        assert reply.headers["retry-after"] == "2"
    async with raw.post("anthropic", "rate-limit-2s") as reply:
        assert reply.headers["retry-after"] == "2"
        assert reply.headers["anthropic-ratelimit-requests-remaining"] == "0"
    async with raw.post("gemini", "rate-limit-2s") as reply:
        assert "retry-after" not in reply.headers
        assert (await reply.json())["error"]["details"][0]["retryDelay"] == "2s"


async def test_retires_and_recovers(raw):
    """A model is retired after so many calls; a flaky one works after its failures."""
    retired = [await status_of(raw, "mock-retired-after-2") for _ in range(4)]
    flaky = [await status_of(raw, "mock-flaky-2") for _ in range(4)]
    assert retired == [200, 200, 404, 404]
    assert flaky == [500, 500, 200, 200]


async def status_of(raw, model):
    """Return the status of one call."""
    async with raw.post("openai", model=model) as reply:
        await reply.read()
        return reply.status


@pytest.mark.parametrize(("name", "status"), [("html-502", 502), ("html-200", 200)])
async def test_proxy_pages(raw, name, status):
    """A proxy's page is HTML, whatever its status."""
    async with raw.post("openai", name, stream=True) as reply:
        assert (reply.status, reply.content_type) == (status, "text/html")
        assert b"502 Bad Gateway" in await reply.read()


async def test_answers_without_meaning(raw):
    """An empty body, and JSON of somebody else."""
    async with raw.post("openai", "empty-body") as reply:
        assert (reply.status, await reply.read()) == (200, b"")
    async with raw.post("openai", "other-json") as reply:
        assert await reply.json() == {"hello": "world"}


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


async def test_reset_before_headers(raw):
    """The connection is reset with nothing said."""
    got, error = await receive(raw, "openai", "reset-before-headers")
    assert got == b""
    assert isinstance(error, ConnectionResetError)


async def test_reset_after_headers(raw):
    """Status and headers arrive, then a reset."""
    got, error = await receive(raw, "openai", "reset-after-headers")
    assert got.startswith(b"HTTP/1.1 200")
    assert b"data:" not in got
    assert isinstance(error, ConnectionResetError)


@pytest.mark.parametrize("vendor", VENDORS)
async def test_reset_mid_event(raw, vendor):
    """Some events arrive, then half of one, then a reset."""
    got, error = await receive(raw, vendor, "reset-mid-event-after-2")
    assert b"data: {" in got
    assert TERMINATORS[vendor] not in got
    assert isinstance(error, ConnectionResetError)


async def test_close_mid_event(raw):
    """Half an event arrives, then a regular close of the socket without the end of the body."""
    got, error = await receive(raw, "openai", "close-mid-event-after-2")
    assert error is None
    assert b"data: {" in got
    assert not got.endswith(b"0\r\n\r\n")


async def test_reset_mid_body(raw):
    """An answer sent whole is cut in half too."""
    got, error = await receive(raw, "openai", "reset-mid-event", stream=False)
    assert b"content-length" in got
    assert isinstance(error, ConnectionResetError)


@pytest.mark.parametrize("vendor", VENDORS)
async def test_half_a_character(raw, vendor):
    """The body ends regularly inside a UTF-8 character."""
    async with raw.post(vendor, "half-utf8", stream=True) as reply:
        body = await reply.read()
    with pytest.raises(UnicodeDecodeError):
        body.decode()
    assert body.endswith("🙂".encode()[:2])


@pytest.mark.parametrize("vendor", VENDORS)
async def test_no_terminator(raw, vendor):
    """The whole text arrives but nothing announces its end."""
    found, _ = await frames(raw, vendor, "no-terminator")
    whole, _ = await frames(raw, vendor, None)
    assert texts(vendor, found) == texts(vendor, whole) != ""
    joined = b"".join(frame.data for frame in found)
    assert TERMINATORS[vendor] not in joined
    assert b"stop" not in joined.replace(b"content_block_stop", b"").replace(b"stop_reason", b"").replace(
        b"stop_sequence", b""
    )


async def test_no_last_event(raw):
    """Only the last frame is missing; the reason of the end was said."""
    found, _ = await frames(raw, "openai", "no-last-event")
    assert found[-1].data != b"[DONE]"
    assert json.loads(found[-1].data)["choices"][0]["finish_reason"] == "stop"
    found, _ = await frames(raw, "anthropic", "no-last-event")
    assert found[-1].event == "message_delta"


@pytest.mark.parametrize("name", ["stall-after-2-60s", "silent-60s"])
async def test_silence_in_a_stream(raw, name):
    """Headers (and the first pieces) arrive, then nothing; leaving ends it at once."""
    async with raw.post("openai", name, stream=True) as reply:
        assert reply.status == 200
        if name.startswith("stall"):
            assert b"data: {" in await reply.content.readany()
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.1):
                await reply.content.readany()
    assert await outcome(raw) == "client_left"


async def test_silence_before_headers(raw):
    """Nothing arrives at all; leaving ends it at once."""
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.1):
            await raw.post("openai", "slow-start-60s")
    assert await outcome(raw) == "client_left"


async def outcome(raw):
    """Return how the only request ended, waiting a little for the server to notice."""
    for _ in range(200):
        (entry,) = (await raw.control("requests"))["requests"]
        if entry["outcome"] != "open":
            break
        await asyncio.sleep(0.01)
    return entry["outcome"]


async def test_short_stall_goes_on(raw):
    """After a stall the answer is finished."""
    found, _ = await frames(raw, "openai", "stall-after-2-10ms")
    assert found[-1].data == b"[DONE]"


async def test_drip(raw):
    """A few bytes at a time still are the whole answer, in many reads."""
    decoder, found, reads = Decoder(), [], 0
    async with raw.post("openai", "drip-1ms", stream=True) as reply:
        async for chunk in reply.content.iter_any():
            reads += 1
            found += decoder.feed(chunk)
    assert found[-1].data == b"[DONE]"
    assert reads > 20


@pytest.mark.parametrize("vendor", VENDORS)
async def test_error_in_stream(raw, vendor):
    """After the pieces asked for comes an error in the vendor's shape, and nothing else."""
    found, _ = await frames(raw, vendor, "error-in-stream-after-2")
    last = json.loads(found[-1].data)
    assert last["error"]["message"] == "Overloaded."
    assert next(iter(last)) == ("type" if vendor == "anthropic" else "error")
    assert sum(bool(texts(vendor, [frame])) for frame in found[:-1]) == 2


@pytest.mark.parametrize("vendor", VENDORS)
async def test_invalid_json(raw, vendor):
    """One event is broken JSON, the others are not."""
    async with raw.post(vendor, "invalid-json", stream=True) as reply:
        found = Decoder().feed(await reply.read())
    broken = [frame for frame in found if frame.data == b'{"id": "broken", "choices": [{']
    assert len(broken) == 1
    async with raw.post(vendor, "invalid-json") as reply:
        with pytest.raises(json.JSONDecodeError):
            json.loads(await reply.read())


@pytest.mark.parametrize("vendor", VENDORS)
async def test_unknown_things(raw, vendor):
    """An unknown event, field or finish reason stands in an answer that is otherwise whole."""
    whole, _ = await frames(raw, vendor, None)
    for name in ("unknown-event", "unknown-field", "unknown-finish"):
        found, _ = await frames(raw, vendor, name)
        assert b"mock_unheard_of" in b"".join(frame.data for frame in found)
        assert texts(vendor, found) == texts(vendor, whole)


@pytest.mark.parametrize(
    ("vendor", "field"), [("openai", "choices"), ("anthropic", "content"), ("gemini", "candidates")]
)
async def test_empty_choices(raw, vendor, field):
    """There is nothing where the answer should be."""
    async with raw.post(vendor, "empty-choices") as reply:
        assert (await reply.json())[field] == []
    found, _ = await frames(raw, vendor, "empty-choices")
    assert texts(vendor, found) == ""


@pytest.mark.parametrize("vendor", VENDORS)
async def test_no_usage(raw, vendor):
    """Token counts are missing, streaming or not."""
    async with raw.post(vendor, "no-usage") as reply:
        assert not {"usage", "usageMetadata"} & set(await reply.json())
    found, _ = await frames(raw, vendor, "no-usage")
    assert b"usage" not in b"".join(frame.data for frame in found)


@pytest.mark.parametrize("vendor", VENDORS)
async def test_huge_event(raw, vendor):
    """One event is larger than a mebibyte."""
    found, _ = await frames(raw, vendor, "huge-event")
    assert max(len(frame.data) for frame in found) > 1 << 20


async def test_tool_faults(raw):
    """Two calls share an id; arguments are no JSON."""
    tools = [
        {"type": "function", "function": {"name": "get_weather", "parameters": {
            "type": "object", "properties": {"city": {"type": "string"}}}}}
    ]  # fmt: skip
    wish = {"tools": tools, "question": "What is the weather in Paris?"}
    async with raw.post("openai", "duplicate-tool-ids", **wish) as reply:
        calls = (await reply.json())["choices"][0]["message"]["tool_calls"]
    assert [call["id"] for call in calls] == ["call_twice", "call_twice"]
    async with raw.post("openai", "invalid-tool-args", **wish) as reply:
        (call,) = (await reply.json())["choices"][0]["message"]["tool_calls"]
    with pytest.raises(json.JSONDecodeError):
        json.loads(call["function"]["arguments"])


async def test_endings(raw):
    """Refusals, filters and limits end an answer in the vendor's words."""
    async with raw.post("openai", "refusal") as reply:
        assert (await reply.json())["choices"][0]["message"]["refusal"]
    async with raw.post("anthropic", "refusal") as reply:
        assert (await reply.json())["stop_reason"] == "refusal"
    async with raw.post("openai", "filtered") as reply:
        assert (await reply.json())["choices"][0]["finish_reason"] == "content_filter"
    async with raw.post("gemini", "filtered") as reply:
        assert (await reply.json())["candidates"][0]["finishReason"] == "SAFETY"
    async with raw.post("gemini", "cut-at-limit") as reply:
        assert (await reply.json())["candidates"][0]["finishReason"] == "MAX_TOKENS"


async def test_blocked_prompts(raw):
    """A blocked prompt is a 400, a refusal without content, or feedback without candidates."""
    async with raw.post("openai", "blocked") as reply:
        assert reply.status == 400
    async with raw.post("anthropic", "blocked") as reply:
        body = await reply.json()
        assert (body["stop_reason"], body["content"]) == ("refusal", [])
    async with raw.post("gemini", "blocked") as reply:
        body = await reply.json()
        assert body["promptFeedback"]["blockReason"] == "SAFETY"
        assert "candidates" not in body


@pytest.mark.parametrize("vendor", VENDORS)
@pytest.mark.parametrize("name", ["keepalives", "odd-framing"])
async def test_legal_oddities(raw, vendor, name):
    """What is legal but unusual decodes to the same text."""
    found, decoder = await frames(raw, vendor, name)
    whole, _ = await frames(raw, vendor, None)
    assert texts(vendor, found) == texts(vendor, whole)
    assert not decoder.pending
