"""Patterns as every entrance shows them."""

from typing import Any

from ultra.domain.patterns import Lens


def shown(lens: Lens) -> dict[str, Any]:
    """Return a pattern as plain JSON; `model` is the name to ask for it on `/v1`."""
    return {
        "name": lens.name,
        "model": f"ultra/{lens.name}",
        "summary": lens.summary,
        "when": lens.when,
        "minimum_panel": lens.minimum_panel,
        "default_flow": lens.default_flow,
        "roles": list(lens.roles),
        "shape": lens.shape,
    }
