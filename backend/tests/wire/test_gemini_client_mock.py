"""The official `google-genai` client, unmodified, against the mock's Gemini wire."""

import asyncio
import json
from collections.abc import AsyncIterator

import pytest
from google import genai
from google.genai import errors, types
from pydantic import BaseModel

# The client derives a class from aiohttp's session, which aiohttp discourages; not ours to change.
pytestmark = pytest.mark.filterwarnings(
    "ignore:Inheritance class AiohttpClientSession from ClientSession is discouraged:DeprecationWarning"
)

SUM = "What is 17 * 23? End with a line `Answer: <number>`."
PRO = "gemini-3-pro"
WEATHER = types.Tool(
    function_declarations=[
        types.FunctionDeclaration(
            name="get_weather",
            description="Get the weather of a city",
            parameters_json_schema={
                "type": "object",
                "properties": {"city": {"type": "string"}},
                "required": ["city"],
            },
        )
    ]
)


class Sum(BaseModel):
    """A structured answer."""

    answer: int
    explanation: str


@pytest.fixture
async def client(mock_server) -> AsyncIterator[genai.Client]:
    """Return a client with the default API version."""
    made = genai.Client(api_key="mock", http_options=types.HttpOptions(base_url=mock_server.base("gemini")))
    yield made
    await made.aio.aclose()
    made.close()


async def test_answers(client):
    """A sum is answered with usage and a finish reason."""
    answer = await client.aio.models.generate_content(model=PRO, contents=SUM)
    assert answer.text.endswith("Answer: 391")
    assert answer.candidates[0].finish_reason == types.FinishReason.STOP
    used = answer.usage_metadata
    assert used.total_token_count == used.prompt_token_count + used.candidates_token_count > 0


async def test_streams(client):
    """The pieces are the whole answer; only the last has a finish reason."""
    whole = await client.aio.models.generate_content(model=PRO, contents=SUM)
    chunks = [chunk async for chunk in await client.aio.models.generate_content_stream(model=PRO, contents=SUM)]
    assert "".join(chunk.text or "" for chunk in chunks) == whole.text
    assert [bool(chunk.candidates[0].finish_reason) for chunk in chunks] == [False] * (len(chunks) - 1) + [True]
    assert chunks[-1].usage_metadata.candidates_token_count == whole.usage_metadata.candidates_token_count


@pytest.mark.parametrize("version", ["v1", "v1beta", "v1alpha"])
async def test_serves_versions(mock_server, version):
    """Each API version answers."""
    options = types.HttpOptions(base_url=mock_server.base("gemini"), api_version=version)
    client = genai.Client(api_key="mock", http_options=options)
    answer = await client.aio.models.generate_content(model=PRO, contents="What is the capital of France?")
    assert "Paris" in answer.text
    await client.aio.aclose()
    client.close()


async def test_answers_structured_output(client):
    """The client's parser gets an instance of the schema."""
    config = types.GenerateContentConfig(response_mime_type="application/json", response_schema=Sum)
    answer = await client.aio.models.generate_content(model=PRO, contents=SUM, config=config)
    assert answer.parsed.answer == 391


async def test_runs_a_tool_loop(client):
    """A function is called whole, and its response is used."""
    config = types.GenerateContentConfig(tools=[WEATHER])
    question = types.Content(role="user", parts=[types.Part(text="What is the weather in Paris?")])
    asked = await client.aio.models.generate_content(model=PRO, contents=[question], config=config)
    call = asked.function_calls[0]
    assert (call.name, call.args) == ("get_weather", {"city": "Paris"})
    result = types.Part(
        function_response=types.FunctionResponse(id=call.id, name=call.name, response={"output": "18 degrees"})
    )
    history = [question, asked.candidates[0].content, types.Content(role="user", parts=[result])]
    told = await client.aio.models.generate_content(model=PRO, contents=history, config=config)
    assert "18 degrees" in told.text


async def test_runs_functions_automatically(client):
    """The client's automatic function calling ends with an answer that uses the result."""

    def get_weather(city: str) -> str:
        """Get the weather of a city."""
        return f"It rains in {city}."

    config = types.GenerateContentConfig(tools=[get_weather])
    answer = await client.aio.models.generate_content(
        model=PRO, contents="What is the weather in Paris?", config=config
    )
    assert "It rains in Paris." in answer.text


async def test_thinks_when_asked(client):
    """Thoughts come as parts of their own and are counted apart."""
    config = types.GenerateContentConfig(thinking_config=types.ThinkingConfig(include_thoughts=True))
    answer = await client.aio.models.generate_content(model=PRO, contents=SUM, config=config)
    assert [bool(part.thought) for part in answer.candidates[0].content.parts] == [True, False]
    assert answer.usage_metadata.thoughts_token_count > 0


