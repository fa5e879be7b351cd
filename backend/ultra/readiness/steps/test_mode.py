"""X-Test-Mode is nothing in production."""

from itertools import cycle

from ultra.readiness.asking import Client
from ultra.readiness.replies import Reply
from ultra.readiness.routes import ROUTES
from ultra.readiness.stage import Stage
from ultra.readiness.step import Need, Step, expect

_NAMES = ("X-Test-Mode", "x-test-mode", "X-TEST-MODE", "X_Test_Mode", "Test-Mode")
_VALUES = ("true", "1", "admin", "v1.admin.fixture.4102444800.00ff00ff00ff00ff." + "a" * 64, "")
_VARIES = frozenset({"x-request-id", "date", "ratelimit", "ratelimit-policy", "retry-after", "set-cookie", "etag"})


class XTestMode(Step):
    """Sends the header to every route, in several spellings, and compares with the reply without it."""

    name = "test-mode"
    title = "X-Test-Mode changes nothing, on any route"
    advice = "ENVIRONMENT must be exactly production on every worker. If it is, take the server off the network."
    needs = frozenset({Need.ADMIN})
    patience_s = 150.0

    async def check(self, stage: Stage) -> str:
        """Compare every route with and without; then try to become an administrator."""
        for number, ((method, path), name, value) in enumerate(
            zip(ROUTES, cycle(_NAMES), cycle(_VALUES), strict=False)
        ):
            client = stage.stranger()
            plain = await _ask(client, method, path)
            for header in ((name, value), (_NAMES[0], _VALUES[number % 4])):
                same = await _ask(client, method, path, header)
                expect(_core(same) == _core(plain), f"{header[0]} changes the answer of {method} {path}.")
        person = await stage.person()
        for name, value in zip(_NAMES, _VALUES, strict=True):
            (await person.client.get("/api/users", headers=[(name, value)])).refused(403)
            (await stage.stranger().get("/api/users", headers=[(name, value)])).refused(401)
        return f"{len(ROUTES)} routes answered the same with and without it."


async def _ask(client: Client, method: str, path: str, *headers: tuple[str, str]) -> Reply:
    if method == "GET":
        return await client.ask(method, path, headers=headers)
    return await client.ask(method, path, json={}, headers=headers)


def _core(reply: Reply) -> tuple[int, frozenset[str], object]:
    """Return what does not differ between two replies to the same question."""
    names = frozenset(name.lower() for name, _ in reply.headers) - _VARIES
    if "json" in (reply.get("content-type") or "") and reply.body:
        return reply.status, names, {**reply.json, "request_id": "", "csrf_token": ""}
    return reply.status, names, len(reply.body) > 0
