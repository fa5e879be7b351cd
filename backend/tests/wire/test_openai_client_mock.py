"""The official `openai` client, unmodified, against the mock's OpenAI wire."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator

import openai
import pytest
from openai import AsyncOpenAI
from pydantic import BaseModel

WEATHER = {
    "type": "function",
    "function": {
        "name": "get_weather",
        "description": "Get the weather of a city",
        "parameters": {
            "type": "object",
            "properties": {"city": {"type": "string"}},
            "required": ["city"],
            "additionalProperties": False,
        },
        "strict": True,
    },
}
SUM = [{"role": "user", "content": "What is 17 * 23? End with a line `Answer: <number>`."}]


class Sum(BaseModel):
    """A structured answer."""

    answer: int
    explanation: str
    steps: list[str]


@pytest.fixture
async def client(mock_server) -> AsyncIterator[AsyncOpenAI]:
    """Return an asynchronous client that does not retry by itself."""
    async with AsyncOpenAI(api_key="sk-mock", base_url=mock_server.base("openai"), max_retries=0) as made:
        yield made


async def test_answers_a_chat(client):
    """A sum is answered with usage and the vendor's request id."""
    answer = await client.chat.completions.create(model="gpt-5.5", messages=SUM)
    assert answer.choices[0].message.content.endswith("Answer: 391")
    assert answer.choices[0].finish_reason == "stop"
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0
    assert answer._request_id.startswith("req_")


async def test_streams_the_same_answer(client):
    """The streamed pieces are the whole answer; the last chunk has the usage."""
    whole = await client.chat.completions.create(model="gpt-5.5", messages=SUM)
    stream = await client.chat.completions.create(
        model="gpt-5.5", messages=SUM, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens
    assert len({chunk.id for chunk in chunks}) == 1


async def test_accumulates_a_stream(client):
    """The client's own accumulator builds the message from the chunks."""
    async with client.chat.completions.stream(model="gpt-5.5", messages=SUM) as stream:
        final = await stream.get_final_completion()
    assert final.choices[0].message.content.endswith("Answer: 391")
    assert final.choices[0].message.role == "assistant"


async def test_parses_structured_output(client):
    """`beta`'s parser gets an instance of the schema, whole and streamed, with the right number in it."""
    whole = await client.beta.chat.completions.parse(model="gpt-5.5", messages=SUM, response_format=Sum)
    assert whole.choices[0].message.parsed.answer == 391
    async with client.chat.completions.stream(model="gpt-5.5", messages=SUM, response_format=Sum) as stream:
        final = await stream.get_final_completion()
    assert final.choices[0].message.parsed == whole.choices[0].message.parsed


async def test_answers_a_json_object(client):
    """`json_object` gives an object."""
    answer = await client.chat.completions.create(
        model="gpt-5.5", messages=SUM, response_format={"type": "json_object"}
    )
    assert json.loads(answer.choices[0].message.content)["answer"] == "391"


async def test_runs_a_tool_loop(client):
    """A tool is called with fitting arguments, and its result is used in the answer."""
    messages = [{"role": "user", "content": "What is the weather in Paris?"}]
    asked = await client.chat.completions.create(model="gpt-5.5", messages=messages, tools=[WEATHER])
    message = asked.choices[0].message
    assert asked.choices[0].finish_reason == "tool_calls"
    assert json.loads(message.tool_calls[0].function.arguments) == {"city": "Paris"}
    messages += [
        message.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "18 degrees and sunny"},
    ]
    told = await client.chat.completions.create(model="gpt-5.5", messages=messages, tools=[WEATHER])
    assert "18 degrees and sunny" in told.choices[0].message.content


async def test_streams_parallel_tool_calls(client):
    """Two cities make two calls, which the accumulator keeps apart."""
    async with client.chat.completions.stream(
        model="gpt-5.5",
        messages=[{"role": "user", "content": "Compare the weather in Paris and in Rome."}],
        tools=[WEATHER],
        parallel_tool_calls=True,
    ) as stream:
        final = await stream.get_final_completion()
    calls = final.choices[0].message.tool_calls
    assert [call.function.parsed_arguments for call in calls] == [{"city": "Paris"}, {"city": "Rome"}]
    assert len({call.id for call in calls}) == 2


async def test_obeys_tool_choice(client):
    """`required` calls a tool for any question, `none` never does."""
    hello = [{"role": "user", "content": "Hello"}]
    must = await client.chat.completions.create(
        model="gpt-5.5", messages=hello, tools=[WEATHER], tool_choice="required"
    )
    may_not = await client.chat.completions.create(
        model="gpt-5.5",
        messages=[{"role": "user", "content": "What is the weather in Paris?"}],
        tools=[WEATHER],
        tool_choice="none",
    )
    assert must.choices[0].message.tool_calls[0].function.name == "get_weather"
    assert may_not.choices[0].message.tool_calls is None


