"""From the events of one completion to an answer: what counts as said, as declined, as cut, as nothing."""

from dataclasses import replace

from ultra.domain.analysis import Answer
from ultra.domain.chat import Delta, Event, Finished, PartStarted, Refusal, Started
from ultra.domain.completion import Completion, Fold
from ultra.domain.errors import Truncated

EMPTY = "empty_answer"
"""The error kind of an answer without a word: it ended well and says nothing."""

_WHOLE = frozenset({"stop", "refusal"})


class Listener:
    """Folds events and tells which text is for people to read."""

    def __init__(self) -> None:
        self._fold = Fold()
        self._visible: set[int] = set()
        self.is_accepted = False
        self.is_finished = False
        self.heard: list[str] = []
        """Visible text that nobody has taken yet."""
        self._said: list[str] = []

    def hear(self, event: Event) -> None:
        """Take the next event."""
        self._fold.add(event)
        match event:
            case Started():
                self.is_accepted = True
            case Finished():
                self.is_finished = True
            case PartStarted() if event.kind in ("text", "refusal"):
                self._visible.add(event.index)
            case Delta() if event.index in self._visible:
                self.heard.append(event.text)
                self._said.append(event.text)
            case _:
                pass

    def take(self) -> str:
        """Return the visible text that came since the last time."""
        text, self.heard = "".join(self.heard), []
        return text

    @property
    def text(self) -> str:
        """All visible text so far."""
        return "".join(self._said)

    def completion(self) -> Completion:
        """Return the whole completion; raises `Truncated` when its end was never announced."""
        return self._fold.result()


def judged(answer: Answer, listener: Listener) -> Answer:
    """Complete `answer` with what was heard to the end.

    A blank one has failed; one that declines is marked; any end but the model's own leaves it cut.
    """
    try:
        completion = listener.completion()
    except Truncated as error:
        return replace(answer, status="failed", text=listener.text, error_kind=error.kind, error=error.message)
    reason: str = completion.finish_reason
    if any(isinstance(part, Refusal) and part.text for part in completion.parts):
        reason = "refusal"
    if not listener.text.strip() and reason != "refusal":
        told = f"The answer was empty ({reason})."
        return replace(answer, status="failed", finish_reason=reason, error_kind=EMPTY, error=told)
    return replace(answer, text=listener.text, finish_reason=reason, cut=reason not in _WHOLE)
