"""How a run ends that nobody may resume: as failed, and saying why."""

from typing import Any

from ultra.domain.analysis import NewEvent

_WHY = "The process that worked on this run ended before the run did."

INTERRUPTED: dict[str, Any] = {"status": "failed", "error_kind": "interrupted", "error": _WHY}
INTERRUPTION = NewEvent(type="run.failed", data=INTERRUPTED)
