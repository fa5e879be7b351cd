"""The official `openai` client, unmodified, against Ultra's `/v1`, with a mock of every vendor behind it."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator, Iterator

import openai
import pytest
from openai import AsyncOpenAI
from pydantic import BaseModel

from tests.journeys.programs import MODELS, PANEL, Mock, UltraProcess, mock_process, provider_toml, ultra_process

VENDORS = ["openai/gpt-6-astra", "anthropic/claude-fable-5-2", "gemini/gemini-4-argon", "acme/alpha"]
FAULTS = [
    "mock-rate-limit-30s",
    "mock-rate-limit-31s",
    "mock-quota",
    "mock-quota-1",
    "mock-server-error",
    "mock-server-error-1",
    "mock-overloaded",
    "mock-context-too-long",
]
SHUT = ["shut", "barred", "locked"]
"""Providers that do not accept Ultra's key; a model or provider that has failed is remembered, so tests share none."""
TOML = f"""
[aliases]
quick = ["acme/beta"]
spare = ["faulty/mock-server-error-1", "acme/beta"]

[panels]
default = {json.dumps(PANEL)}
"""
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


@pytest.fixture(scope="module")
def mock_of_module() -> Iterator[Mock]:
    """Start a mock that has faulty providers too."""
    with mock_process(models={**MODELS, "faulty": [], **{name: [] for name in SHUT}}, seed="2") as mock:
        yield mock


