"""A real provider keeps to a schema."""

import json
from typing import Any

from ultra.readiness.offers import Offer
from ultra.readiness.replies import Reply
from ultra.readiness.step import Unmet, expect
from ultra.readiness.steps._live import LiveStep, words

_SCHEMA = {
    "type": "object",
    "properties": {"capital": {"type": "string"}},
    "required": ["capital"],
    "additionalProperties": False,
}


class LiveSchema(LiveStep):
    """Asks for an answer of a given form."""

    name = "live-schema"
    title = "Every real provider keeps to a schema"
    advice = "Choose a model whose `json_schema` is true in /api/available-models for what needs a form."

    def fits(self, offer: Offer) -> bool:
        """Leave out what is known to keep to none."""
        return offer.json_schema is not False

    def question(self, model: str) -> dict[str, Any]:
        """Ask for a capital as an object."""
        form = {"type": "json_schema", "json_schema": {"name": "place", "strict": True, "schema": _SCHEMA}}
        return words(model, "What is the capital of France?", response_format=form, max_tokens=100)

    def judge(self, reply: Reply) -> str:
        """Look for exactly that object."""
        text = reply.expect(200).json["choices"][0]["message"]["content"] or ""
        try:
            found = json.loads(text)
        except ValueError:
            raise Unmet(f"It is no JSON: {text[:80]!r}") from None
        expect(isinstance(found, dict) and set(found) == {"capital"}, f"It has another form: {text[:80]!r}")
        return f"{found['capital']!r}"
