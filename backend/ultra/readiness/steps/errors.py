"""Whatever is wrong with a request, the refusal is one that programs understand."""

from ultra.readiness.asking import Client
from ultra.readiness.stage import Stage
from ultra.readiness.step import Need, Step, expect

_JSON = [("content-type", "application/json")]
_CHAT = "/v1/chat/completions"
_HELLO = [{"role": "user", "content": "Hello"}]
_BAD_BODIES = (
    b"{",
    b"[" * 2000,
    b'{"prompt": "a", "prompt": "b"}',
    b'{"prompt": NaN}',
    b'{"prompt": "\\ud800"}',
    b"\xff",
)


class Errors(Step):
    """Sends what is wrong in every way, to both wires."""

    name = "errors"
    title = "Bad requests get clear refusals in the right shape, without internals"
    advice = "A proxy must pass error replies on unchanged; then look up the request id in the server's log."
    needs = frozenset({Need.ADMIN})

    async def check(self, stage: Stage) -> str:
        """Send bad bodies, unknown fields, unknown models, unknown addresses and wrong methods."""
        client = (await stage.person()).client
        for body in _BAD_BODIES:
            for path in ("/api/analyze", _CHAT):
                (await client.ask("POST", path, body=body, headers=_JSON)).refused(400, 422)
        await _api(client)
        await _openai(client)
        return f"{2 * len(_BAD_BODIES) + 9} bad requests were each refused with a reason and nothing else."


async def _api(client: Client) -> None:
    unknown = (await client.post("/api/analyze", {"prompt": "x", "api_base": "https://evil.example"})).refused(400, 422)
    for reply in (
        unknown,
        (await client.post("/api/analyze", {"prompt": 7})).refused(400, 422),
        (await client.get("/api/analyses/run_00000000000000000000000000")).refused(404),
        (await client.get("/api/nothing")).refused(404),
        (await client.ask("PUT", "/api/analyze", json={})).refused(405),
    ):
        problem = reply.json
        missing = {"type", "title", "status", "detail", "code", "request_id"} - set(problem)
        expect(not missing, f"The problem of {reply.asked} lacks {', '.join(sorted(missing))}.")


async def _openai(client: Client) -> None:
    asked = {"model": "acme/alpha", "messages": _HELLO}
    missing = (await client.post(_CHAT, {**asked, "model": "nobody/nothing"})).refused(404, code="model_not_found")
    for reply in (
        missing,
        (await client.post(_CHAT, {**asked, "temperature": "hot"})).refused(400),
        (await client.post(_CHAT, {"model": "acme/alpha"})).refused(400),
        (await client.get("/v1/nothing")).refused(404),
    ):
        lacking = {"message", "type", "code"} - set(reply.json["error"])
        expect(not lacking, f"The error of {reply.asked} lacks {', '.join(sorted(lacking))}.")