@pytest.fixture(scope="module")
def ultra(mock_of_module: Mock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[UltraProcess]:
    """Start Ultra beside it, with an alias whose first candidate fails."""
    mock = mock_of_module
    toml = TOML + provider_toml(mock, "faulty", FAULTS)
    toml += "".join(provider_toml(mock, name, ["mock-bad-key"]) for name in SHUT)
    with ultra_process(tmp_path_factory.mktemp("ultra"), mock, toml=toml) as process:
        yield process


@pytest.fixture
def mock(mock_of_module: Mock) -> Mock:
    """Return the mock as if nobody had asked it before."""
    mock_of_module.reset()
    return mock_of_module


@pytest.fixture
async def client(ultra: UltraProcess, mock: Mock, anyio_backend: str) -> AsyncIterator[AsyncOpenAI]:
    """Return an asynchronous client that does not retry by itself and validates what it gets."""
    async with AsyncOpenAI(
        api_key=ultra.key, base_url=f"{ultra.url}/v1", max_retries=0, _strict_response_validation=True
    ) as made:
        yield made


@pytest.mark.parametrize("model", VENDORS)
async def test_answers_a_chat(client, model):
    """A sum is answered, counted and paid for, whoever's wire is behind it."""
    answer = await client.chat.completions.create(model=model, messages=SUM)
    assert answer.choices[0].message.content.endswith("Answer: 391")
    assert answer.choices[0].finish_reason == "stop"
    assert answer.model == model
    assert answer.usage.total_tokens == answer.usage.prompt_tokens + answer.usage.completion_tokens > 0
    assert answer._request_id.startswith("req_")
    told = answer.model_extra["ultra"]
    assert (told["model"], told["attempts"], told["passed_over"]) == (model, 1, [])
    assert float(told["cost_usd"]) > 0


@pytest.mark.parametrize("model", VENDORS)
async def test_streams_the_same_answer(client, model):
    """The streamed pieces are the whole answer; the last chunk has the usage and what Ultra knows."""
    whole = await client.chat.completions.create(model=model, messages=SUM)
    stream = await client.chat.completions.create(
        model=model, messages=SUM, stream=True, stream_options={"include_usage": True}
    )
    chunks = [chunk async for chunk in stream]
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert sum(bool(chunk.choices and chunk.choices[0].delta.content) for chunk in chunks) > 1
    assert chunks[-1].usage == whole.usage
    assert chunks[-1].model_extra["ultra"]["cost_usd"] == whole.model_extra["ultra"]["cost_usd"]
    assert len({(chunk.id, chunk.created, chunk.model) for chunk in chunks}) == 1


@pytest.mark.parametrize("model", VENDORS)
async def test_accumulates_a_stream(client, model):
    """The client's own accumulator builds the message from the chunks."""
    async with client.chat.completions.stream(model=model, messages=SUM) as stream:
        final = await stream.get_final_completion()
    assert final.choices[0].message.content.endswith("Answer: 391")
    assert final.choices[0].message.role == "assistant"


@pytest.mark.parametrize("model", VENDORS)
async def test_runs_a_tool_loop(client, model):
    """A tool is called with fitting arguments, and its result is used in the answer."""
    messages = [{"role": "user", "content": "What is the weather in Paris?"}]
    asked = await client.chat.completions.create(model=model, messages=messages, tools=[WEATHER])
    message = asked.choices[0].message
    assert asked.choices[0].finish_reason == "tool_calls"
    assert json.loads(message.tool_calls[0].function.arguments) == {"city": "Paris"}
    messages += [
        message.model_dump(exclude_none=True),
        {"role": "tool", "tool_call_id": message.tool_calls[0].id, "content": "18 degrees and sunny"},
    ]
    told = await client.chat.completions.create(model=model, messages=messages, tools=[WEATHER])
    assert "18 degrees and sunny" in told.choices[0].message.content


@pytest.mark.parametrize("model", VENDORS)
async def test_streams_parallel_tool_calls(client, model):
    """Two cities make two calls, which the accumulator keeps apart."""
    async with client.chat.completions.stream(
        model=model,
        messages=[{"role": "user", "content": "Compare the weather in Paris and in Rome."}],
        tools=[WEATHER],
        parallel_tool_calls=True,
    ) as stream:
        final = await stream.get_final_completion()
    calls = final.choices[0].message.tool_calls
    assert [call.function.parsed_arguments for call in calls] == [{"city": "Paris"}, {"city": "Rome"}]
    assert len({call.id for call in calls}) == 2


@pytest.mark.parametrize("model", VENDORS)
async def test_parses_structured_output(client, model):
    """The client's parser gets an instance of the schema, whole and streamed, with the right number in it."""
    whole = await client.beta.chat.completions.parse(model=model, messages=SUM, response_format=Sum)
    assert whole.choices[0].message.parsed.answer == 391
    async with client.chat.completions.stream(model=model, messages=SUM, response_format=Sum) as stream:
        final = await stream.get_final_completion()
    assert final.choices[0].message.parsed == whole.choices[0].message.parsed


@pytest.mark.parametrize("model", VENDORS)
async def test_passes_an_image_on(client, model):
    """A picture given as data reaches the vendor byte by byte."""
    data = base64.b64encode(b"not really a png").decode()
    content = [
        {"type": "text", "text": "What is this?"},
        {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{data}"}},
    ]
    answer = await client.chat.completions.create(model=model, messages=[{"role": "user", "content": content}])
    assert "image/png, 16 bytes" in answer.choices[0].message.content


async def test_lists_and_retrieves_models(client):
    """Every model and ensemble is listed with strict types; an id with a slash is found, however it is written."""
    listed = {model.id: model async for model in client.models.list()}
    assert {*VENDORS, "ultra/consensus", "ultra/fact-check"} <= set(listed)
    assert listed["acme/alpha"].model_extra["ultra"]["availability"]["state"] == "available"
    found = await client.models.retrieve("anthropic/claude-fable-5-2")
    assert found.id == "anthropic/claude-fable-5-2"
    assert found.model_extra["ultra"]["mock"] is False
    assert (await client.models.retrieve("ultra/consensus")).model_extra["ultra"]["kind"] == "ensemble"
    plain = await client.get("/models/anthropic/claude-fable-5-2", cast_to=dict)
    assert plain["id"] == found.id
    with pytest.raises(openai.NotFoundError) as caught:
        await client.models.retrieve("acme/no-such-model")
    assert caught.value.code == "model_not_found"


async def test_asks_by_alias(client, mock):
    """An alias asks the model it stands for, and the answer says which one that was."""
    answer = await client.chat.completions.create(model="quick", messages=SUM)
    assert answer.model == "acme/beta"
    assert mock.outcomes("beta") == ["finished"]


async def test_falls_back_to_the_next_candidate(client, mock):
    """An alias whose first model fails is answered by the second; both are on the receipt."""
    answer = await client.chat.completions.create(model="spare", messages=SUM)
    told = answer.model_extra["ultra"]
    assert answer.model == told["model"] == "acme/beta"
    assert [each["model"] for each in told["passed_over"]] == ["faulty/mock-server-error-1"]
    assert told["attempts"] == len(mock.requests()) > 1


@pytest.mark.parametrize(
    ("model", "error", "code"),
    [
        ("acme/no-such-model", openai.NotFoundError, "model_not_found"),
        ("nobody/at-all", openai.NotFoundError, "model_not_found"),
        ("ultra/no-such-pattern", openai.NotFoundError, "model_not_found"),
        ("faulty/mock-rate-limit-30s", openai.RateLimitError, "rate_limit_exceeded"),
        ("faulty/mock-quota", openai.RateLimitError, "insufficient_quota"),
        ("faulty/mock-server-error", openai.InternalServerError, "upstream_failed"),
        ("faulty/mock-overloaded", openai.InternalServerError, "overloaded"),
        ("faulty/mock-context-too-long", openai.BadRequestError, "context_length_exceeded"),
        ("shut/mock-bad-key", openai.InternalServerError, "upstream_refused_key"),
    ],
)
async def test_raises_the_right_error(client, model, error, code):
    """Each failure becomes the exception and the code that the client's users look for."""
    with pytest.raises(error) as caught:
        await client.chat.completions.create(model=model, messages=SUM)
    assert caught.value.code == code
    assert caught.value.request_id.startswith("req_")


async def test_upstreams_refusal_of_our_key_is_not_the_callers(client):
    """A vendor's 401 is the server's fault: 502, not worth repeating, and no word of the key."""
    with pytest.raises(openai.InternalServerError) as caught:
        await client.chat.completions.create(model="barred/mock-bad-key", messages=SUM)
    assert caught.value.status_code == 502
    assert caught.value.response.headers["x-should-retry"] == "false"
    assert "key-for-acme" not in str(caught.value)


async def test_says_when_to_come_back(client):
    """A vendor's limit is told on, with the time it named."""
    with pytest.raises(openai.RateLimitError) as caught:
        await client.chat.completions.create(model="faulty/mock-rate-limit-31s", messages=SUM)
    headers = caught.value.response.headers
    assert 21 <= int(headers["retry-after"]) <= 31
    assert 21_000 <= int(headers["retry-after-ms"]) <= 31_000


@pytest.mark.parametrize(
    ("change", "param"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [{"role": "nobody", "content": "x"}]}, "messages[0].role"),
        ({"temperature": "hot"}, "temperature"),
        ({"max_completion_tokens": 0}, "max_completion_tokens"),
        ({"tools": [{"type": "function"}]}, "tools[0].function"),
        ({"response_format": {"type": "json_schema"}}, "response_format.json_schema"),
    ],
)
async def test_names_the_bad_field(client, mock, change, param):
    """Bad input is a 400 that names the field, and nobody upstream hears of it."""
    with pytest.raises(openai.BadRequestError) as caught:
        await client.chat.completions.create(
            model="acme/alpha", messages=change.get("messages", SUM), extra_body={**change}
        )
    assert caught.value.param == param
    assert mock.requests() == []