async def test_stops_where_told(client):
    """A token limit ends with `length`, a stop sequence cuts before itself."""
    short = await client.chat.completions.create(model="gpt-5.5", messages=SUM, max_completion_tokens=3)
    assert short.choices[0].finish_reason == "length"
    assert short.usage.completion_tokens == 3
    stopped = await client.chat.completions.create(model="gpt-5.5", messages=SUM, stop=["Answer"])
    assert "Answer" not in stopped.choices[0].message.content


async def test_sees_an_image(client):
    """An image is acknowledged with its type and size."""
    data = base64.b64encode(b"not really a png").decode()
    content = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}},
    ]
    answer = await client.chat.completions.create(model="gpt-5.5", messages=[{"role": "user", "content": content}])
    assert "image/png, 16 bytes" in answer.choices[0].message.content


async def test_lists_and_retrieves_models(client):
    """The list ends, and an id with a slash is found."""
    assert [model.id async for model in client.models.list()] == ["gpt-5.5", "gpt-5.5-mini", "team/tuned-model"]
    assert (await client.models.retrieve("team/tuned-model")).owned_by == "openai"
    with pytest.raises(openai.NotFoundError):
        await client.models.retrieve("no-such-model")


async def test_embeds(client):
    """The same words give the same unit vector; the client's default base64 is understood."""
    made = await client.embeddings.create(model="gpt-5.5", input=["red apple", "red apple", "sea"], dimensions=64)
    first, second, third = (item.embedding for item in made.data)
    assert first == second != third
    assert sum(value * value for value in first) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize(
    ("model", "error"),
    [
        ("mock-status-400", openai.BadRequestError),
        ("mock-context-too-long", openai.BadRequestError),
        ("mock-bad-key", openai.AuthenticationError),
        ("mock-forbidden", openai.PermissionDeniedError),
        ("mock-not-found", openai.NotFoundError),
        ("mock-status-409", openai.ConflictError),
        ("mock-rate-limit", openai.RateLimitError),
        ("mock-quota", openai.RateLimitError),
        ("mock-server-error", openai.InternalServerError),
        ("mock-overloaded", openai.InternalServerError),
        ("mock-html-502", openai.InternalServerError),
        ("mock-reset-after-headers", openai.APIConnectionError),
        ("mock-reset-before-headers", openai.APIConnectionError),
        ("unlisted", openai.NotFoundError),
    ],
)
async def test_raises_the_right_error(client, model, error):
    """Each fault becomes the exception that the client has for it."""
    with pytest.raises(error):
        await client.chat.completions.create(model=model, messages=SUM)


async def test_error_carries_code_and_param(client):
    """The error object keeps type, code and param."""
    with pytest.raises(openai.BadRequestError) as caught:
        await client.chat.completions.create(model="mock-context-too-long", messages=SUM)
    assert caught.value.code == "context_length_exceeded"
    assert caught.value.type == "invalid_request_error"


async def test_raises_mid_stream(client):
    """An error inside the stream is raised after the pieces before it."""
    stream = await client.chat.completions.create(model="mock-error-in-stream-after-2", messages=SUM, stream=True)
    seen = [(await anext(stream)).choices[0].delta.content for _ in range(3)]
    with pytest.raises(openai.APIError):
        await anext(stream)
    assert [bool(text) for text in seen] == [False, True, True]


async def test_refuses_keys(mock_server):
    """The key `invalid` is refused with 401."""
    async with AsyncOpenAI(api_key="invalid", base_url=mock_server.base("openai"), max_retries=0) as client:
        with pytest.raises(openai.AuthenticationError) as caught:
            await client.models.list()
    assert caught.value.code == "invalid_api_key"


async def test_retries_until_it_works(mock_server):
    """A client that retries gets its answer after two failures."""
    await mock_server.arm("rate-limit-ms-1ms", model="gpt-5.5", times=2)
    async with AsyncOpenAI(api_key="sk-mock", base_url=mock_server.base("openai"), max_retries=2) as client:
        answer = await client.chat.completions.create(model="gpt-5.5", messages=SUM)
    assert answer.choices[0].finish_reason == "stop"
    assert (await mock_server.requests())["counts"] == {"openai/gpt-5.5": 3}


async def test_serves_compatible_providers(mock_server):
    """A provider that is no vendor speaks the same wire under its own name."""
    async with AsyncOpenAI(api_key="sk-mock", base_url=mock_server.base("groq"), max_retries=0) as client:
        answer = await client.chat.completions.create(model="llama-4-70b", messages=SUM)
        assert [model.owned_by async for model in client.models.list()] == ["groq"]
    assert answer.model == "llama-4-70b"


async def test_synchronous_client(mock_server):
    """The blocking client works the same, from its own thread."""

    def ask() -> str:
        made = openai.OpenAI(api_key="sk-mock", base_url=mock_server.base("openai"), max_retries=0)
        with made as client, client.chat.completions.stream(model="gpt-5.5", messages=SUM) as stream:
            return stream.get_final_completion().choices[0].message.content

    assert (await asyncio.to_thread(ask)).endswith("Answer: 391")
