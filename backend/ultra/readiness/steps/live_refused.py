"""A real provider refuses a request."""

from typing import Any

from ultra.readiness.replies import Reply
from ultra.readiness.step import expect
from ultra.readiness.steps._live import LiveStep, words


class LiveRefused(LiveStep):
    """Sends what the provider itself must refuse: a tool and an answer whose types do not exist.

    One of both is not looked at by every server: llama.cpp ignores tools that a model's template has no place for.
    """

    name = "live-refused"
    title = "What a real provider refuses is told as the caller's own error, and costs nothing"
    advice = "A refusal must not look like a fault of the server; /api/requests/{id} has what the provider said."

    def question(self, model: str) -> dict[str, Any]:
        """Offer a tool that cannot be, and ask for an answer that cannot be."""
        broken = {"name": "broken", "parameters": {"type": "no-such-type"}}
        tools = [{"type": "function", "function": broken}]
        shape = {"type": "json_schema", "json_schema": {"name": "broken", "schema": {"type": "no-such-type"}}}
        return words(model, "Use the tool.", tools=tools, response_format=shape, max_tokens=16)

    def judge(self, reply: Reply) -> str:
        """Look for a refusal in OpenAI's shape that blames nobody's key."""
        reply.refused(400, 404, 413, 422)
        cost = reply.get("x-ultra-cost-usd")
        expect(cost is None or float(cost) == 0, f"The refusal has cost ${cost}.")
        return f"{reply.status}, {' '.join(reply.json['error']['message'].split())[:80]!r}"
