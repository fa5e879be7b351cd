"""Servers with OpenAI's wire, as rows of data."""

import json

import pytest

from tests.fakes.raw_server import SSE, answer
from ultra.domain.chat import ChatRequest, Message, Sampling, Text, Tool, ToolChoice
from ultra.domain.errors import NotFound, UpstreamRefusedKey
from ultra.providers import ROWS, Compatible, row_for

ASK = ChatRequest(
    "m",
    (Message("user", (Text("Hi"),)),),
    instructions=(Text("Be brief."),),
    max_output_tokens=9,
    sampling=Sampling(seed=1, top_k=2),
    tools=(Tool("f"),),
    tool_choice=ToolChoice("required"),
)
END = b'data: {"id":"1","choices":[{"index":0,"delta":{"content":"x"},"finish_reason":"stop"}]}\n\n'


def test_knows_the_servers_by_name():
    """Every server has its row, remote ones by https and with a key."""
    assert set(ROWS) == {
        "ollama",
        "vllm",
        "llamacpp",
        "groq",
        "mistral",
        "deepseek",
        "xai",
        "openrouter",
        "together",
    }
    for row in ROWS.values():
        assert row.base_url.startswith("https://" if row.key_setting else "http://127.0.0.1:")


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("ollama", {"max_tokens": 9, "seed": 1, "stream_options": {"include_usage": True}, "tool_choice": "required"}),
        ("llamacpp", {"max_tokens": 9, "seed": 1, "top_k": 2}),
        ("groq", {"max_completion_tokens": 9}),
        ("mistral", {"max_tokens": 9, "random_seed": 1, "tool_choice": "any"}),
        ("deepseek", {"max_tokens": 9}),
    ],
)
def test_writes_each_server_s_dialect(pure, name, fields):
    """Fields have the names of the row, and instructions are said as `system`."""
    call, _ = pure(Compatible, row=ROWS[name]).encode(ASK)
    body = json.loads(call.body)
    assert body["messages"][0] == {"role": "system", "content": "Be brief."}
    assert {key: body[key] for key in fields} == fields
    assert ("stream_options" in body) is (name != "mistral")


async def test_a_server_at_home_needs_no_key(make, server, listen):
    """Without a key no authorization is sent; one that is given is sent all the same."""
    keys = iter([None, "given"])
    provider = make(Compatible, row=ROWS["ollama"], key=lambda: next(keys))
    for _ in range(2):
        server.plan(SSE + END)
        events, error = await listen(provider, ASK)
        assert (error, events[0].provider) == (None, "ollama")
    assert ["authorization: Bearer given" in head for head, _ in server.requests] == [False, True]


async def test_a_remote_server_needs_its_key(make, listen):
    """The hint names the setting of the row, unless another is given."""
    for more, hint in (({"key_hint": ""}, "Set GROQ_API_KEY."), ({}, "Set THE_KEY.")):
        _, error = await listen(make(Compatible, row=ROWS["groq"], key=lambda: None, **more), ASK)
        assert (type(error), error.hint) == (UpstreamRefusedKey, hint)


async def test_any_base_url_is_a_server(make, server, listen):
    """A server known only by its address has a name of its own, in events and errors."""
    row = row_for("cellar", f"{server.base_url}/api/v1")
    provider = make(Compatible, row=row, base_url=None)
    server.plan(answer(404, b'{"error":"model \\"m\\" not found"}'))
    _, error = await listen(provider, ASK)
    assert (type(error), error.provider, error.code) == (NotFound, "cellar", "model_not_found")
    assert error.message == 'cellar answered 404: model "m" not found'
    assert server.requests[0][0].startswith("POST /api/v1/chat/completions ")


def test_options_are_those_of_the_server_s_name(pure):
    """A vendor's own fields are looked up by the name the server has here."""
    provider = pure(Compatible, row=row_for("cellar", "http://127.0.0.1:1/v1"), name="attic")
    request = ChatRequest("m", ASK.messages, provider_options={"attic": {"min_p": 0.1}, "cellar": {"x": 1}})
    body = json.loads(provider.encode(request)[0].body)
    assert (body["min_p"], "x" in body) == (0.1, False)
