"""Half an answer."""

from ultra.domain.chat import Delta, PartStarted, Started

BEGUN = Started("id-1", "a", "one")
HALF = [BEGUN, PartStarted(0, "text"), Delta(0, "half")]
