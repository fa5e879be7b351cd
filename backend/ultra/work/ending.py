"""How a run ends when whoever conducts it cannot say so: the status, the reason, and the last event."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ultra.domain.analysis import EventType, NewEvent, Run, RunStatus
from ultra.domain.observations import RunEnded


@dataclass(frozen=True, slots=True)
class Ending:
    """A run's end without a verdict; `error_kind` is a stable word, `error` one sentence for people."""

    status: RunStatus
    error_kind: str | None
    error: str | None
    event_type: EventType

    @property
    def event(self) -> NewEvent:
        """The last row of the journal."""
        data: dict[str, Any] = {"status": self.status, "error_kind": self.error_kind, "error": self.error}
        return NewEvent(type=self.event_type, data=data)

    def observed(self, run: Run, at: datetime) -> RunEnded:
        """Return what observers hear of a run that ended so."""
        return RunEnded(
            at=at,
            pattern=run.options.pattern,
            flow=run.options.flow or "unknown",
            status=self.status,
            asked=len(run.panel),
            answered=0,
            total_s=max((at - (run.started_at or run.created_at)).total_seconds(), 0.0),
        )


CANCELLED = Ending("cancelled", "cancelled", "The run was cancelled.", "run.cancelled")
INTERNAL = Ending("failed", "internal", "Something went wrong inside Ultra; its log says what.", "run.failed")
INTERRUPTED = Ending("failed", "interrupted", "Ultra shut down before this run was done.", "run.failed")
