"""Every reply tells browsers to be careful."""

import re

from ultra.readiness.replies import Reply
from ultra.readiness.stage import Stage
from ultra.readiness.step import Step, expect

_PATHS = ("/health", "/sign-in", "/static/ultra.css", "/api/auth/me", "/v1/models", "/nothing-here")
_EXACT = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}
_YEAR_S = 31_536_000


class SecurityHeaders(Step):
    """Looks at pages, files, refusals and what is not there."""

    name = "headers"
    title = "Security headers stand on every reply, and no product is named"
    advice = "A proxy must pass the server's headers on; it may add Strict-Transport-Security, and no Server header."

    async def check(self, stage: Stage) -> str:
        """Ask for one reply of each kind."""
        client = stage.stranger()
        for path in _PATHS:
            _look_at(await client.get(path))
        _look_at(await client.ask("PUT", "/api/auth/me", json={}))
        _look_at(await client.ask("POST", "/v1/chat/completions", body=b"{", headers=[("content-type", "text/plain")]))
        foreign = [("origin", "https://evil.example"), ("access-control-request-method", "POST")]
        crossing = await client.ask("OPTIONS", "/api/analyze", headers=foreign)
        allowed = crossing.get("access-control-allow-origin")
        expect(allowed is None, f"Pages of any site may call it: Access-Control-Allow-Origin is {allowed}.")
        return f"Seen on {len(_PATHS) + 2} replies of all kinds."


def _look_at(reply: Reply) -> None:
    where = f"on the {reply.status} of {reply.asked}"
    for name, value in _EXACT.items():
        expect(reply.get(name) == value, f"{name} is {reply.get(name)!r} instead of {value!r} {where}.")
    policy = reply.get("content-security-policy") or ""
    expect("frame-ancestors 'none'" in policy, f"Content-Security-Policy lets others frame it, {where}.")
    expect("unsafe-inline" not in policy, f"Content-Security-Policy allows inline code, {where}.")
    lasting = re.match(r"max-age=(\d+)", reply.get("strict-transport-security") or "")
    expect(lasting and int(lasting[1]) >= _YEAR_S, f"Strict-Transport-Security is missing or short {where}.")
    expect(reply.get("x-request-id"), f"X-Request-ID is missing {where}.")
    for name in ("x-powered-by", "x-ultra-environment"):
        expect(reply.get(name) is None, f"{name} is told {where}.")
    product = reply.get("server") or ""
    expect(not re.search(r"uvicorn|python|\d", product, re.IGNORECASE), f"Server names a product: {product} {where}.")
