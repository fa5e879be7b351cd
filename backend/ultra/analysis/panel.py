"""One round: all calls at once, each folded into an answer; the round closes by quorum, grace and deadline."""

import asyncio
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal

from ultra.analysis import events
from ultra.analysis.listening import Listener, judged
from ultra.analysis.policy import AnalysisPolicy
from ultra.analysis.quorum import grace
from ultra.analysis.scribe import Scribe
from ultra.domain.analysis import Answer, Ask, NewEvent, PanelCall, Run
from ultra.domain.chat import ChatRequest, Message, Text
from ultra.domain.errors import UltraError
from ultra.domain.ports import CallContext, Completions
from ultra.domain.receipts import Receipt
from ultra.system import System

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Round:
    """A round ready to be asked: `keys` name its calls, `known` has the answers that are there already.

    `attempts` says for each missing call how often it has been begun, this time included. `deadline` is on
    `System.monotonic()`.
    """

    ask: Ask
    keys: tuple[str, ...]
    deadline: float
    known: Mapping[str, Answer] = field(default_factory=dict)
    attempts: Mapping[str, int] = field(default_factory=dict)
    output_tokens: int | None = None


@dataclass(slots=True)
class _Seat:
    """Where one call stands."""

    key: str
    call: PanelCall
    attempt: int
    answer: Answer | None = None
    is_written: bool = False
    is_announced: bool = False
    listener: Listener = field(default_factory=Listener)
    receipt: Receipt = field(default_factory=Receipt)
    began: float = 0.0


class Panel:
    """Asks models. All calls go through `completions`, so retries, accounts and limits are those of the house."""

    def __init__(self, *, completions: Completions, system: System, policy: AnalysisPolicy) -> None:
        self._completions = completions
        self._system = system
        self._policy = policy

    async def ask(self, run: Run, asked: Round, scribe: Scribe) -> tuple[Answer, ...]:
        """Ask a round and return its answers in the order of its calls.

        Every answer is in the journal when this returns. What the round did not wait for is cancelled and failed
        with the kind `cancelled`, or `timed_out` at the deadline. Being cancelled itself closes every call and
        writes nothing.
        """
        sitting = _Sitting(asked, self._system, self._policy, scribe)
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(self._attend(run, asked, seat, sitting)) for seat in sitting.missing]
            await sitting.preside()
            for task in tasks:
                task.cancel()
        return await sitting.close()

    async def _attend(self, run: Run, asked: Round, seat: _Seat, sitting: "_Sitting") -> None:
        """Hold one call from its opening to its answer; whatever goes wrong in it is an answer that failed."""
        seat.began = self._system.monotonic()
        opening = self._completions.open(request_of(seat.call, asked.output_tokens), self._context(run, asked, seat))
        try:
            async with opening as stream:
                async for event in stream:
                    seat.listener.hear(event)
                    sitting.notice(seat)
            seat.receipt = opening.receipt
            answer = judged(sitting.blank(seat), seat.listener)
        except UltraError as error:
            seat.receipt = opening.receipt
            answer = sitting.failed(seat, error.kind, error.message)
        except asyncio.CancelledError:
            seat.receipt = opening.receipt
            if seat.listener.is_finished:  # it was whole and only about to close: nothing finished is thrown away
                seat.answer = judged(sitting.blank(seat), seat.listener)
            raise
        except Exception:  # noqa: BLE001 - a fault within one member's call must not take the others down
            _log.exception("A call to %s broke.", seat.call.model, extra={"run_id": run.id})
            answer = sitting.failed(seat, "internal", "The call broke inside Ultra.")
        seat.answer = answer
        sitting.changed.set()

    def _context(self, run: Run, asked: Round, seat: _Seat) -> CallContext:
        return CallContext(
            principal=run.owner,
            request_id=run.request_id or run.id,
            deadline=asked.deadline,
            run_id=run.id,
            stage=asked.ask.stage,
            possible_double_charge=seat.attempt > 1,
            fall_back=False,
            credential_id=run.credential_id,
        )


