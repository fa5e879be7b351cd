"""What the journal remembers of a run: everything a resumption needs so as not to ask again."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from ultra.analysis.spending import Account
from ultra.domain.analysis import Answer, JournalEvent, NewEvent, PanelCall, Skipped
from ultra.domain.records import answer_from_json

_NOTES = frozenset({"agreement", "claim", "review.done", "provisional", "synthesis.done", "stage.skipped"})


def call_key(run_id: str, stage: str, call: PanelCall) -> str:
    """Return the name of a call within its run: the same question to the same member has the same name."""
    prompt = hashlib.sha256(json.dumps([call.prompt.instructions, call.prompt.text]).encode()).hexdigest()
    parts = json.dumps([run_id, stage, call.role, call.model, prompt, call.sample])
    return hashlib.sha256(parts.encode()).hexdigest()[:32]


@dataclass(slots=True)
class Recollection:
    """The journal of one run, sorted by what a resumption asks of it.

    `plan` is the data of `run.started`. `results` has every answer that ended, by call key; `intents` has, for every
    time a call was begun, the most it could cost. A call with an intent and no result was left open by an interruption.
    """

    plan: Mapping[str, Any] | None = None
    results: dict[str, Answer] = field(default_factory=dict)
    intents: dict[str, list[Decimal | None]] = field(default_factory=dict)
    _closed: dict[int, tuple[str, tuple[str, ...]]] = field(default_factory=dict)
    _skipped: dict[int, Skipped] = field(default_factory=dict)
    _noted: dict[int, str] = field(default_factory=dict)

    @classmethod
    def of(cls, events: Iterable[JournalEvent]) -> "Recollection":
        """Read a journal."""
        memory = cls()
        for event in events:
            memory.take(event)
        return memory

    def take(self, event: JournalEvent | NewEvent) -> None:
        """Remember one event."""
        data = event.data
        match event.type:
            case "run.started":
                self.plan = data
            case "call.started":
                worst = data["worst_usd"]
                self.intents.setdefault(data["call_key"], []).append(None if worst is None else Decimal(worst))
            case "answer.done" | "answer.failed":
                self.results[data["call_key"]] = answer_from_json(data)
            case "round.closed":
                self._closed[data["step"]] = (data["stage"], tuple(data["call_keys"]))
            case "stage.skipped":
                self._skipped[data["step"]] = Skipped(data["stage"], data["reason"], data["detail"])
            case _:
                pass
        if event.type in _NOTES:
            self._noted[data["step"]] = event.type

    def answers(self, step: int, stage: str) -> Sequence[Answer] | None:
        """Return exactly what the flow was told at that step, or None when the round has not closed."""
        known = self._closed.get(step)
        if known is None or known[0] != stage:
            return None
        return tuple(self.results[key] for key in known[1])

    def skipped(self, step: int, stage: str) -> Skipped | None:
        """Return why that step was skipped, if it was."""
        known = self._skipped.get(step)
        return known if known is not None and known.stage == stage else None

    def is_noted(self, step: int, kind: str) -> bool:
        """Was the note of that step written?"""
        return self._noted.get(step) == kind

    def account(self, budget: Decimal | None, *, strict: bool) -> Account:
        """Return the money of the run so far: every call begun counts, also one whose end was lost."""
        account = Account(budget, strict)
        for key, worst in self.intents.items():
            answer = self.results.get(key)
            if answer is not None:
                account.settle(answer, worst[-1])
            for lost in worst[:-1] if answer is not None else worst:
                account.abandon(lost)
        return account
