"""Traces of a running server, as a collector gets them."""

import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.fakes.collector import Collector, Received, collector
from tests.journeys.programs import Mock, UltraProcess, fetch, mock_process, ultra_process, until

SECRET = "what-nobody-may-read-in-a-span"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
PARENT = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}


@pytest.fixture(scope="module")
def kept() -> Iterator[Collector]:
    """Run a collector."""
    with collector() as found:
        yield found


@pytest.fixture(scope="module")
def mock() -> Iterator[Mock]:
    """Run a mock."""
    with mock_process() as found:
        yield found


@pytest.fixture(scope="module")
def ultra(kept: Collector, mock: Mock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[UltraProcess]:
    """Serve, with an endpoint and no trusted proxy."""
    settings = {"ULTRA_OTEL_ENDPOINT": kept.url, "ULTRA_OTEL_HEADERS": "x-collector-key=open-sesame"}
    with ultra_process(tmp_path_factory.mktemp("ultra"), mock, settings=settings) as process:
        yield process


def asked(ultra: UltraProcess, model: str, headers: dict[str, str] | None = None) -> str:
    """Ask a model about something secret and return the request's id."""
    body = b'{"model": "%s", "messages": [{"role": "user", "content": "%s"}], "max_tokens": 50}'
    request = urllib.request.Request(
        f"{ultra.url}/v1/chat/completions",
        data=body % (model.encode(), SECRET.encode()),
        headers={
            "authorization": f"Bearer {ultra.key}",
            "content-type": "application/json",
            **(headers or {}),
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=60) as reply:
            return str(reply.headers["x-request-id"])
    except urllib.error.HTTPError as error:
        with error:
            return str(error.headers["x-request-id"])


def served(kept: Collector, request_id: str) -> Received:
    """Return the span of that request, once it has come."""

    def found() -> Received | None:
        spans = kept.named("POST /v1/chat/completions")
        return next((each for each in spans if each.attributes["ultra.request.id"] == request_id), None)

    span: Received = until(found, patience=60, what="the span of the request")
    return span


def child(kept: Collector, parent: Received) -> Received:
    """Return the one span inside another."""
    (found,) = [each for each in kept.spans if each.parent == parent.id]
    return found


def test_a_request_its_completion_and_its_call(kept: Collector, ultra: UltraProcess) -> None:
    """One inside the other, with the names that the conventions give; the process and its headers are told too."""
    request = served(kept, asked(ultra, "acme/alpha"))
    assert (request.kind, request.parent) == ("SERVER", "")
    assert request.attributes["http.response.status_code"] == 200
    completion = child(kept, request)
    assert (completion.name, completion.trace) == ("completion acme/alpha", request.trace)
    assert completion.attributes["ultra.attempts"] == 1
    call = child(kept, completion)
    assert (call.name, call.kind) == ("chat alpha", "CLIENT")
    known: dict[str, Any] = call.attributes
    assert known["gen_ai.operation.name"] == "chat"
    assert known["gen_ai.provider.name"] == "acme"
    assert known["gen_ai.request.max_tokens"] == 50
    assert known["gen_ai.response.finish_reasons"] == ["length"]
    assert known["gen_ai.usage.input_tokens"] > 0
    assert known["gen_ai.response.time_to_first_chunk"] > 0
    assert kept.resource["service.name"] == "ultra"
    assert kept.headers[-1]["x-collector-key"] == "open-sesame"


def test_a_failure_names_its_kind_and_every_attempt(kept: Collector, ultra: UltraProcess, mock: Mock) -> None:
    """Each attempt is a span of its own; none repeats the vendor's words."""
    mock.arm("server-error", model="beta")
    try:
        request = served(kept, asked(ultra, "acme/beta"))
    finally:
        mock.disarm()
    assert (request.is_error, request.attributes["http.response.status_code"]) == (True, 502)
    completion = child(kept, request)
    assert completion.attributes["error.type"] == "upstream_failed"
    calls = [each for each in kept.spans if each.parent == completion.id]
    assert len(calls) == completion.attributes["ultra.attempts"] > 1
    assert {each.attributes["error.type"] for each in calls} == {"upstream_failed"}


def test_a_run_is_a_trace_with_its_stages(kept: Collector, ultra: UltraProcess) -> None:
    """Each stage has the calls that were made in it."""
    body = {"prompt": SECRET, "models": ["acme/alpha", "acme/gamma"], "flow": "council"}
    status, run = fetch(f"{ultra.url}/api/analyze", method="POST", body=body)
    assert status == 200, run

    def found() -> Received | None:
        spans = kept.named("invoke_workflow consensus")
        return next((each for each in spans if each.attributes["ultra.run.id"] == run["id"]), None)

    conducted: Received = until(found, patience=60, what="the span of the run")
    assert (conducted.parent, conducted.attributes["ultra.run.status"]) == ("", run["status"])
    stages = [each for each in kept.spans if each.parent == conducted.id]
    assert {each.name for each in stages} >= {"stage answer", "stage synthesis"}
    (first,) = [each for each in stages if each.name == "stage answer"]
    assert first.attributes["ultra.stage.answered"] == 2
    inside = [each for each in kept.spans if each.parent == first.id]
    assert sorted(each.name for each in inside) == ["completion acme/alpha", "completion acme/gamma"]


def test_whoever_asks_cannot_choose_the_trace(kept: Collector, ultra: UltraProcess) -> None:
    """A trace that somebody else than a trusted proxy names is not joined."""
    assert served(kept, asked(ultra, "acme/alpha", PARENT)).trace != TRACE


def test_a_trusted_proxy_may_carry_a_trace_on_and_no_vendor_sees_it(
    kept: Collector, mock: Mock, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The request's span is the child of the proxy's; upstream nothing tells of any trace."""
    settings = {"ULTRA_OTEL_ENDPOINT": kept.url, "ULTRA_TRUSTED_PROXIES": "127.0.0.0/8"}
    with ultra_process(tmp_path_factory.mktemp("behind"), mock, settings=settings) as process:
        mock.reset()
        request = served(kept, asked(process, "acme/alpha", PARENT))
    assert (request.trace, request.parent) == (TRACE, "00f067aa0ba902b7")
    (upstream,) = mock.requests("alpha")
    assert "traceparent" not in {name.lower() for name in upstream["headers"]}


def test_no_span_says_what_was_asked(kept: Collector) -> None:
    """Not a word of a prompt, and no key, is among all the bytes that were sent."""
    assert kept.spans
    assert SECRET.encode() not in kept.raw
    assert b"key-for-acme" not in kept.raw
