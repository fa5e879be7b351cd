"""A real provider answers in pieces."""

from typing import Any

from ultra.readiness.replies import Reply, read_events
from ultra.readiness.step import expect
from ultra.readiness.steps._live import LiveStep, words


class LiveStream(LiveStep):
    """Asks for a few words, streamed."""

    name = "live-stream"
    title = "Every real provider streams"
    advice = "No proxy may buffer; the last event of a stream says what went wrong."

    def question(self, model: str) -> dict[str, Any]:
        """Ask for numbers."""
        return words(model, "Count from one to ten in words.", stream=True, stream_options={"include_usage": True})

    def judge(self, reply: Reply) -> str:
        """Look for pieces, for usage, and for the end."""
        events = read_events(reply.expect(200).body)
        expect(events and events[-1].data == "[DONE]", f"It does not end with [DONE]: {events[-1:]}")
        chunks = [event.json for event in events[:-1]]
        pieces = [choice["delta"].get("content") for chunk in chunks for choice in chunk["choices"]]
        expect("".join(each or "" for each in pieces), "It said nothing.")
        expect(any(chunk.get("usage") for chunk in chunks), "It tells no usage.")
        return f"{sum(bool(each) for each in pieces)} pieces"
