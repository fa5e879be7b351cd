"""Every fault of a vendor, through `/v1` and through runs: repeated, passed on or told, and never called complete."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

import pytest

from tests.faults.listening import Listener
from tests.journeys.programs import MODELS, Mock, UltraProcess, fetch, mock_process, provider_toml, ultra_process

Kind: TypeAlias = Literal["repeated", "passed on", "told", "broken", "borne"]
"""What becomes of a fault.

repeated   the same model is asked again, then the next candidate
passed on  asking this model again cannot help: the next candidate is asked at once
told       no model could do better: the caller hears it at once
broken     words of this answer are out already: it ends as incomplete, and nobody else continues it
borne      the answer is whole all the same
"""
ATTEMPTS = 2
SETTINGS = {
    "ULTRA_RETRY_ATTEMPTS": str(ATTEMPTS),
    "ULTRA_FIRST_BYTE_TIMEOUT_S": "2.5",
    "ULTRA_IDLE_TIMEOUT_S": "2.5",
}
OPEN = "Why is the sky blue?"


@dataclass(frozen=True, slots=True)
class Fault:
    """A scenario of the mock with what is to become of it; `code` is the reason to stop where the fault is borne."""

    scenario: str
    kind: Kind
    status: int
    code: str


FAULTS = [
    Fault("status-500", "repeated", 502, "upstream_failed"),
    Fault("status-503", "repeated", 503, "overloaded"),
    Fault("status-418", "told", 400, "invalid_value"),
    Fault("bad-key", "passed on", 502, "upstream_refused_key"),
    Fault("forbidden", "passed on", 502, "upstream_refused_key"),
    Fault("not-found", "passed on", 404, "model_not_found"),
    Fault("retired", "passed on", 404, "model_not_found"),
    Fault("too-large", "told", 413, "request_too_large"),
    Fault("context-too-long", "passed on", 400, "context_length_exceeded"),
    Fault("quota", "passed on", 429, "insufficient_quota"),
    Fault("rate-limit-300s", "passed on", 429, "rate_limit_exceeded"),
    Fault("rate-limit-seconds-30s", "passed on", 429, "rate_limit_exceeded"),
    Fault("rate-limit-ms-50ms", "repeated", 429, "rate_limit_exceeded"),
    Fault("rate-limit-date-30s", "passed on", 429, "rate_limit_exceeded"),
    Fault("rate-limit-bare", "repeated", 429, "rate_limit_exceeded"),
    Fault("overloaded", "repeated", 503, "overloaded"),
    Fault("unavailable", "repeated", 503, "overloaded"),
    Fault("server-error", "repeated", 502, "upstream_failed"),
    Fault("timeout", "repeated", 504, "timeout"),
    Fault("flaky-2", "repeated", 502, "upstream_failed"),
    Fault("html-502", "repeated", 502, "protocol_violated"),
    Fault("html-200", "repeated", 502, "protocol_violated"),
    Fault("empty-body", "repeated", 502, "truncated"),
    Fault("other-json", "repeated", 502, "protocol_violated"),
    Fault("reset-before-headers", "repeated", 502, "network_failed"),
    Fault("reset-after-headers", "repeated", 502, "truncated"),
    Fault("slow-start", "repeated", 504, "timeout"),
    Fault("silent", "repeated", 504, "timeout"),
    Fault("blocked", "told", 400, "invalid_value"),
    Fault("reset-mid-event-after-3", "broken", 502, "truncated"),
    Fault("close-mid-event-after-3", "broken", 502, "truncated"),
    Fault("half-utf8", "broken", 502, "truncated"),
    Fault("no-terminator", "broken", 502, "truncated"),
    Fault("stall-after-3", "broken", 504, "timeout"),
    Fault("error-in-stream-after-3", "broken", 503, "overloaded"),
    Fault("server-error-in-stream-after-3", "broken", 502, "upstream_failed"),
    Fault("invalid-json-after-3", "broken", 502, "protocol_violated"),
    Fault("empty-choices", "broken", 502, "truncated"),
    Fault("no-last-event", "borne", 200, "stop"),
    Fault("drip-0ms", "borne", 200, "stop"),
    Fault("unknown-event-after-3", "borne", 200, "stop"),
    Fault("unknown-field", "borne", 200, "stop"),
    Fault("unknown-finish", "borne", 200, "stop"),
    Fault("no-usage", "borne", 200, "stop"),
    Fault("huge-event", "borne", 200, "stop"),
    Fault("keepalives", "borne", 200, "stop"),
    Fault("odd-framing", "borne", 200, "stop"),
    Fault("refusal", "borne", 200, "stop"),
    Fault("filtered", "borne", 200, "content_filter"),
    Fault("cut-at-limit", "borne", 200, "length"),
]
USES = ("whole", "stream", "alias", "run")
"""How each fault is met; each with a provider of its own, because what a provider did is remembered."""
BY_NAME = pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.scenario)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of one use of a fault: the answer, and how often the faulty model was asked."""

    status: int
    heard: bytes
    attempts: int

    @property
    def json(self) -> Any:
        return json.loads(self.heard)

    @property
    def events(self) -> list[bytes]:
        """The data of a stream's events."""
        return [each[6:] for each in self.heard.split(b"\n\n") if each.startswith(b"data: ")]


