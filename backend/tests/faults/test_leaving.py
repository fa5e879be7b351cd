"""SIGTERM: streams finish or say why within the grace, nothing new begins, and nothing acknowledged is lost."""

import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.faults.listening import Listener
from tests.journeys.programs import UltraProcess, fetch, mock_process, ultra_process, until

GRACE_S = 3
OPEN = "Why is the sky blue?"


@dataclass
class Evening:
    """What everybody heard of a process that was told to leave."""

    heard: dict[str, Listener] = field(default_factory=dict)
    outcomes: dict[str, list[str]] = field(default_factory=dict)
    newcomers: dict[str, Listener] = field(default_factory=dict)
    exit_code: int | None = None
    seconds: float = 0.0
    log: str = ""
    resumed: dict[str, Any] = field(default_factory=dict)
    interrupted: dict[str, Any] = field(default_factory=dict)


def chat(ultra: UltraProcess, model: str, *, stream: bool) -> Listener:
    """Ask for a completion and stay on the line."""
    body = {"model": model, "messages": [{"role": "user", "content": OPEN}], "stream": stream}
    return Listener(f"{ultra.url}/v1/chat/completions", body)


@pytest.fixture(scope="module")
def evening(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evening]:
    """Open streams and runs of every kind, send SIGTERM, listen to the end, and start again."""
    folder, found = tmp_path_factory.mktemp("ultra"), Evening()
    models = {"acme": ["alpha", "beta", "gamma", "delta"], "openai": ["gpt-6-astra"], "gemini": ["gemini-4-argon"]}
    settings = {"ULTRA_SHUTDOWN_GRACE_S": str(GRACE_S)}
    toml = '[panels]\ndefault = ["gemini/gemini-4-argon"]\n'
    with mock_process(models=models) as mock:
        mock.arm("stall-after-2-1s", model="alpha", times=1)
        for endless in ("beta", "gamma", "delta", "gpt-6-astra", "gemini-4-argon"):
            mock.arm("stall-after-2-600s", model=endless, times=1)
        with ultra_process(folder, mock, toml=toml, settings=settings) as ultra:
            found.heard = {
                "short": chat(ultra, "acme/alpha", stream=True),
                "endless": chat(ultra, "acme/beta", stream=True),
                "whole": chat(ultra, "acme/gamma", stream=False),
                "ensemble": chat(ultra, "ultra/consensus", stream=True),
                "run": Listener(
                    f"{ultra.url}/api/analyze", {"prompt": OPEN, "models": ["acme/delta"]}, accept="text/event-stream"
                ),
                "awaited": Listener(f"{ultra.url}/api/analyze", {"prompt": OPEN, "models": ["openai/gpt-6-astra"]}),
            }
            until(lambda: mock.outcomes().count("open") == 6, patience=60, what="six calls in flight")
            for streaming, sign in {"short": b'"content"', "endless": b'"content"', "run": b"answer.started"}.items():
                found.heard[streaming].hears(sign)
            ultra.signal(signal.SIGTERM)
            told_at = time.monotonic()
            found.newcomers = newcomers(ultra)
            found.exit_code = ultra.ended()
            found.seconds = time.monotonic() - told_at
            found.log = ultra.log()
            for listener in (*found.heard.values(), *found.newcomers.values()):
                listener.to_the_end()
            models = {each["model"] for each in mock.requests()}
            until(lambda: "open" not in mock.outcomes(), patience=20, what="every upstream call closed")
            found.outcomes = {model: mock.outcomes(model) for model in models}
        with ultra_process(folder, mock, toml=toml, settings=settings) as ultra:
            place = found.heard["run"].headers["location"]
            until(lambda: ultra.get(place)["status"] == "complete", patience=30, what="the run resumed at once")
            found.resumed = ultra.get(place)
            lines = ultra.get("/api/analyses")["data"]
            (found.interrupted,) = [each for each in lines if each["models"] == ["gemini/gemini-4-argon"]]
        yield found


