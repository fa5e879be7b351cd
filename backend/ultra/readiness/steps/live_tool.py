"""A real provider asks for a tool."""

import json
from typing import Any

from ultra.readiness.offers import Offer
from ultra.readiness.replies import Reply
from ultra.readiness.step import Unmet, expect
from ultra.readiness.steps._live import LiveStep, words

_TOOL = {
    "name": "look_up_weather",
    "description": "Tells the weather of a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string", "description": "Name of the city"}},
        "required": ["city"],
        "additionalProperties": False,
    },
}


class LiveTool(LiveStep):
    """Offers one tool and asks what only the tool can tell."""

    name = "live-tool"
    title = "Every real provider calls a tool"
    advice = 'A small model may not be able to. Say so in ultra.toml: [models."provider/model"] tools = false.'

    def fits(self, offer: Offer) -> bool:
        """Leave out what is known to have no tools."""
        return offer.tools is not False

    def question(self, model: str) -> dict[str, Any]:
        """Ask for the weather, and insist on the tool."""
        tools = [{"type": "function", "function": _TOOL}]
        return words(model, "How is the weather in Paris?", tools=tools, tool_choice="required", max_tokens=200)

    def judge(self, reply: Reply) -> str:
        """Look for a call with a city."""
        calls = reply.expect(200).json["choices"][0]["message"].get("tool_calls") or []
        expect(calls, "It called no tool.")
        called = calls[0]["function"]
        expect(called["name"] == _TOOL["name"], f"It called {called['name']!r}.")
        try:
            given = json.loads(called["arguments"])
        except ValueError:
            raise Unmet(f"Its arguments are no JSON: {called['arguments'][:80]!r}") from None
        expect(set(given) == {"city"}, f"Its arguments are {sorted(given)} instead of a city.")
        return f"asked for {given['city']!r}"
