"""The rehearsal: a production of its own in a temporary folder, with everything it depends on.

It needs the packages of the test group; a look at a deployment does not.
"""

from ultra.readiness.rehearsal.production import Rehearsal, rehearse

__all__ = ["Rehearsal", "rehearse"]
