"""Refusals: statuses, limits, and answers of somebody else."""

import pytest

from tests.unit.mock.faults.reading import VENDORS


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
