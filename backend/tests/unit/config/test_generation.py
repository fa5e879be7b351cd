"""Secrets that are made are fit to be used."""

from tests.fakes.system import FakeSystem
from ultra.config import make_secrets

NAMES = ("ULTRA_SIGNING_KEYS", "ULTRA_CSRF_KEY", "ULTRA_KEY_PEPPER")


def test_rings_get_a_named_entry() -> None:
    """Signing keys and the pepper can be rotated later, because the first one has a name."""
    made = make_secrets(NAMES, system=FakeSystem())
    assert made["ULTRA_SIGNING_KEYS"].startswith("k20260101:")
    assert made["ULTRA_KEY_PEPPER"].startswith("p20260101:")
    assert ":" not in made["ULTRA_CSRF_KEY"]
