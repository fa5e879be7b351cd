"""Frequent routes are found without the framework."""

import pytest

from tests.fakes.asgi import Exchange
from ultra.gate.bypass import Bypass


def says(word: bytes):
    """Return an endpoint that answers with a word."""

    async def endpoint(scope, receive, send) -> None:
        await send({"type": "http.response.body", "body": word})

    return endpoint


@pytest.mark.parametrize(
    ("method", "path", "answer"),
    [
        ("POST", "/v1/chat/completions", b"endpoint"),
        ("GET", "/v1/chat/completions", b"framework"),
        ("POST", "/v1/chat/completions/", b"framework"),
        ("POST", "/api/analyze", b"framework"),
    ],
)
async def test_only_a_post_to_the_exact_path_passes_the_framework_by(method: str, path: str, answer: bytes) -> None:
    """Other methods and other paths are the framework's, which knows how to refuse them."""
    app = Bypass(says(b"framework"), routes={"/v1/chat/completions": says(b"endpoint")})
    exchange = await Exchange(method=method, path=path)(app)
    assert exchange.answer == answer


async def test_a_lifespan_is_the_frameworks() -> None:
    """What is no request goes to the framework, which opens the house."""
    begun = []

    async def framework(scope, receive, send) -> None:
        begun.append(scope["type"])

    await Bypass(framework, routes={})({"type": "lifespan"}, None, None)
    assert begun == ["lifespan"]


async def test_its_routes_have_their_pattern() -> None:
    """What passes the framework by is known by the same name as if it had not."""
    exchange = Exchange(method="POST", path="/v1/chat/completions")
    await exchange(Bypass(says(b""), routes={"/v1/chat/completions": says(b"")}))
    assert exchange.scope["ultra.route"] == "/v1/chat/completions"
