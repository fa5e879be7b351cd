"""What is asked of every route is asked of every route there is."""

import re
from pathlib import Path
from typing import Any

from starlette.routing import Route

from ultra.app import create_app
from ultra.config import load
from ultra.readiness.routes import ROUTES


def test_no_route_is_forgotten(tmp_path: Path) -> None:
    """Each route of a production stands in the list, whatever its places are called."""
    made: Any = create_app(load(environ={"ENVIRONMENT": "production"}, folder=tmp_path))
    patterns = [(method, re.sub(r"[A-Za-z]+_0{26}|consensus|acme/[^/]+", "*", path)) for method, path in ROUTES]
    served = {
        (method, re.sub(r"\{[^}]+\}", "*", route.path))
        for route in made._others.routes
        if isinstance(route, Route)
        for method in route.methods or ()
        if method != "HEAD"
    }
    assert served - set(patterns) - {("GET", "/health/ready")} == set()


def test_readiness_probe_is_left_to_other_steps() -> None:
    """It changes by itself, so it is not among what must answer the same twice."""
    assert ("GET", "/health/ready") not in ROUTES
