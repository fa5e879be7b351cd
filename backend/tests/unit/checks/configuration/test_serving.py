"""What may be served: production with everything it needs, several workers with what they share."""

import secrets
from pathlib import Path

import pytest

from tests.unit.checks.examining import SHARED, errors, examined, production
from ultra.domain.findings import at_least


def problems(folder: Path, **environ: str) -> dict[str, str]:
    """Return what keeps a server from starting, under its setting."""
    return errors(folder, serving=True, **environ)


def test_production_can_be_served(tmp_path: Path) -> None:
    """With an https origin and its secrets production starts, on any address, with one worker on SQLite."""
    found = examined(tmp_path, **production(ULTRA_HOST="0.0.0.0")).findings
    assert at_least(found, "error") == ()
    assert {"DATABASE_URL", "REDIS_URL"} <= {each.setting for each in found}
    assert problems(tmp_path, **production(ULTRA_WORKERS="4", **SHARED)) == {}


def test_production_names_everything_that_is_missing_at_once(tmp_path: Path) -> None:
    """An empty configuration is refused with every secret and the origin, and with what is wrong besides."""
    found = problems(tmp_path, ENVIRONMENT="production", ULTRA_WORKERS="2", ULTRA_PORT="many", ULTRA_MOCK_SERVERS="1")
    assert set(found) == {
        "ULTRA_SIGNING_KEYS",
        "ULTRA_CSRF_KEY",
        "ULTRA_KEY_PEPPER",
        "ULTRA_PUBLIC_ORIGIN",
        "ULTRA_WORKERS",
        "ULTRA_PORT",
        "ULTRA_MOCK_SERVERS",
    }


@pytest.mark.parametrize(
    ("more", "named"),
    [
        ({"ULTRA_PUBLIC_ORIGIN": "http://ultra.example"}, "ULTRA_PUBLIC_ORIGIN"),
        ({"ULTRA_TEST_MODE_SECRET": secrets.token_urlsafe(32)}, "ULTRA_TEST_MODE_SECRET"),
        ({"ULTRA_TRUSTED_PROXIES": "10.0.0.0/8, 0.0.0.0/0"}, "ULTRA_TRUSTED_PROXIES"),
        ({"ULTRA_TRUSTED_PROXIES": "::/0"}, "ULTRA_TRUSTED_PROXIES"),
        ({"ULTRA_TRUSTED_PROXIES": "*"}, "ULTRA_TRUSTED_PROXIES"),
        ({"ULTRA_CORS_ORIGINS": "*", "ULTRA_CORS_CREDENTIALS": "true"}, "ULTRA_CORS_ORIGINS"),
        ({"ULTRA_CORS_ORIGINS": "https://a.example/path"}, "ULTRA_CORS_ORIGINS"),
        ({"ULTRA_CORS_ORIGINS": "null"}, "ULTRA_CORS_ORIGINS"),
        ({"ULTRA_SECURITY_CONTACT": "security@ultra.example"}, "ULTRA_SECURITY_CONTACT"),
        ({"ULTRA_SECURITY_CONTACT": "https://ultra.example\nExpires: never"}, "ULTRA_SECURITY_CONTACT"),
        ({"ULTRA_MOCK_SERVERS": "true"}, "ULTRA_MOCK_SERVERS"),
        ({"ULTRA_WORKERS": "2", "REDIS_URL": "redis://h"}, "ULTRA_WORKERS"),
        ({"ULTRA_WORKERS": "2", "DATABASE_URL": "postgresql://u@h/d"}, "ULTRA_WORKERS"),
        ({"ULTRA_CSRF_KEY": ""}, "ULTRA_CSRF_KEY"),
    ],
)
def test_production_refuses_to_start_unsafe(tmp_path: Path, more: dict[str, str], named: str) -> None:
    """Each of these alone keeps production from starting, by the name of its setting and without its value."""
    found = problems(tmp_path, **production(**more))
    assert set(found) == {named}
    for value in more.values():
        assert len(value) < 10 or value not in found[named]


def test_the_test_header_is_for_testing(tmp_path: Path) -> None:
    """Its secret is allowed on testing's loopback and does nothing in development; testing never leaves loopback."""
    secret = secrets.token_urlsafe(32)
    assert problems(tmp_path, ENVIRONMENT="testing", ULTRA_TEST_MODE_SECRET=secret) == {}
    assert problems(tmp_path, ULTRA_TEST_MODE_SECRET=secret) == {}
    for host in ("0.0.0.0", "::", "192.0.2.1", "ultra.example"):
        assert "U054" in problems(tmp_path, ENVIRONMENT="testing", ULTRA_HOST=host)["ULTRA_HOST"]


def test_development_needs_nothing(tmp_path: Path) -> None:
    """What development lacks is made; only several workers need what they share."""
    assert problems(tmp_path) == {}
    assert problems(tmp_path, ULTRA_WORKERS="2", **SHARED) == {}
    assert set(problems(tmp_path, ULTRA_WORKERS="2")) == {"ULTRA_WORKERS"}


def test_a_command_is_not_asked_for_what_a_server_needs(tmp_path: Path) -> None:
    """Looking at a half-made production configuration is possible."""
    assert errors(tmp_path, ENVIRONMENT="production") == {}


@pytest.mark.parametrize("value", ["1", "true", "TRUE", "yes", "on", "app:*"])
@pytest.mark.parametrize("name", ["DEBUG", "PYTHONDEVMODE"])
def test_debugging_variables_are_told_of_in_production(tmp_path: Path, name: str, value: str) -> None:
    """Whoever has set one believes something about this server; elsewhere nobody minds."""
    found = [each for each in examined(tmp_path, **production(**{name: value})).findings if each.id == "U063"]
    assert [(each.setting, each.level) for each in found] == [(name, "warning")]
    assert "U063" not in {each.id for each in examined(tmp_path, **{name: value}).findings}


def test_a_debugging_variable_in_an_env_file_is_told_of_too(tmp_path: Path) -> None:
    """With the file it stands in."""
    local = tmp_path / ".env.production.local"
    local.write_text("DEBUG=1\n")
    local.chmod(0o600)
    (found,) = (each for each in examined(tmp_path, **production()).findings if each.id == "U063")
    assert ".env.production.local" in found.sentence
