"""Opaque bytes belong to the model that is asked."""

from ultra.domain.chat import Opaque
from ultra.protocols.origins import opaque


def test_a_prefix_names_the_provider() -> None:
    """Only the first slash separates; without one the vendor of the wire is meant."""
    assert opaque("s", model="openrouter/a/b", vendor="anthropic") == Opaque("openrouter", "a/b", "s")
    assert opaque("s", model="opus", vendor="anthropic") == Opaque("anthropic", "opus", "s")
