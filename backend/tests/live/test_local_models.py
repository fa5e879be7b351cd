"""A real model server behind `compatible`: single, streamed, cancelled, and in a run beside a mock."""

import json
import socket
import time
from collections.abc import Iterator

import openai
import pytest

from tests.journeys.programs import Mock, UltraProcess, fetch, mock_process, ultra_process, until
from tests.live.model_server import gemma, model_server, smollm2

pytestmark = [pytest.mark.live, pytest.mark.timeout(600)]

TOML = """
[aliases]
tiny = ["small/nobody-has-this", "small/smollm2"]

[[providers]]
name = "small"
preset = "llamacpp"
base_url = "{small}"
private = true
models = ["smollm2"]

[[providers]]
name = "base"
preset = "llamacpp"
base_url = "{base}"
private = true
models = ["gemma"]
"""


@pytest.fixture(scope="module")
def mock() -> Iterator[Mock]:
    """Start a mock of the vendors beside the real models."""
    with mock_process() as running:
        yield running


@pytest.fixture(scope="module")
def ultra(mock: Mock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[UltraProcess]:
    """Start Ultra with two real local models and the mock."""
    folder = tmp_path_factory.mktemp("live")
    with (
        model_server(smollm2(), alias="smollm2", port=_free_port(), log=folder / "smollm2.log") as small,
        model_server(gemma(folder), alias="gemma", port=_free_port(), log=folder / "gemma.log") as base,
        ultra_process(folder, mock, toml=TOML.format(small=small, base=base)) as process,
    ):
        yield process


def client(ultra: UltraProcess) -> openai.OpenAI:
    """Return the official client, unmodified."""
    return openai.OpenAI(base_url=f"{ultra.url}/v1", api_key=ultra.key, max_retries=0)


def ask(**more: object) -> dict[str, object]:
    """Return a question that even a very small model answers."""
    question = {"role": "user", "content": "What is the capital of France? Answer in one word."}
    return {"messages": [question], "max_tokens": 24, "temperature": 0, "seed": 1, **more}


def test_a_single_answer(ultra: UltraProcess) -> None:
    """A real model answers, counts its tokens, and costs nothing because it is one's own."""
    answer = client(ultra).chat.completions.create(model="small/smollm2", **ask())
    assert "Paris" in answer.choices[0].message.content
    assert answer.usage.completion_tokens > 0
    assert answer.model_extra["ultra"]["cost_usd"] in ("0", "0.000000")


def test_a_streamed_answer(ultra: UltraProcess) -> None:
    """The same question streamed gives the same text, in several pieces, and its usage at the end."""
    whole = client(ultra).chat.completions.create(model="small/smollm2", **ask())
    stream = client(ultra).chat.completions.create(
        model="small/smollm2", stream=True, stream_options={"include_usage": True}, **ask()
    )
    chunks = list(stream)
    text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
    assert text == whole.choices[0].message.content
    assert chunks[-1].usage.completion_tokens == whole.usage.completion_tokens


def test_an_alias_falls_back_to_a_real_model(ultra: UltraProcess) -> None:
    """A candidate that the server does not have is passed over."""
    answer = client(ultra).chat.completions.create(model="tiny", **ask())
    assert answer.choices[0].message.content


def test_a_schema_is_obeyed(ultra: UltraProcess) -> None:
    """Structured output reaches the model server, which enforces it."""
    schema = {
        "type": "object",
        "properties": {"capital": {"type": "string"}},
        "required": ["capital"],
        "additionalProperties": False,
    }
    answer = client(ultra).chat.completions.create(
        model="small/smollm2",
        response_format={"type": "json_schema", "json_schema": {"name": "place", "schema": schema}},
        **ask(max_tokens=60),
    )
    assert set(json.loads(answer.choices[0].message.content)) == {"capital"}


def test_a_client_that_leaves_stops_the_model(ultra: UltraProcess) -> None:
    """After the client has left, the model server is idle again long before the answer would have ended."""
    story = {"messages": [{"role": "user", "content": "Tell a very long story."}], "max_tokens": 3000}
    stream = client(ultra).chat.completions.create(model="small/smollm2", stream=True, **story)
    for _, _chunk in zip(range(3), stream, strict=False):
        pass
    stream.close()
    left = time.monotonic()
    log = ultra.folder / "smollm2.log"
    until(lambda: "cancel task" in log.read_text(errors="replace"), patience=5, what="the model server lets go")
    assert time.monotonic() - left < 5


def test_a_run_beside_a_mock(ultra: UltraProcess) -> None:
    """Two real models and a mock make a panel; everybody's words are in the run, and it has a verdict."""
    status, run = fetch(
        f"{ultra.url}/api/analyze",
        method="POST",
        body={
            "prompt": "What is the capital of France?",
            "models": ["small/smollm2", "base/gemma", "openai/gpt-6-astra"],
            "flow": "adaptive",
            "deadline_s": 120,
        },
        timeout=180,
    )
    assert status == 200, run
    assert run["asked"] == 3
    answered = {each["model"] for each in run["answers"] if each["status"] == "ok"}
    assert {"small/smollm2", "openai/gpt-6-astra"} <= answered
    assert run["text"]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