async def test_an_ensemble_answers_like_a_model(client, mock):
    """Several models are asked; the answer is the verdict, and how far it can be trusted stands beside it."""
    answer = await client.chat.completions.create(model="ultra/consensus", messages=SUM)
    assert answer.choices[0].message.content.endswith("Answer: 391")
    assert answer.model == "ultra/consensus"
    told = answer.model_extra["ultra"]
    assert (told["status"], told["heading"], told["answered"], told["asked"]) == ("complete", "Complete", 3, 3)
    assert told["decided"] == "391"
    assert told["agreement"]["value"] is not None
    assert {each["model"] for each in mock.requests()} == {"alpha", "beta", "gamma"}
    assert "Complete" not in answer.choices[0].message.content


async def test_an_ensemble_streams_its_synthesis(client):
    """The streamed content is the verdict and nothing else; the last chunk says how far it can be trusted."""
    async with client.chat.completions.stream(
        model="ultra/consensus",
        messages=[{"role": "user", "content": "Why is the sky blue?"}],
        stream_options={"include_usage": True},
    ) as stream:
        chunks = [event.chunk async for event in stream if event.type == "chunk"]
        final = await stream.get_final_completion()
    told = chunks[-1].model_extra["ultra"]
    assert told["status"] == "complete"
    assert told["run_id"].startswith("run_")
    assert final.choices[0].message.content
    assert final.choices[0].finish_reason == "stop"
    assert final.usage.total_tokens > 0


