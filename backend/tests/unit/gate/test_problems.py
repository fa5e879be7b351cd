"""Errors speak the protocol of their caller and never tell the inside."""

import json

import pytest
from fastapi.exceptions import RequestValidationError
from starlette.requests import Request

from tests.fakes.asgi import Exchange
from ultra.domain.errors import InvalidRequest, NotFound, RateLimited
from ultra.gate.problems import Problems, refuse_fields
from ultra.web.refusals import refusal


def raising(error: Exception) -> Problems:
    """Put the gate around a route that fails."""

    async def broken(scope, receive, send) -> None:
        raise error

    return Problems(broken, show_internals=False, page=refusal)


@pytest.mark.parametrize(
    ("path", "shape"),
    [
        ("/v1/chat/completions", {"error"}),
        ("/v1/messages", {"type", "error", "request_id"}),
        ("/gemini/v1beta/models/x:generateContent", {"error"}),
        ("/api/analyses", {"type", "title", "status", "detail", "code", "hint", "request_id", "param"}),
        ("/nowhere", {"type", "title", "status", "detail", "code", "hint", "request_id", "param"}),
    ],
)
async def test_each_wire_gets_its_shape(path: str, shape: set[str]) -> None:
    """The same error has the shape of the path's protocol, and its status."""
    exchange = await Exchange(path=path)(raising(NotFound("No such thing.", param="model")))
    assert exchange.status == 404
    assert set(json.loads(exchange.answer)) == shape


async def test_retry_after_is_a_header() -> None:
    """What the caller needs to act stands where clients look for it."""
    exchange = await Exchange(path="/v1/chat/completions")(raising(RateLimited("Slow down.", retry_after=7)))
    assert exchange.status == 429
    assert exchange.answer_headers["retry-after"] == "7"


@pytest.mark.parametrize("path", ["/v1/chat/completions", "/v1/messages", "/gemini/v1/models", "/api/analyses"])
async def test_own_faults_are_answered_without_their_inside(path: str, caplog: pytest.LogCaptureFixture) -> None:
    """A bug is a 500 that says nothing about itself; the log has it whole."""
    exchange = await Exchange(path=path)(raising(RuntimeError("secret inside")))
    assert exchange.status == 500
    assert b"secret inside" not in exchange.answer
    assert b"RuntimeError" not in exchange.answer
    assert "secret inside" in caplog.text


async def test_an_error_after_the_first_byte_changes_nothing() -> None:
    """Once a response has begun no second one is sent."""

    async def half(scope, receive, send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise NotFound("too late")

    exchange = await Exchange()(Problems(half, show_internals=False, page=refusal))
    assert [each["type"] for each in exchange.sent] == ["http.response.start"]
    assert exchange.scope["ultra.facts"] == {"error": "not_found"}


BROWSER = {"accept": "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"}


@pytest.mark.parametrize("path", ["/", "/sign-in", "/sign-out", "/nowhere"])
async def test_a_person_reads_a_page(path: str) -> None:
    """At the address of a page, or at none, a browser gets the same status, sentence and hint to read."""
    error = RateLimited("Too <many>.", hint="Wait.", retry_after=7)
    exchange = await Exchange(path=path, headers=BROWSER)(raising(error))
    assert (exchange.status, exchange.answer_headers["retry-after"]) == (429, "7")
    assert exchange.answer_headers["content-type"] == "text/html; charset=utf-8"
    assert "style-src 'self'" in exchange.answer_headers["content-security-policy"]
    assert int(exchange.answer_headers["content-length"]) == len(exchange.answer)
    for told in (b"Too &lt;many&gt;.", b"Wait.", b"req_test0001"):
        assert told in exchange.answer


async def test_a_page_tells_nothing_of_a_fault_of_ours() -> None:
    """A bug is a page too, without its inside."""
    exchange = await Exchange(path="/", headers=BROWSER)(raising(RuntimeError("secret inside")))
    assert exchange.status == 500
    assert b"<h1>" in exchange.answer
    assert b"secret inside" not in exchange.answer


@pytest.mark.parametrize("path", ["/api/keys", "/v1/models", "/health", "/static/x", "/openapi.json"])
async def test_programs_read_no_pages(path: str) -> None:
    """At the address of a program a browser reads what a program reads."""
    exchange = await Exchange(path=path, headers=BROWSER)(raising(NotFound("No.")))
    assert "json" in exchange.answer_headers["content-type"]


async def test_the_log_line_learns_what_went_wrong_and_where() -> None:
    """The error's word, the provider, and the limits of Ultra's own that said no."""
    exchange = await Exchange()(raising(RateLimited("Slow down.", provider="acme", violated=("tokens",))))
    assert exchange.scope["ultra.facts"] == {"error": "rate_limited", "provider": "acme", "limited": ["tokens"]}


async def test_many_bad_fields_are_counted() -> None:
    """An error names some of them, in short, and says how many more there are."""
    bad = [{"loc": ("body", f"{number:x>500}"), "msg": "Extra inputs are not permitted"} for number in range(50_000)]
    with pytest.raises(InvalidRequest) as caught:
        await refuse_fields(Request({"type": "http"}), RequestValidationError(bad))
    assert caught.value.message.endswith("; and 49980 more.")
    assert len(caught.value.message) < 3000
    assert len(caught.value.param or "") < 100


async def test_every_bad_field_is_named_with_its_place() -> None:
    """As callers write it; a few are named all."""
    bad = [{"loc": ("body", "context", 0, "name"), "msg": "Field required"}, {"loc": ("body",), "msg": "No object"}]
    with pytest.raises(InvalidRequest) as caught:
        await refuse_fields(Request({"type": "http"}), RequestValidationError(bad))
    assert caught.value.message == "The request is not valid. context[0].name: Field required; body: No object."
