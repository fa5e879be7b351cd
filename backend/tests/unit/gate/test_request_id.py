"""Every request has a name that comes back with the answer."""

import pytest

from tests.fakes.asgi import Exchange
from ultra.gate.request_id import RequestId
from ultra.system import System


async def answer(scope, receive, send) -> None:
    """Answer."""
    await send({"type": "http.response.start", "status": 200, "headers": []})


@pytest.mark.parametrize("given", ["abcd-1234", "01HZX.trace_9"])
async def test_a_harmless_name_is_kept(given: str) -> None:
    """The caller's own name is used everywhere."""
    exchange = await Exchange(headers={"x-request-id": given})(RequestId(answer, system=System()))
    assert exchange.scope["ultra.request_id"] == given
    assert exchange.answer_headers["x-request-id"] == exchange.answer_headers["request-id"] == given


@pytest.mark.parametrize("given", ["", "short", "a" * 65, "with space", "line\tbreak", "<script>alert()"])
async def test_any_other_name_is_replaced(given: str) -> None:
    """What could harm a log line is not repeated."""
    exchange = await Exchange(headers={"x-request-id": given})(RequestId(answer, system=System()))
    assert exchange.scope["ultra.request_id"].startswith("req_")
