"""The rehearsal: a production of its own in a temporary folder, with everything it depends on."""

from ultra.readiness.rehearsal.places import CannotRehearse
from ultra.readiness.rehearsal.production import Rehearsal, rehearse

__all__ = ["CannotRehearse", "Rehearsal", "rehearse"]
