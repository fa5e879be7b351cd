"""The temporary door lets in this machine and nobody else."""

import pytest

from tests.fakes.asgi import Exchange
from ultra.domain.errors import Forbidden
from ultra.domain.identity import LOCAL_OPERATOR
from ultra.gate.guard import TemporaryDoor

HOST = {"host": "127.0.0.1:8080"}


async def inside(scope, receive, send) -> None:
    """Answer anybody who got in."""
    await send({"type": "http.response.start", "status": 200, "headers": []})


@pytest.mark.parametrize("host", ["127.0.0.1:8080", "localhost", "LOCALHOST:1", "[::1]:8080", "[::1]"])
async def test_this_machine_may_come_in(host: str) -> None:
    """Every spelling of this machine is welcome and is its operator."""
    exchange = await Exchange(headers={"host": host})(TemporaryDoor(inside))
    assert exchange.status == 200
    assert exchange.scope["ultra.principal"] == LOCAL_OPERATOR


@pytest.mark.parametrize(
    ("client", "headers"),
    [
        (("192.0.2.7", 1), HOST),
        (("127.0.0.1", 1), {"host": "evil.example"}),
        (("127.0.0.1", 1), {"host": "127.0.0.1.evil.example:8080"}),
        (("127.0.0.1", 1), {}),
        (("127.0.0.1", 1), HOST | {"sec-fetch-site": "cross-site"}),
        (("127.0.0.1", 1), HOST | {"sec-fetch-site": "same-site"}),
    ],
)
async def test_others_may_not(client, headers) -> None:
    """Another machine, another name for this one, and a page of another site are refused."""
    with pytest.raises(Forbidden):
        await Exchange(client=client, headers=headers)(TemporaryDoor(inside))
