"""What a house shows to whoever looks after it."""

from dataclasses import dataclass
from datetime import datetime

from ultra.domain.ports import Observer
from ultra.inventory.live import LiveLists
from ultra.inventory.traffic import Traffic
from ultra.store.ledger import StoredLedger


@dataclass(frozen=True, slots=True)
class Vitals:
    """The parts that tell how they are. `worker` names this process, and begins the names of its leases.

    `began` is when the house was built, on `System.monotonic()`.
    """

    worker: str
    started_at: datetime
    began: float
    observer: Observer
    traffic: Traffic
    live: LiveLists
    ledger: StoredLedger
