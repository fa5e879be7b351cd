"""Nothing is open that describes or inspects the server."""

from ultra.readiness.stage import Stage
from ultra.readiness.step import Need, Step, expect

_PATHS = (
    "/docs",
    "/redoc",
    "/openapi.json",
    "/swagger",
    "/swagger.json",
    "/api/docs",
    "/api/openapi.json",
    "/graphql",
    "/admin",
    "/debug",
    "/__debug__",
    "/metrics",
    "/.env",
    "/.env.production.local",
    "/.git/config",
    "/ultra.toml",
    "/server-status",
    "/actuator/env",
)


class ClosedDocs(Step):
    """Asks for what scanners ask for."""

    name = "closed-docs"
    title = "API description, metrics and files are closed to strangers"
    advice = "Leave ULTRA_API_DOCS off, or grant docs:read; serve no folder of this machine through the proxy."
    needs = frozenset({Need.ADMIN})

    async def check(self, stage: Stage) -> str:
        """Ask as a stranger, and for the description as somebody without the permission."""
        client = stage.stranger()
        for path in _PATHS:
            reply = await client.get(path)
            expect(reply.status in (401, 403, 404), f"{path} is answered with {reply.status} to a stranger.")
        viewer = await stage.person("viewer")
        for path in ("/openapi.json", "/docs", "/redoc", "/metrics"):
            reply = await viewer.client.get(path)
            expect(reply.status in (403, 404), f"{path} is answered with {reply.status} to a viewer.")
        return f"None of {len(_PATHS)} addresses is open."
