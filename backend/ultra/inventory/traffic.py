"""What real calls have shown of each provider: when one went well, when one did not, which breakers are not closed."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from ultra.domain.observations import BreakerMoved, CallSettled, Observation
from ultra.inventory.health import find

_MOST_BREAKERS: Final = 200


@dataclass(frozen=True, slots=True)
class Seen:
    """What was seen of one provider since the start. `failed_with` is the kind of the last failure's error.

    `moved` has the breakers that are not closed, the latest last. Mistakes of callers and calls that were given up
    are no failures of the provider.
    """

    succeeded_at: datetime | None = None
    failed_at: datetime | None = None
    failed_with: str | None = None
    moved: Sequence[BreakerMoved] = ()


@dataclass(slots=True)
class _Record:
    succeeded_at: datetime | None = None
    failed_at: datetime | None = None
    failed_with: str | None = None
    moved: dict[str, BreakerMoved] = field(default_factory=dict)


class Traffic:
    """Keeps one record a provider, in memory; hears what happens like any observer."""

    def __init__(self) -> None:
        self._records: dict[str, _Record] = {}

    def notice(self, observation: Observation) -> None:
        """Take one fact."""
        match observation:
            case CallSettled():
                _settle(self._record(observation.provider), observation)
            case BreakerMoved():
                _move(self._record(observation.provider), observation)

    def of(self, provider: str) -> Seen:
        """Return what was seen of a provider."""
        record = self._records.get(provider)
        if record is None:
            return Seen()
        return Seen(record.succeeded_at, record.failed_at, record.failed_with, tuple(record.moved.values()))

    def _record(self, provider: str) -> _Record:
        return self._records.setdefault(provider, _Record())


def _settle(record: _Record, call: CallSettled) -> None:
    if call.outcome == "ok":
        record.succeeded_at = call.at
    elif call.outcome == "failed" and find(call.error_kind or "", call.error_code) is not None:
        record.failed_at = call.at
        record.failed_with = call.error_kind


def _move(record: _Record, moved: BreakerMoved) -> None:
    record.moved.pop(moved.model, None)
    if moved.state != "closed":
        record.moved[moved.model] = moved
        if len(record.moved) > _MOST_BREAKERS:
            del record.moved[next(iter(record.moved))]