def model(use: str, fault: Fault) -> str:
    """Return the faulty model for a use, by its full name."""
    return f"{use}-{fault.scenario}/mock-{fault.scenario}"


@pytest.fixture(scope="module")
def running_mock() -> Iterator[Mock]:
    """Start a mock with a provider for every use of every fault."""
    faulty = {f"{use}-{fault.scenario}": [] for fault in FAULTS for use in USES}
    with mock_process(models={**MODELS, **faulty}) as mock:
        yield mock


@pytest.fixture(scope="module")
def ultra(running_mock: Mock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[UltraProcess]:
    """Start Ultra with an alias for every fault whose second candidate is sound."""
    toml = "[aliases]\n"
    for fault in FAULTS:
        toml += f'"via-{fault.scenario}" = ["{model("alias", fault)}", "acme/alpha"]\n'
    for fault in FAULTS:
        for use in USES:
            toml += provider_toml(running_mock, f"{use}-{fault.scenario}", [f"mock-{fault.scenario}"])
    with ultra_process(tmp_path_factory.mktemp("ultra"), running_mock, toml=toml, settings=SETTINGS) as process:
        yield process


@pytest.fixture(scope="module")
def outcomes(ultra: UltraProcess, running_mock: Mock) -> dict[tuple[str, str], Outcome]:
    """Meet every fault in every use, several at a time."""
    pairs = [(use, fault) for fault in FAULTS for use in USES]
    with ThreadPoolExecutor(4) as threads:
        answers = list(threads.map(lambda pair: met(ultra, *pair), pairs))
    attempts = Counter(request["provider"] for request in running_mock.requests())
    return {
        (use, fault.scenario): Outcome(*answer, attempts[f"{use}-{fault.scenario}"])
        for (use, fault), answer in zip(pairs, answers, strict=True)
    }


def met(ultra: UltraProcess, use: str, fault: Fault) -> tuple[int, bytes]:
    """Ask the faulty model, alone, streaming, under an alias, or as one of a panel of three."""
    asked = f"via-{fault.scenario}" if use == "alias" else model(use, fault)
    if use == "run":
        path, body = "/api/analyze", {"prompt": OPEN, "models": [asked, "acme/beta", "acme/gamma"]}
    else:
        path, body = "/v1/chat/completions", {"model": asked, "messages": [{"role": "user", "content": OPEN}]}
        body["stream"] = use == "stream"
    listener = Listener(ultra.url + path, body).to_the_end()
    assert listener.ended == "whole", fault
    return listener.status or 0, listener.heard


def of(outcomes: dict[tuple[str, str], Outcome], use: str, fault: Fault) -> Outcome:
    """Return the outcome of one use."""
    return outcomes[use, fault.scenario]


@BY_NAME
def test_a_single_model(outcomes, fault):
    """A fault is repeated only where that can help, and told with its own status and code."""
    found = of(outcomes, "whole", fault)
    assert found.status == fault.status, found.heard
    assert found.attempts == (ATTEMPTS if fault.kind == "repeated" else 1)
    if fault.kind == "borne":
        (choice,) = found.json["choices"]
        assert choice["finish_reason"] == fault.code
        assert choice["message"]["content"] or choice["message"]["refusal"]
    else:
        assert found.json["error"]["code"] == fault.code
        assert found.json["error"]["message"]


@BY_NAME
def test_a_stream(outcomes, fault):
    """A fault before the first word has its status; one after it is the stream's last event; what is whole says so."""
    found = of(outcomes, "stream", fault)
    if fault.kind == "borne":
        assert found.events[-1] == b"[DONE]"
        assert json.loads(found.events[-2])["choices"][0]["finish_reason"] == fault.code
    elif fault.kind == "broken":
        assert found.status == 200
        assert json.loads(found.events[-1])["error"]["code"] == fault.code
        reasons = [json.loads(event)["choices"][0]["finish_reason"] for event in found.events[:-1]]
        assert set(reasons) == {None}
        assert b"[DONE]" not in found.heard
    else:
        assert found.status == fault.status
        assert found.json["error"]["code"] == fault.code


@BY_NAME
def test_an_alias(outcomes, fault):
    """The next candidate answers where it may: not once words are out, and not what no model could answer."""
    found = of(outcomes, "alias", fault)
    if fault.kind in ("repeated", "passed on"):
        assert found.status == 200, found.heard
        assert found.json["model"] == found.json["ultra"]["model"] == "acme/alpha"
        assert [each["model"] for each in found.json["ultra"]["passed_over"]] == [model("alias", fault)]
        assert found.json["ultra"]["attempts"] == found.attempts + 1
    elif fault.kind == "borne":
        assert found.json["model"] == model("alias", fault)
    else:
        assert (found.status, found.json["error"]["code"]) == (fault.status, fault.code)


WHOLE = {"borne": "complete"}
CUT = {"filtered": "partial", "cut-at-limit": "partial", "huge-event": "unsynthesised"}
"""Borne, and yet not complete: an answer that is cut off, and one too large for anybody to be paid to read."""


@BY_NAME
def test_a_run_of_three(outcomes, fault):
    """Two sound members carry the run; what is incomplete is never called complete, what is whole is never lost."""
    found = of(outcomes, "run", fault)
    run = found.json
    assert found.status == 200, run
    assert run["status"] == CUT.get(fault.scenario, WHOLE.get(fault.kind, "partial"))
    assert (run["answered"], run["asked"]) == (3 if fault.kind == "borne" else 2, 3)
    first = {each["model"]: each for each in run["answers"] if each["stage"] == "answer"}
    member = first[model("run", fault)]
    assert member["status"] == ("ok" if fault.kind == "borne" else "failed")
    assert member["cut"] is (fault.scenario in ("filtered", "cut-at-limit"))
    assert bool(member["error_kind"]) is (fault.kind != "borne")
    assert all(first[sound]["status"] == "ok" and first[sound]["text"] for sound in ("acme/beta", "acme/gamma"))
    if run["status"] != "complete":
        assert any(model("run", fault) in warning or "No synthesis" in warning for warning in run["warnings"])
    if fault.kind == "broken" and fault.scenario != "empty-choices":
        assert member["text"], "The words that came are kept beside the failure."
    assert run["text"]


def test_the_table_is_whole(running_mock):
    """Every scenario of the mock has its row here, or a reason not to."""
    known = {each["name"] for each in fetch(f"{running_mock.url}/control/scenarios")[1]["scenarios"]}
    elsewhere = {
        "normal",
        "status",  # with its number
        "flaky",  # below: the second attempt succeeds
        "rate-limit-skewed", "rate-limit-reset", "rate-limit-rfc3339",  # reading delays: tests of the providers
        "duplicate-tool-ids", "invalid-tool-args",  # below, with tools
    }  # fmt: skip
    covered = {name for name in known for fault in FAULTS if is_named(fault.scenario, name, known)}
    assert known - covered == elsewhere - {"status", "flaky"}


def is_named(scenario: str, name: str, known: Sequence[str] | set[str]) -> bool:
    """Say whether a scenario with its numbers is that one, and not a longer one."""
    words = scenario.split("-")
    longest = next("-".join(words[:length]) for length in range(len(words), 0, -1) if "-".join(words[:length]) in known)
    return longest == name


VENDORS = {"anthropic": "claude-fable-5-2", "gemini": "gemini-4-argon"}
ELSEWHERE = [fault for fault in FAULTS if fault.kind == "broken" and fault.scenario != "empty-choices"]


@pytest.mark.parametrize("fault", ELSEWHERE, ids=lambda fault: fault.scenario)
@pytest.mark.parametrize("vendor", VENDORS)
def test_a_break_on_every_wire(ultra, running_mock, vendor, fault):
    """On the other vendors' wires too an answer that breaks off is never told as whole."""
    running_mock.reset()
    running_mock.arm(fault.scenario, provider=vendor, model=VENDORS[vendor], times=1)
    body = {
        "model": f"{vendor}/{VENDORS[vendor]}",
        "messages": [{"role": "user", "content": OPEN}],
        "stream": True,
    }
    heard = Listener(f"{ultra.url}/v1/chat/completions", body).to_the_end().heard
    last = [each for each in heard.split(b"\n\n") if each.startswith(b"data: ")][-1]
    assert json.loads(last[6:])["error"]["code"] == fault.code
    assert b"[DONE]" not in heard
    body["stream"] = False
    sound = Listener(f"{ultra.url}/v1/chat/completions", body).to_the_end()
    assert sound.status == 200, sound.heard


def test_the_second_attempt_succeeds(ultra, running_mock):
    """A single hiccup costs the caller nothing but the wait."""
    running_mock.reset()
    running_mock.arm("server-error", provider="acme", model="delta", times=1)
    body = {"model": "acme/delta", "messages": [{"role": "user", "content": OPEN}]}
    answer = Listener(f"{ultra.url}/v1/chat/completions", body).to_the_end().json
    assert answer["ultra"]["attempts"] == len(running_mock.requests("delta")) == 2
    assert answer["choices"][0]["finish_reason"] == "stop"


@pytest.mark.parametrize("scenario", ["duplicate-tool-ids", "invalid-tool-args"])
def test_strange_tool_calls_are_passed_on(ultra, running_mock, scenario):
    """Calls that a model made badly reach the caller so that its own checks see them, under ids that differ."""
    running_mock.reset()
    running_mock.arm(scenario, provider="acme", model="gamma", times=1)
    tool = {"type": "function", "function": {"name": "get_weather", "parameters": {"type": "object"}}}
    body = {
        "model": "acme/gamma",
        "messages": [{"role": "user", "content": "What is the weather in Paris?"}],
        "tools": [tool],
    }
    answer = Listener(f"{ultra.url}/v1/chat/completions", body).to_the_end()
    assert answer.status == 200, answer.heard
    calls = answer.json["choices"][0]["message"]["tool_calls"]
    assert {call["function"]["name"] for call in calls} == {"get_weather"}
    assert len({call["id"] for call in calls}) == len(calls), calls
    assert answer.json["choices"][0]["finish_reason"] == "tool_calls"


REASONS = {
    "status-500": "server_error", "status-503": "overloaded", "server-error": "server_error",
    "overloaded": "overloaded", "unavailable": "overloaded", "bad-key": "auth_failed", "forbidden": "region_blocked",
    "not-found": "model_not_found", "retired": "model_not_found", "quota": "quota_exhausted",
    "rate-limit-300s": "rate_limited", "timeout": "timeout", "slow-start": "timeout", "silent": "timeout",
    "stall-after-3": "timeout", "html-200": "protocol_error", "other-json": "protocol_error",
    "invalid-json-after-3": "protocol_error", "reset-before-headers": "network",
    "too-large": None, "context-too-long": None, "blocked": None, "refusal": None,
}  # fmt: skip
"""What the list of models says of a model after a fault; None: the fault was the request's, and the model is well."""


@pytest.mark.parametrize("scenario", REASONS)
def test_the_list_of_models_tells_why(ultra, outcomes, scenario):
    """After a fault the list says whether the model can be asked, and if not, why."""
    items = {each["id"]: each for each in ultra.get("/api/available-models?include=retired")["models"]}
    found = items[f"whole-{scenario}/mock-{scenario}"]["availability"]
    assert found["reason"] == REASONS[scenario], found
    assert (found["state"] == "available") is (REASONS[scenario] is None)
