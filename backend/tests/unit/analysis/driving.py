"""Flows driven by hand: no event loop, no clock, no provider."""

import random
from collections.abc import Callable, Sequence
from typing import Any

from tests.fakes.patterns import FakeLens
from ultra.analysis import Member, Plan, known_flows
from ultra.domain.analysis import (
    Answer,
    Ask,
    Note,
    PanelCall,
    Question,
    Reply,
    Skipped,
    Verdict,
)

CLOSED = "What is 17 * 23?"
OPEN = "Why is the sky blue?"
Said = str | dict[str, Any] | None
Script = Callable[[Ask, PanelCall], Said]


def plan(question: Question | str = OPEN, *, members: int = 3, reserves: Sequence[str] = (), seed: int = 1) -> Plan:
    """Make a plan over `p/m1`, `p/m2` ...; the last one is the strongest."""
    panel = tuple(Member(f"member-{number}", f"p/m{number}") for number in range(1, members + 1))
    return Plan(
        question=Question(question) if isinstance(question, str) else question,
        lens=FakeLens(),
        panel=panel,
        synthesisers=tuple(member.model for member in reversed(panel)),
        dice=random.Random(seed),
        delimiter="d0d0d0d0d0",
        reserves=tuple(reserves),
    )


def answer(ask: Ask, call: PanelCall, said: Said) -> Answer:
    """Make an answer as the panel would; None failed, a dictionary names fields."""
    fields: dict[str, Any] = {"status": "ok", "finish_reason": "stop", "call_key": f"{ask.stage}/{call.role}"}
    if said is None:
        fields |= {"status": "failed", "error_kind": "upstream_failed", "error": "It broke."}
    else:
        fields |= {"text": said} if isinstance(said, str) else said
    return Answer(**{"role": call.role, "model": call.model, "stage": ask.stage} | fields)


class Driven:
    """A flow driven to its end by a script; `skip` names stages that are not asked."""

    def __init__(self, flow: str, plan: Plan, script: Script, *, skip: Sequence[str] = ()) -> None:
        self.asks: list[Ask] = []
        self.notes: list[Note] = []
        generator = known_flows()[flow]().run(plan)
        reply: Reply = None
        while True:
            try:
                step = generator.send(reply)
            except StopIteration as end:
                self.verdict: Verdict = end.value
                return
            if isinstance(step, Note):
                self.notes.append(step)
                reply = None
            elif step.stage in skip:
                reply = Skipped(step.stage, "budget", "the rest of the budget does not reach")
            else:
                self.asks.append(step)
                reply = [answer(step, call, script(step, call)) for call in step.calls]

    @property
    def stages(self) -> list[str]:
        """The stages asked, in order."""
        return [ask.stage for ask in self.asks]

    def note(self, kind: str) -> Note:
        """Return the only note of that type."""
        (found,) = [note for note in self.notes if note.type == kind]
        return found


def by_model(**said: Said) -> Script:
    """Make a script by model (`m1=...`) for independent rounds; other stages get `other`."""
    other = said.pop("other", "The synthesis.")

    def script(ask: Ask, call: PanelCall) -> Said:
        return said.get(call.model.removeprefix("p/"), other) if ask.stage in ("answer", "vote") else other

    return script


def prose(ask: Ask, call: PanelCall) -> Said:
    """Different prose from everybody."""
    return f"Some words of {call.model} at the stage {ask.stage}."