async def test_counts_tokens(client):
    """The count is what an answer to the same content is charged for."""
    counted = await client.aio.models.count_tokens(model=PRO, contents=SUM)
    answer = await client.aio.models.generate_content(model=PRO, contents=SUM)
    assert counted.total_tokens == answer.usage_metadata.prompt_token_count


async def test_embeds(client):
    """The same words give the same vector."""
    contents = [types.Content(parts=[types.Part(text=text)]) for text in ("red apple", "red apple", "sea")]
    made = await client.aio.models.embed_content(model=PRO, contents=contents)
    first, second, third = (item.values for item in made.embeddings)
    assert first == second != third


async def test_lists_models_in_pages(client):
    """Paging ends; a model is found by name; unknown models are a 404."""
    pager = await client.aio.models.list(config={"page_size": 1})
    assert [model.name async for model in pager] == ["models/gemini-3-pro", "models/gemini-3-flash"]
    assert (await client.aio.models.get(model=PRO)).name == "models/gemini-3-pro"
    with pytest.raises(errors.ClientError) as caught:
        await client.aio.models.get(model="no-such-model")
    assert caught.value.code == 404


@pytest.mark.parametrize(
    ("model", "error", "code", "word"),
    [
        ("mock-status-400", errors.ClientError, 400, "INVALID_ARGUMENT"),
        ("mock-bad-key", errors.ClientError, 400, "INVALID_ARGUMENT"),
        ("mock-forbidden", errors.ClientError, 403, "PERMISSION_DENIED"),
        ("mock-retired", errors.ClientError, 404, "NOT_FOUND"),
        ("mock-rate-limit", errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
        ("mock-quota", errors.ClientError, 429, "RESOURCE_EXHAUSTED"),
        ("mock-server-error", errors.ServerError, 500, "INTERNAL"),
        ("mock-overloaded", errors.ServerError, 503, "UNAVAILABLE"),
        ("mock-timeout", errors.ServerError, 504, "DEADLINE_EXCEEDED"),
    ],
)
async def test_raises_the_right_error(client, model, error, code, word):
    """Each fault becomes an exception with Google's code and word."""
    with pytest.raises(error) as caught:
        await client.aio.models.generate_content(model=model, contents=SUM)
    assert (caught.value.code, caught.value.status) == (code, word)


async def test_tells_when_to_come_back(client):
    """A rate limit has `RetryInfo` in its details."""
    with pytest.raises(errors.ClientError) as caught:
        await client.aio.models.generate_content(model="mock-rate-limit-7s", contents=SUM)
    assert caught.value.details["error"]["details"][0]["retryDelay"] == "7s"


async def test_raises_mid_stream(client):
    """An error object inside the stream is raised after the pieces before it."""
    stream = await client.aio.models.generate_content_stream(model="mock-error-in-stream-after-2", contents=SUM)
    seen = [(await anext(stream)).text for _ in range(2)]
    with pytest.raises(errors.ServerError) as caught:
        await anext(stream)
    assert all(seen)
    assert caught.value.code == 503


async def test_blocks_prompts(client):
    """A blocked prompt has feedback and no candidates."""
    answer = await client.aio.models.generate_content(model="mock-blocked", contents=SUM)
    assert answer.candidates is None
    assert answer.prompt_feedback.block_reason == types.BlockedReason.SAFETY


async def test_streams_an_array_without_sse(mock_server):
    """Without `alt=sse` a stream is one JSON array; the key may stand in the query."""
    url = f"{mock_server.base('gemini')}/v1beta/models/{PRO}:streamGenerateContent?key=mock"
    body = {"contents": [{"role": "user", "parts": [{"text": SUM}]}]}
    async with mock_server.http.post(url, json=body) as reply:
        found = json.loads(await reply.read())
    assert reply.content_type == "application/json"
    text = "".join(part["text"] for each in found for part in each["candidates"][0]["content"]["parts"])
    assert text.endswith("Answer: 391")


async def test_refuses_missing_keys(mock_server):
    """No key is refused with the vendor's reason."""
    async with mock_server.http.get(f"{mock_server.base('gemini')}/v1/models") as reply:
        found = await reply.json()
    assert reply.status == 400
    assert found["error"]["details"][0]["reason"] == "API_KEY_INVALID"


async def test_synchronous_client(mock_server):
    """The blocking client works the same, from its own thread."""

    def ask() -> str:
        options = types.HttpOptions(base_url=mock_server.base("gemini"))
        with genai.Client(api_key="mock", http_options=options) as client:
            return "".join(chunk.text or "" for chunk in client.models.generate_content_stream(model=PRO, contents=SUM))

    assert (await asyncio.to_thread(ask)).endswith("Answer: 391")