async def test_an_ensemble_continues_a_conversation(client, mock):
    """Every member gets the instructions and the turns before the question."""
    messages = [
        {"role": "system", "content": "SYSTEM-MARK"},
        {"role": "user", "content": "FIRST-MARK"},
        {"role": "assistant", "content": "REPLY-MARK"},
        {"role": "user", "content": "Why is the sky blue?"},
    ]
    await client.chat.completions.create(model="ultra/consensus", messages=messages)
    for request in mock.requests():
        sent = json.dumps(request["body"])
        assert all(mark in sent for mark in ("SYSTEM-MARK", "FIRST-MARK", "REPLY-MARK", "Why is the sky blue?"))


async def test_an_ensemble_obeys_a_schema(client):
    """`response_format` shapes the verdict itself."""
    answer = await client.beta.chat.completions.parse(model="ultra/consensus", messages=SUM, response_format=Sum)
    assert answer.choices[0].message.parsed.answer == 391
    assert answer.model_extra["ultra"]["answered"] == 3


async def test_an_ensemble_takes_no_tools(client, mock):
    """Tools are refused with advice before anybody is asked."""
    with pytest.raises(openai.BadRequestError, match="single model") as caught:
        await client.chat.completions.create(model="ultra/consensus", messages=SUM, tools=[WEATHER])
    assert caught.value.param == "tools"
    assert mock.requests() == []


async def test_an_unhurt_request_id_comes_back(client):
    """The caller's own request id is kept."""
    answer = await client.chat.completions.create(
        model="acme/alpha", messages=SUM, extra_headers={"x-request-id": "my-own-request-1"}
    )
    assert answer._request_id == "my-own-request-1"


async def test_synchronous_client(ultra, mock):
    """The blocking client works the same: whole, streamed, and when it fails."""

    def ask() -> tuple[str, str]:
        with openai.OpenAI(api_key=ultra.key, base_url=f"{ultra.url}/v1", max_retries=0) as client:
            whole = client.chat.completions.create(model="acme/alpha", messages=SUM)
            with client.chat.completions.stream(model="ultra/consensus", messages=SUM) as stream:
                streamed = stream.get_final_completion()
            with pytest.raises(openai.NotFoundError):
                client.chat.completions.create(model="acme/no-such-model", messages=SUM)
        return whole.choices[0].message.content, streamed.choices[0].message.content

    whole, streamed = await asyncio.to_thread(ask)
    assert whole.endswith("Answer: 391")
    assert streamed.endswith("Answer: 391")


async def test_a_client_that_retries_finds_nothing_spent_twice(ultra, mock):
    """Where repeating cannot help, the client's own retries stay away."""
    async with AsyncOpenAI(api_key=ultra.key, base_url=f"{ultra.url}/v1", max_retries=2) as client:
        with pytest.raises(openai.RateLimitError):
            await client.chat.completions.create(model="faulty/mock-quota-1", messages=SUM)
        with pytest.raises(openai.InternalServerError):
            await client.chat.completions.create(model="locked/mock-bad-key", messages=SUM)
    assert len(mock.requests("mock-quota-1")) == 1
    assert len(mock.requests("mock-bad-key")) == 1
