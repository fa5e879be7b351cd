"""The env files and the switch between environments: what the configuration reads, this writes."""

from ultra.environments.document import Document, Unclear
from ultra.environments.editor import change, local_file, read_document
from ultra.environments.rotation import Rotation, rotate_ring, rotate_signing_keys
from ultra.environments.secrets import keep_secrets

__all__ = [
    "Document",
    "Rotation",
    "Unclear",
    "change",
    "keep_secrets",
    "local_file",
    "read_document",
    "rotate_ring",
    "rotate_signing_keys",
]