def newcomers(ultra: UltraProcess) -> dict[str, Listener]:
    """Knock at every kind of door once the process says that it is not ready any more."""
    until(lambda: fetch(f"{ultra.url}/health/ready")[0] == 503, patience=GRACE_S - 1, what="no longer ready")
    body = {"model": "acme/alpha", "messages": [{"role": "user", "content": OPEN}]}
    found = {
        "completion": Listener(f"{ultra.url}/v1/chat/completions", body),
        "run": Listener(f"{ultra.url}/api/analyze", {"prompt": OPEN}),
        "probe": Listener(f"{ultra.url}/health/live"),
        "history": Listener(f"{ultra.url}/api/analyses"),
    }
    return {name: listener.to_the_end() for name, listener in found.items()}


def test_it_leaves_in_order(evening):
    """The process exits with 0, not long after its grace, and logs no fault of its own."""
    assert evening.exit_code == 0
    assert GRACE_S - 1 < evening.seconds < GRACE_S + 10
    assert "Traceback" not in evening.log


@pytest.mark.parametrize("which", ["completion", "run"])
def test_nobody_begins_anything(evening, which):
    """New work is refused at once, in the words of its wire, with when to ask again; the connection ends with it."""
    heard = evening.newcomers[which]
    assert (heard.status, heard.ended) == (503, "whole")
    assert (heard.headers["retry-after"], heard.headers["connection"]) == ("1", "close")
    assert b"shutting down" in heard.heard


@pytest.mark.parametrize("which", ["probe", "history"])
def test_everything_else_is_answered(evening, which):
    """Whoever only asks is answered while others still have their grace, once a connection."""
    heard = evening.newcomers[which]
    assert (heard.status, heard.ended) == (200, "whole")
    assert heard.headers["connection"] == "close"


def test_a_stream_that_can_end_ends(evening):
    """What takes less than the grace is delivered whole."""
    short = evening.heard["short"]
    assert short.heard.endswith(b"data: [DONE]\n\n")
    assert evening.outcomes["alpha"] == ["finished"]


@pytest.mark.parametrize("which", ["endless", "ensemble"])
def test_a_stream_that_cannot_end_says_why(evening, which):
    """What takes longer is told inside the stream, which then ends properly, without `[DONE]`."""
    listener = evening.heard[which]
    assert listener.ended == "whole"
    last = listener.heard.rstrip(b"\n").split(b"\n\n")[-1]
    assert b'"error"' in last
    assert b"shutting down" in last
    assert b"[DONE]" not in listener.heard


@pytest.mark.parametrize("which", ["whole", "awaited"])
def test_an_answer_that_cannot_come_says_why(evening, which):
    """Who waits for a whole answer hears 503, and when to come back."""
    listener = evening.heard[which]
    assert (listener.status, listener.ended) == (503, "whole")
    assert listener.headers["retry-after"] == "1"
    assert b"shutting down" in listener.heard


def test_upstream_calls_are_closed(evening):
    """No vendor goes on speaking to a process that has left."""
    cut = {model: outcomes for model, outcomes in evening.outcomes.items() if model != "alpha"}
    assert len(cut) == 5
    assert all(outcomes == ["client_left"] for outcomes in cut.values())


def test_a_run_is_handed_on(evening):
    """The watcher of a run hears that Ultra leaves; the run itself ends in the next process, at once."""
    heard = evening.heard["run"]
    assert heard.ended == "whole"
    assert heard.heard.rstrip(b"\n").split(b"\n\n")[-1].startswith(b'event: error\ndata: {"type":"shutting_down"')
    assert evening.resumed["status"] == "complete"
    assert evening.resumed["cost"]["possible_double_charge"] == 1


def test_an_ensemble_ends_with_its_client(evening):
    """An ensemble's run is not left unfinished, and not carried on for nobody."""
    assert evening.interrupted["status"] in ("failed", "cancelled")
    assert evening.interrupted["error"]
