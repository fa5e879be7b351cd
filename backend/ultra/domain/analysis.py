"""A run: several models asked one question, compared, and answered with one verdict.

The Flow promise: a flow is a generator that asks and is told. It yields an `Ask` (a round of calls) or a `Note`
(something to write into the journal), receives `Answer`s (some of which failed) or `Skipped`, and returns a `Verdict`.
It does no I/O, knows no clock and never sees a provider, so `next()` and `.send()` test it.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, TypeAlias

from ultra.domain.chat import Image, Message, Output, Part, Usage

RunStatus: TypeAlias = Literal[
    "queued", "running", "complete", "partial", "single", "contested", "unsynthesised", "failed", "cancelled"
]
FINAL: frozenset[str] = frozenset(
    {"complete", "partial", "single", "contested", "unsynthesised", "failed", "cancelled"}
)

EventType: TypeAlias = Literal[
    "run.started", "stage.started", "call.started", "answer.started", "answer.delta", "answer.done", "answer.failed",
    "call.done", "round.closed", "agreement", "claim", "review.done", "stage.done", "stage.skipped", "provisional",
    "synthesis.delta", "synthesis.done", "cost", "run.done", "run.failed", "run.cancelled", "run.amended",
]  # fmt: skip

# --- what is asked ------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Document:
    """A text the caller gives along; data, never instructions."""

    name: str
    text: str


@dataclass(frozen=True, slots=True)
class Earlier:
    """The question and the verdict that a follow-up continues."""

    run_id: str
    prompt: str
    verdict: str


@dataclass(frozen=True, slots=True)
class Question:
    """What the caller wants to know; with ensembles on `/v1` also `history` and the `output` the synthesis obeys."""

    prompt: str
    context: tuple[Document, ...] = ()
    images: tuple[Image, ...] = ()
    history: tuple[Message, ...] = ()
    instructions: tuple[Part, ...] = ()
    output: Output = Output()
    earlier: Earlier | None = None


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a run may go about it. `models` empty means: choose a panel. `deadline_s` seconds, `budget_usd` USD."""

    pattern: str = "consensus"
    flow: str | None = None
    """None is the pattern's default flow."""
    models: tuple[str, ...] = ()
    budget_usd: Decimal | None = None
    strict_budget: bool = False
    """The caller named the budget: a model whose price is unknown fits none. A default one lets it pass, uncounted."""
    deadline_s: float = 120.0
    max_output_tokens: int | None = None
    store: bool = True
    resumable: bool = True
    """False for an ensemble on `/v1`: it ends with its client, and a crash ends it too."""


# --- rounds: what a flow asks and is told ---------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Prompt:
    """What one stage sends to one model: instructions and a user message, fully rendered."""

    instructions: str
    text: str


@dataclass(frozen=True, slots=True)
class PanelCall:
    """One model asked one thing. `role` is the member's neutral name within the run (`member-1`, `synthesiser`)."""

    role: str
    model: str
    prompt: Prompt
    instructions: tuple[Part, ...] = ()
    """The caller's own, sent after those of the stage."""
    images: tuple[Image, ...] = ()
    history: tuple[Message, ...] = ()
    output: Output = Output()
    sample: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What one model said in a run. `failed` answers say why in `error_kind` and `error`; `text` may then be partial.

    `cut` says that the model stopped before its end (output limit, filter). `finish_reason` `refusal` marks an answer
    that declines. `started_s` counts from the beginning of its round, `duration_s` is how long it took.
    `possible_double_charge` is set when a crash left it open whether the same call had been paid before.
    """

    role: str
    model: str
    stage: str
    status: Literal["ok", "failed"]
    text: str = ""
    error_kind: str | None = None
    error: str | None = None
    finish_reason: str | None = None
    cut: bool = False
    usage: Usage | None = None
    cost_usd: Decimal | None = None
    started_s: float = 0.0
    duration_s: float = 0.0
    call_key: str = ""
    possible_double_charge: bool = False


Enough: TypeAlias = Callable[[Sequence[Answer], int], bool]
"""Given the answers so far and how many were asked: may the round close (after its grace)?"""


@dataclass(frozen=True, slots=True)
class Ask:
    """A round: all `calls` at once. `enough` None waits for every answer; `stream` shows the text as the verdict's.

    Once `enough` holds, the round closes after a grace, a longer one while the member with role `patient_for` is
    missing; once `settled` holds, it closes at once. `share` is the part of the time left that this round may use
    (0 < share <= 1); what later rounds need stays reserved. `optional` rounds are skipped, with a reason, when money
    or time does not reach.
    """

    stage: str
    calls: tuple[PanelCall, ...]
    enough: Enough | None = None
    settled: Enough | None = None
    patient_for: str | None = None
    stream: bool = False
    share: float = 1.0
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Note:
    """A fact a flow wants in the journal; the reply to it is None."""

    type: EventType
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Skipped:
    """The answer to an optional `Ask` that was not asked."""

    stage: str
    reason: Literal["budget", "deadline", "no_member"]
    detail: str


# --- what comes out -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Claim:
    """One checkable statement and who says what about it; roles, not models, until the verdict is shown."""

    id: str
    text: str
    kind: str
    state: Literal["agreed", "majority", "disputed", "unique", "refuted", "unresolved"]
    supporters: tuple[str, ...] = ()
    contradictors: tuple[str, ...] = ()
    silent: tuple[str, ...] = ()
    quotes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Agreement:
    """Descriptive, from the independent answers only: how many of those who answered stand behind the decided value.

    `value` is `supporters / answered`; None where answers cannot be compared (open text without claims).
    `method` names how answers were matched (`exact:number`, `exact:choice`, ...).
    """

    value: float | None
    supporters: int
    answered: int
    method: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a run. `decided` is the value of a closed question; `confidence` is None until calibrated."""

    status: RunStatus
    text: str
    decided: str | None = None
    agreement: Agreement | None = None
    confidence: float | None = None
    claims: tuple[Claim, ...] = ()
    answered: int = 0
    asked: int = 0
    synthesised_by: str | None = None
    dissent: tuple[str, ...] = ()
    """For `contested`: the texts of the sides, the larger first."""
    warnings: tuple[str, ...] = ()


Step: TypeAlias = Ask | Note
Reply: TypeAlias = Sequence[Answer] | Skipped | None
FlowGenerator: TypeAlias = Generator[Step, Reply, Verdict]


# --- the record -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class NewEvent:
    """An event about to be written."""

    type: EventType
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class JournalEvent:
    """One row of a run's journal; `seq` counts from 1 without gaps and is the SSE id. `data` is plain JSON."""

    seq: int
    type: EventType
    at: datetime
    data: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Run:
    """One execution as kept: what was asked, how far it is, and the verdict once there is one."""

    id: str
    owner: str
    question: Question
    options: RunOptions
    panel: tuple[str, ...]
    """The models chosen at the start, so that a resumption asks the same."""
    status: RunStatus
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    deadline_at: datetime | None = None
    """Absolute, from the moment work began; survives a restart."""
    cancel_requested: bool = False
    verdict: Verdict | None = None
    cost_usd: Decimal | None = None
    error_kind: str | None = None
    error: str | None = None
    follow_up_to: str | None = None
    request_id: str | None = None
    credential_id: str | None = None
    """The session, token family or key it was asked for with; its calls are charged to that."""
