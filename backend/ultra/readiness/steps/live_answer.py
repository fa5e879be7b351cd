"""A real provider answers."""

from typing import Any

from ultra.readiness.replies import Reply
from ultra.readiness.step import expect
from ultra.readiness.steps._live import LiveStep, words


class LiveAnswer(LiveStep):
    """Asks for one word."""

    name = "live-answer"
    title = "Every real provider answers"
    advice = "The reply says what the provider has refused; try the same key and model with its own client."

    def question(self, model: str) -> dict[str, Any]:
        """Ask for a capital."""
        return words(model, "What is the capital of France? Answer in one word.")

    def judge(self, reply: Reply) -> str:
        """Look for words and for counted tokens."""
        answer = reply.expect(200).json
        text = answer["choices"][0]["message"]["content"]
        expect(text, "It said nothing.")
        expect(answer["usage"]["completion_tokens"] > 0, "No tokens were counted.")
        return f"{' '.join(text.split())[:40]!r}, ${answer['ultra']['cost_usd']}"
