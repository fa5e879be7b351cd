"""Templates and what every page says to the browser."""

from functools import cache
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.responses import HTMLResponse

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""No script, no other host, no frame."""


@cache
def _templates() -> Environment:
    return Environment(loader=PackageLoader("ultra.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True)


def page(name: str, *, status: int = 200, **facts: Any) -> HTMLResponse:
    """Render a template; a fact it needs and is not given is an error, not a gap."""
    return HTMLResponse(
        _templates().get_template(name).render(**facts),
        status_code=status,
        headers={"content-security-policy": POLICY, "cache-control": "no-store"},
    )