class _Sitting:
    """The presiding side of a round: writes what comes and decides when it is over."""

    def __init__(self, asked: Round, system: System, policy: AnalysisPolicy, scribe: Scribe) -> None:
        self.changed = asyncio.Event()
        self._asked = asked
        self._system = system
        self._policy = policy
        self._scribe = scribe
        self._began = system.monotonic()
        self._judged = -1
        self._is_settled = False
        self._enough_at: float | None = None
        self._write_text_at: float | None = None
        self._last_written = self._began - policy.delta_interval_s
        pairs = zip(asked.keys, asked.ask.calls, strict=True)
        self._seats = [_Seat(key, call, asked.attempts.get(key, 1), asked.known.get(key)) for key, call in pairs]
        for seat in self._seats:
            seat.is_written = seat.answer is not None

    @property
    def missing(self) -> list[_Seat]:
        """The seats without an answer."""
        return [seat for seat in self._seats if seat.answer is None]

    def notice(self, seat: _Seat) -> None:
        """Hear that a seat has news; text waits for its row, acceptance does not."""
        if seat.listener.heard and self._write_text_at is None:
            self._write_text_at = max(self._last_written + self._policy.delta_interval_s, self._system.monotonic())
            self.changed.set()
        elif seat.listener.is_accepted and not seat.is_announced:
            self.changed.set()

    async def preside(self) -> None:
        """Write what comes until the round may close."""
        while True:
            self.changed.clear()
            await self._scribe.write(*self._news())
            now = self._system.monotonic()
            closes_at = self._closes_at(now)
            if not self.missing or now >= closes_at:
                return
            if not self.changed.is_set():
                wake_at = min(closes_at, self._write_text_at or closes_at)
                await self._pause(wake_at - now)

    async def close(self) -> tuple[Answer, ...]:
        """Fail what is missing, write the rest, and return all answers."""
        is_late = self._system.monotonic() >= self._asked.deadline
        kind, said = (
            ("timed_out", "The round's time was over.") if is_late else ("cancelled", "The round closed without it.")
        )
        for seat in self.missing:
            seat.answer = self.failed(seat, kind, said)
        self._write_text_at = self._began
        await self._scribe.write(*self._news())
        return tuple(self._answers())

    def blank(self, seat: _Seat) -> Answer:
        """Return a seat's answer as far as its call tells it."""
        now = self._system.monotonic()
        began = seat.began or now
        return Answer(
            role=seat.call.role,
            model=seat.call.model,
            stage=self._asked.ask.stage,
            status="ok",
            usage=seat.receipt.usage,
            cost_usd=seat.receipt.cost_usd if seat.began else Decimal(0),
            started_s=round(max(began - self._began, 0.0), 3),
            duration_s=round(now - began, 3),
            call_key=seat.key,
            possible_double_charge=seat.attempt > 1,
        )

    def failed(self, seat: _Seat, kind: str, message: str) -> Answer:
        """Return a seat's answer as failed, with the text that had come."""
        told = {"error_kind": kind, "error": message, "text": seat.listener.text}
        return replace(self.blank(seat), status="failed", **told)  # type: ignore[arg-type]  # strings for string fields

    def _answers(self) -> list[Answer]:
        return [seat.answer for seat in self._seats if seat.answer is not None]

    def _news(self) -> list[NewEvent]:
        found: list[NewEvent] = []
        now = self._system.monotonic()
        is_due = self._write_text_at is not None and now >= self._write_text_at
        for seat in self._seats:
            if seat.is_written:
                continue
            if seat.listener.is_accepted and not seat.is_announced:
                seat.is_announced = True
                found.append(events.answer_started(seat.key, self._asked.ask.stage, seat.call))
            if (is_due or seat.answer is not None) and (text := seat.listener.take()):
                found.append(events.delta(seat.key, self._asked.ask, seat.call, seat.attempt, text))
            if seat.answer is not None:
                seat.is_written = True
                found.extend(events.answer_ended(seat.answer))
        if is_due:
            self._write_text_at, self._last_written = None, now
        return found

    def _closes_at(self, now: float) -> float:
        """Return when the round closes as things stand."""
        ask, answers = self._asked.ask, self._answers()
        if len(answers) != self._judged:
            self._judged = len(answers)
            self._is_settled = ask.settled is not None and ask.settled(answers, len(self._seats))
            if self._enough_at is None and ask.enough is not None and ask.enough(answers, len(self._seats)):
                self._enough_at = now
        if self._is_settled:
            return now
        if self._enough_at is None:
            return self._asked.deadline
        durations = [answer.duration_s for answer in answers if answer.status == "ok"]
        is_waited_for = any(seat.call.role == ask.patient_for for seat in self.missing)
        return min(self._enough_at + grace(durations, strongest_missing=is_waited_for), self._asked.deadline)

    async def _pause(self, seconds: float) -> None:
        """Wait for news, at most so long."""
        waits = [asyncio.ensure_future(self.changed.wait()), asyncio.ensure_future(self._system.sleep(seconds))]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


def request_of(call: PanelCall, output_tokens: int | None) -> ChatRequest:
    """Return a call as a completion is asked for, with at most so many tokens of answer."""
    own = tuple(Text(text) for text in (call.prompt.instructions,) if text)
    return ChatRequest(
        model=call.model,
        messages=(*call.history, Message("user", (*call.images, Text(call.prompt.text)))),
        instructions=(*own, *call.instructions),
        output=call.output,
        max_output_tokens=output_tokens,
        stream=True,
    )


def missing_calls(asked: Round) -> Sequence[tuple[str, PanelCall]]:
    """Return the calls of a round that have no answer yet, by key."""
    return [(key, call) for key, call in zip(asked.keys, asked.ask.calls, strict=True) if key not in asked.known]
