"""Other sites' pages read nothing unless an operator names them."""

import pytest

from tests.fakes.asgi import Exchange
from ultra.gate.cors import Cors
from ultra.gate.headers import SecurityHeaders

SITE = "https://app.example"


async def inside(scope, receive, send) -> None:
    """Answer as a route without the method OPTIONS would."""
    status = 405 if scope["method"] == "OPTIONS" else 200
    await send({"type": "http.response.start", "status": status, "headers": []})


async def answer(method: str, *origins: str, credentials: bool = False, **headers: str) -> Exchange:
    """Send one request through the gate."""
    gate = SecurityHeaders(Cors(inside, origins=origins, credentials=credentials))
    return await Exchange(method, headers={name.replace("_", "-"): value for name, value in headers.items()})(gate)


def shared(exchange: Exchange) -> dict[str, str]:
    """Return what the answer says about other sites."""
    return {name: value for name, value in exchange.answer_headers.items() if name.startswith("access-control")}


PREFLIGHT = {"access_control_request_method": "POST", "access_control_request_headers": "content-type"}


@pytest.mark.parametrize("origin", [SITE, "null", "https://evil.example"])
async def test_it_is_closed_by_default(origin: str) -> None:
    """Without a setting no site may read, and a preflight finds no method OPTIONS."""
    assert shared(await answer("GET", origin=origin)) == {}
    refused = await answer("OPTIONS", origin=origin, **PREFLIGHT)
    assert (refused.status, shared(refused)) == (405, {})


async def test_a_named_site_may_read_and_ask() -> None:
    """Its answers are marked for it alone, and its preflights are answered without asking a route."""
    exchange = await answer("GET", SITE, origin=SITE)
    assert shared(exchange)["access-control-allow-origin"] == SITE
    assert "access-control-allow-credentials" not in shared(exchange)
    assert exchange.answer_headers["vary"] == "Origin"
    preflight = await answer("OPTIONS", SITE, origin=SITE, **PREFLIGHT)
    assert preflight.status == 204
    assert "POST" in shared(preflight)["access-control-allow-methods"]
    assert "authorization" in shared(preflight)["access-control-allow-headers"]


@pytest.mark.parametrize(
    "origin",
    ["https://evil.example", "http://app.example", "https://app.example.evil.com", "null", "https://app.example:444"],
)
async def test_no_other_site_passes_for_it(origin: str) -> None:
    """An origin is compared as a whole."""
    assert shared(await answer("GET", SITE, origin=origin)) == {}
    assert (await answer("OPTIONS", SITE, origin=origin, **PREFLIGHT)).status == 405


async def test_everybody_may_be_named_without_credentials() -> None:
    """`*` is said as such, never as the caller's own origin."""
    assert shared(await answer("GET", "*", origin=SITE))["access-control-allow-origin"] == "*"


async def test_cookies_are_allowed_where_said() -> None:
    """A named site may send cookies when the operator says so."""
    assert (
        shared(await answer("GET", SITE, credentials=True, origin=SITE))["access-control-allow-credentials"] == "true"
    )


async def test_an_ordinary_options_is_no_preflight() -> None:
    """A request that asks for no method goes on like any other."""
    assert (await answer("OPTIONS", SITE, origin=SITE)).status == 405
