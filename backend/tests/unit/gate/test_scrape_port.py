"""What comes to one port stays on its side."""

import pytest

from tests.fakes.asgi import Exchange
from tests.unit.gate.test_bypass import says
from ultra.gate.scrape_port import ScrapePort

APP = ScrapePort(says(b"everything"), port=9464, scraped=says(b"counts"))


@pytest.mark.parametrize(
    ("server", "answer"),
    [(("127.0.0.1", 9464), b"counts"), (("127.0.0.1", 8080), b"everything"), (None, b"everything")],
)
async def test_the_socket_decides(server: tuple[str, int] | None, answer: bytes) -> None:
    """The port that a connection came to says which side it is on."""
    assert (await Exchange(scope={"server": server})(APP)).answer == answer


async def test_no_header_does() -> None:
    """A request that names the other port stays where it is."""
    exchange = Exchange(scope={"server": ("127.0.0.1", 8080)}, headers={"host": "127.0.0.1:9464"})
    assert (await exchange(APP)).answer == b"everything"


async def test_the_lifespan_is_everybodys() -> None:
    """What is no request goes where the house is opened."""
    begun = []

    async def others(scope, receive, send) -> None:
        begun.append(scope["type"])

    await ScrapePort(others, port=9464, scraped=says(b""))({"type": "lifespan", "server": ("", 9464)}, None, None)
    assert begun == ["lifespan"]
