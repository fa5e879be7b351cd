"""The official `anthropic` client, unmodified, against the mock's Anthropic wire; and the older version by hand."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator

import anthropic
import pytest
from anthropic import AsyncAnthropic
from pydantic import BaseModel

WEATHER = {
    "name": "get_weather",
    "description": "Get the weather of a city",
    "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
}
SUM = [{"role": "user", "content": "What is 17 * 23? End with a line `Answer: <number>`."}]
OPUS = "claude-opus-5-5"


class Sum(BaseModel):
    """A structured answer."""

    answer: int
    explanation: str


@pytest.fixture
async def client(mock_server) -> AsyncIterator[AsyncAnthropic]:
    """Return an asynchronous client that does not retry by itself."""
    async with AsyncAnthropic(api_key="sk-ant-mock", base_url=mock_server.base("anthropic"), max_retries=0) as made:
        yield made


async def test_answers_a_message(client):
    """A sum is answered with usage, a stop reason and the vendor's request id."""
    answer = await client.messages.create(model=OPUS, max_tokens=300, messages=SUM)
    assert answer.content[0].text.endswith("Answer: 391")
    assert answer.stop_reason == "end_turn"
    assert answer.usage.input_tokens > 0
    assert answer.usage.output_tokens > 0
    assert answer._request_id.startswith("req_")


async def test_accumulates_a_stream(client):
    """The client's own accumulator builds the same message from the events."""
    whole = await client.messages.create(model=OPUS, max_tokens=300, messages=SUM)
    async with client.messages.stream(model=OPUS, max_tokens=300, messages=SUM) as stream:
        pieces = [text async for text in stream.text_stream]
        final = await stream.get_final_message()
    assert "".join(pieces) == final.content[0].text == whole.content[0].text
    assert final.usage.input_tokens == whole.usage.input_tokens
    assert final.usage.output_tokens == whole.usage.output_tokens


async def test_streams_raw_events_in_order(client):
    """The events come in the order that the wire promises."""
    stream = await client.messages.create(model=OPUS, max_tokens=300, messages=SUM, stream=True)
    kinds = [event.type async for event in stream]
    assert kinds[:2] == ["message_start", "content_block_start"]
    assert kinds[-3:] == ["content_block_stop", "message_delta", "message_stop"]
    assert set(kinds[2:-3]) == {"content_block_delta"}


async def test_parses_structured_output(client):
    """The client's parser gets an instance of the schema."""
    answer = await client.messages.parse(model=OPUS, max_tokens=300, messages=SUM, output_format=Sum)
    assert answer.parsed_output.answer == 391


