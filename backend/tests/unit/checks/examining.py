"""Examinations for tests: of a folder, with settings given as the process environment."""

import secrets
from pathlib import Path

from tests.fakes.system import FakeSystem
from ultra.checks import Examination, examine
from ultra.domain.findings import Finding, at_least

SHARED = {"DATABASE_URL": "postgresql://u@localhost/d", "REDIS_URL": "redis://localhost"}


def production(**more: str) -> dict[str, str]:
    """Return settings that production can be served with."""
    return {
        "ENVIRONMENT": "production",
        "ULTRA_PUBLIC_ORIGIN": "https://ultra.example",
        "ULTRA_SIGNING_KEYS": f"one:{secrets.token_urlsafe(32)}",
        "ULTRA_CSRF_KEY": secrets.token_urlsafe(32),
        "ULTRA_KEY_PEPPER": f"one:{secrets.token_urlsafe(32)}",
        **more,
    }


def examined(folder: Path, *, serving: bool = True, **environ: str) -> Examination:
    """Examine `folder` with nothing else given."""
    return examine(environ=environ, folder=folder, serving=serving, system=FakeSystem())


def errors(folder: Path, *, serving: bool = False, **environ: str) -> dict[str, str]:
    """Return what keeps a command (or a server) from starting, under its setting."""
    return {
        each.setting: told(each) for each in at_least(examined(folder, serving=serving, **environ).findings, "error")
    }


def told(finding: Finding) -> str:
    """Return everything that a finding says."""
    return f"{finding.id} {finding.setting}: {finding.sentence} {finding.hint}"
