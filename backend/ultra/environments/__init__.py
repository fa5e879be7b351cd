"""The env files and the switch between environments: what the configuration reads, this writes."""

from ultra.environments.comparing import Difference, compare
from ultra.environments.document import Document, Unclear
from ultra.environments.drafts import private_copy
from ultra.environments.editor import (
    begin,
    change,
    local_file,
    read_document,
    replace_document,
    set_values,
    unset_values,
)
from ultra.environments.inspection import inspect, refusal_of_name
from ultra.environments.rotation import Rotation, is_ring, rotate_ring, rotate_signing_keys
from ultra.environments.secrets import GUARDING, keep_secrets
from ultra.environments.switching import Outcome, Standing, environment_of, standing, switch

__all__ = [
    "GUARDING",
    "Difference",
    "Document",
    "Outcome",
    "Rotation",
    "Standing",
    "Unclear",
    "begin",
    "change",
    "compare",
    "environment_of",
    "inspect",
    "is_ring",
    "keep_secrets",
    "local_file",
    "private_copy",
    "read_document",
    "refusal_of_name",
    "replace_document",
    "rotate_ring",
    "rotate_signing_keys",
    "set_values",
    "standing",
    "switch",
    "unset_values",
]