async def test_runs_a_tool_loop(client):
    """A tool is called, streamed as JSON fragments, and its result is used."""
    messages = [{"role": "user", "content": "What is the weather in Paris?"}]
    async with client.messages.stream(model=OPUS, max_tokens=300, messages=messages, tools=[WEATHER]) as stream:
        asked = await stream.get_final_message()
    call = asked.content[0]
    assert asked.stop_reason == "tool_use"
    assert call.input == {"city": "Paris"}
    assert call.id.startswith("toolu_")
    messages += [
        {"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in asked.content]},
        {"role": "user", "content": [{"type": "tool_result", "tool_use_id": call.id, "content": "18 degrees"}]},
    ]
    told = await client.messages.create(model=OPUS, max_tokens=300, messages=messages, tools=[WEATHER])
    assert "According to get_weather: 18 degrees" in told.content[0].text or "18 degrees" in told.content[0].text


async def test_obeys_tool_choice(client):
    """`any` calls, and with parallel use disabled calls once."""
    answer = await client.messages.create(
        model=OPUS,
        max_tokens=300,
        messages=[{"role": "user", "content": "Weather in Paris, and in Rome?"}],
        tools=[WEATHER],
        tool_choice={"type": "any", "disable_parallel_tool_use": True},
    )
    assert [block.input for block in answer.content] == [{"city": "Paris"}]


async def test_thinks_when_asked(client):
    """Thinking comes as its own block with a signature, and can be sent back."""
    answer = await client.messages.create(
        model=OPUS, max_tokens=2000, messages=SUM, thinking={"type": "adaptive", "display": "summarized"}
    )
    thought, text = answer.content
    assert (thought.type, text.type) == ("thinking", "text")
    assert thought.signature
    assert answer.usage.output_tokens_details.thinking_tokens > 0
    again = await client.messages.create(
        model=OPUS,
        max_tokens=2000,
        messages=[
            *SUM,
            {"role": "assistant", "content": [block.model_dump(exclude_none=True) for block in answer.content]},
            {"role": "user", "content": "Thanks. What is the capital of France?"},
        ],
    )
    assert "Paris" in again.content[-1].text


async def test_stops_where_told(client):
    """The stop sequence that matched is named; a token limit says `max_tokens`."""
    stopped = await client.messages.create(model=OPUS, max_tokens=300, messages=SUM, stop_sequences=["Answer"])
    assert (stopped.stop_reason, stopped.stop_sequence) == ("stop_sequence", "Answer")
    short = await client.messages.create(model=OPUS, max_tokens=3, messages=SUM)
    assert short.stop_reason == "max_tokens"
    assert short.usage.output_tokens == 3


async def test_sees_an_image(client):
    """An image is acknowledged with its type and size."""
    source = {"type": "base64", "media_type": "image/png", "data": base64.b64encode(b"pixels").decode()}
    content = [{"type": "image", "source": source}, {"type": "text", "text": "What is this?"}]
    answer = await client.messages.create(model=OPUS, max_tokens=300, messages=[{"role": "user", "content": content}])
    assert "image/png, 6 bytes" in answer.content[0].text


async def test_counts_tokens(client):
    """The count is what a message with the same content is charged for."""
    counted = await client.messages.count_tokens(model=OPUS, messages=SUM)
    answer = await client.messages.create(model=OPUS, max_tokens=300, messages=SUM)
    assert counted.input_tokens == answer.usage.input_tokens


async def test_lists_models_in_pages(client):
    """Paging ends, facts are told, unknown models are a 404."""
    names = [model.id async for model in client.models.list(limit=2)]
    assert names == [OPUS, "claude-haiku-4-5", "claude-sonnet-5"]
    opus = await client.models.retrieve(OPUS)
    assert (opus.display_name, opus.max_input_tokens) == ("Claude Opus 5.5", 1_000_000)
    with pytest.raises(anthropic.NotFoundError):
        await client.models.retrieve("no-such-model")


@pytest.mark.parametrize(
    ("model", "status", "kind"),
    [
        ("mock-status-400", 400, "invalid_request_error"),
        ("mock-bad-key", 401, "authentication_error"),
        ("mock-quota", 402, "billing_error"),
        ("mock-forbidden", 403, "permission_error"),
        ("mock-not-found", 404, "not_found_error"),
        ("mock-too-large", 413, "request_too_large"),
        ("mock-rate-limit", 429, "rate_limit_error"),
        ("mock-server-error", 500, "api_error"),
        ("mock-timeout", 504, "timeout_error"),
        ("mock-overloaded", 529, "overloaded_error"),
    ],
)
async def test_raises_the_right_error(client, model, status, kind):
    """Each fault becomes an exception with the vendor's status and type."""
    with pytest.raises(anthropic.APIStatusError) as caught:
        await client.messages.create(model=model, max_tokens=300, messages=SUM)
    assert caught.value.status_code == status
    assert caught.value.body["error"]["type"] == kind


async def test_raises_mid_stream(client):
    """An error event is raised with its type; its status is the 200 that had been sent."""
    seen = []
    with pytest.raises(anthropic.APIStatusError) as caught:
        async with client.messages.stream(model="mock-error-in-stream-after-2", max_tokens=300, messages=SUM) as stream:
            seen += [text async for text in stream.text_stream]
    assert caught.value.body["error"]["type"] == "overloaded_error"


async def test_older_version_by_hand(mock_server):
    """`x-api-key` and 2023-06-01 are served, and take a temperature; 2026-10-21 refuses it."""
    body = {"model": OPUS, "max_tokens": 300, "messages": SUM, "temperature": 0.5}
    url = mock_server.base("anthropic") + "/v1/messages"
    older = {"x-api-key": "sk-ant-mock", "anthropic-version": "2023-06-01"}
    async with mock_server.http.post(url, json=body, headers=older) as reply:
        assert reply.status == 200
        assert reply.headers["request-id"]
        assert (await reply.json())["content"][0]["text"].endswith("Answer: 391")
    newer = {"authorization": "Bearer sk-ant-mock", "anthropic-version": "2026-10-21"}
    async with mock_server.http.post(url, json=body, headers=newer) as reply:
        assert reply.status == 400
        assert "temperature" in (await reply.json())["error"]["message"]


async def test_refuses_missing_keys(mock_server):
    """No key is a 401 in the vendor's shape."""
    async with mock_server.http.post(mock_server.base("anthropic") + "/v1/messages", json={"model": OPUS}) as reply:
        found = json.loads(await reply.read())
    assert reply.status == 401
    assert (found["type"], found["error"]["type"]) == ("error", "authentication_error")
    assert found["request_id"] == reply.headers["request-id"]


async def test_synchronous_client(mock_server):
    """The blocking client works the same, from its own thread."""

    def ask() -> str:
        made = anthropic.Anthropic(api_key="sk-ant-mock", base_url=mock_server.base("anthropic"), max_retries=0)
        with made as client, client.messages.stream(model=OPUS, max_tokens=300, messages=SUM) as stream:
            return stream.get_final_text()

    assert (await asyncio.to_thread(ask)).endswith("Answer: 391")
