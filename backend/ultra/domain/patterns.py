"""What models are asked to look for: a lens, its stages and the facts each stage must be given."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from ultra.domain.analysis import Document, Earlier, Prompt

Stage: TypeAlias = Literal["answer", "vote", "review", "revise", "synthesis"]
STAGES: tuple[Stage, ...] = ("answer", "vote", "review", "revise", "synthesis")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A peer's words under a neutral label (`A`, `B`, ...) that hides which model wrote them."""

    label: str
    text: str


@dataclass(frozen=True, slots=True)
class StageFacts:
    """Everything a stage text may be filled with. A stage uses exactly the fields its row in `USES` names.

    `answers` are the peers' answers, `own` the member's own earlier answer, `reviews` what reviewers wrote,
    `decided` the value that code decided for a closed question.
    """

    question: str
    documents: tuple[Document, ...] = ()
    earlier: Earlier | None = None
    answers: Sequence[Labelled] = ()
    own: str | None = None
    reviews: Sequence[Labelled] = ()
    decided: str | None = None


USES: Mapping[Stage, frozenset[str]] = {
    "answer": frozenset({"question"}),
    "vote": frozenset({"question"}),
    "review": frozenset({"question", "answers"}),
    "revise": frozenset({"question", "own", "answers", "reviews"}),
    "synthesis": frozenset({"question", "answers", "reviews", "decided"}),
}
"""The placeholders each stage text must contain; a missing or an unknown one refuses to load.

Those that `OPTIONAL` names stand in an optional section, because a run may come to the stage without them.
Documents and the earlier verdict are set around every stage by the renderer, so no stage text can forget them.
"""

OPTIONAL: frozenset[str] = frozenset({"reviews", "decided"})
"""Facts that may be absent: a run without a review round, or a question that no code could decide."""


class Lens(Protocol):
    """A lens as loaded from its Markdown file."""

    @property
    def name(self) -> str:
        """The pattern's name: `consensus`, `fact-check`, ..."""

    @property
    def summary(self) -> str:
        """One line for lists."""

    @property
    def when(self) -> str:
        """When to use it."""

    @property
    def minimum_panel(self) -> int:
        """Fewest models it makes sense with."""

    @property
    def default_flow(self) -> str:
        """The flow used unless the caller names another."""

    @property
    def roles(self) -> tuple[str, ...]:
        """Viewpoints handed to the members in turn; empty when all get the same text."""

    @property
    def shape(self) -> str:
        """The shape of the verdict, in one sentence."""

    def render(self, stage: Stage, facts: StageFacts, *, role: str | None = None, delimiter: str) -> Prompt:
        """Fill a stage's text. `delimiter` is this run's random mark around quoted data.

        Raises `ValueError` when a field the stage needs is missing, or one it does not use was given.
        """


class Patterns(Protocol):
    """All lenses that can be asked for."""

    def get(self, name: str) -> Lens:
        """Return a lens; raises `NotFound` with the nearest names."""

    def all(self) -> tuple[Lens, ...]:
        """Every lens, by name."""
