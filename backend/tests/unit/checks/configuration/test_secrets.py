"""Secrets that guard Ultra are long, random and each used once, and no sentence about them shows one."""

import secrets
from pathlib import Path

import pytest

from tests.unit.checks.examining import errors

NAMES = ("ULTRA_SIGNING_KEYS", "ULTRA_CSRF_KEY", "ULTRA_KEY_PEPPER")


def problems(folder: Path, environment: str = "production", **environ: str) -> dict[str, str]:
    """Return the errors that every command meets, by setting."""
    return errors(folder, ENVIRONMENT=environment, **environ)


@pytest.mark.parametrize(
    "secret",
    [
        "a" * 43,
        "ab" * 32,
        "0123456789" * 5,
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJ",
        "zyxwvutsrqponmlkjihgfedcba9876543210",
        "changeme-changeme-changeme-changeme!",
        "please-change-this-to-something-else-1",
        "my-super-secret-signing-key-for-jwts-2026",
        "this is only an EXAMPLE value, replace it",
        "deadbeefdeadbeefdeadbeefdeadbeef",
    ],
)
@pytest.mark.parametrize("name", NAMES)
def test_production_refuses_weak_secrets(tmp_path: Path, name: str, secret: str) -> None:
    """Repetitions, sequences and placeholders are no secrets, however long; the sentence does not show them."""
    value = secret if name == "ULTRA_CSRF_KEY" else f"one:{secret}"
    found = problems(tmp_path, **{name: value})
    assert set(found) == {name}
    assert secret not in found[name]


@pytest.mark.parametrize("environment", ["development", "testing", "production"])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("secret", ["short", "x" * 31])
def test_a_short_secret_is_refused_everywhere(tmp_path: Path, name: str, secret: str, environment: str) -> None:
    """Fewer than 32 bytes protect nothing, in any environment."""
    assert set(problems(tmp_path, environment, **{name: secret})) == {name}


@pytest.mark.parametrize("value", ["one:", "one", "one:x,two", ":", "a b:" + "k" * 40, ","])
@pytest.mark.parametrize("name", ["ULTRA_SIGNING_KEYS", "ULTRA_KEY_PEPPER"])
def test_a_ring_that_cannot_be_read_is_refused(tmp_path: Path, name: str, value: str) -> None:
    """A ring is `name:secret`, separated by commas."""
    assert set(problems(tmp_path, "testing", **{name: value})) == {name}


def test_one_secret_is_used_for_one_thing(tmp_path: Path) -> None:
    """The same secret under two settings is refused, also when one of them is a ring."""
    secret = secrets.token_urlsafe(32)
    assert set(problems(tmp_path, ULTRA_SIGNING_KEYS=f"one:{secret}", ULTRA_CSRF_KEY=secret)) == {"ULTRA_CSRF_KEY"}
    other = secrets.token_urlsafe(32)
    ring = f"one:{secret},two:{other}"
    assert set(problems(tmp_path, ULTRA_SIGNING_KEYS=ring, ULTRA_KEY_PEPPER=f"p:{other}")) == {"ULTRA_KEY_PEPPER"}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("OPENAI_API_KEY", "{}"),
        ("GEMINI_API_KEY", "sk-{}"),
        ("GROQ_API_KEY", "{}"),
        ("DATABASE_URL", "postgresql://u:{}@localhost/d"),
        ("REDIS_URL", "redis://:{}@localhost/0"),
        ("ULTRA_ALERT_URLS", "slack://x/{}"),
        ("ULTRA_OTEL_HEADERS", "authorization={}"),
    ],
)
@pytest.mark.parametrize("own", ["ULTRA_CSRF_KEY", "ULTRA_KEY_PEPPER"])
def test_a_secret_of_ultras_is_told_to_nobody(tmp_path: Path, own: str, name: str, value: str) -> None:
    """As a provider's key, a password, or part of an address it is refused; the sentence does not show it."""
    (tmp_path / "ultra.toml").write_text('[[providers]]\nname = "groq"\npreset = "groq"\n')
    secret = secrets.token_urlsafe(32)
    ring = f"p:{secret}" if own == "ULTRA_KEY_PEPPER" else secret
    found = problems(tmp_path, **{own: ring, name: value.format(secret)})
    assert set(found) == {name}
    assert own in found[name]
    assert secret not in found[name]
    other = secrets.token_urlsafe(32)
    assert problems(tmp_path, **{own: ring, name: value.format(other)}) == {}


def test_two_providers_may_have_one_key(tmp_path: Path) -> None:
    """That is their business."""
    assert problems(tmp_path, OPENAI_API_KEY="sk-one-for-all", GEMINI_API_KEY="sk-one-for-all") == {}


def test_production_does_not_use_the_secrets_of_development(tmp_path: Path) -> None:
    """A secret that stands in this folder's development file is refused, whatever it is called there."""
    secret = secrets.token_urlsafe(32)
    local = tmp_path / ".env.development.local"
    local.write_text(f"ULTRA_SIGNING_KEYS=dev:{secret}\n")
    local.chmod(0o600)
    found = problems(tmp_path, ULTRA_SIGNING_KEYS=f"prod:{secret}")
    assert "development" in found["ULTRA_SIGNING_KEYS"]
    assert problems(tmp_path, ULTRA_SIGNING_KEYS=f"prod:{secrets.token_urlsafe(32)}") == {}


def test_a_providers_key_is_not_shared_with_development(tmp_path: Path) -> None:
    """What is spent by a test that runs wild must not be production's money; a key of its own is fine."""
    local = tmp_path / ".env.development.local"
    local.write_text("OPENAI_API_KEY=sk-one-for-all\n")
    local.chmod(0o600)
    assert "U025" in problems(tmp_path, OPENAI_API_KEY="sk-one-for-all")["OPENAI_API_KEY"]
    assert problems(tmp_path, OPENAI_API_KEY="sk-of-production") == {}
    assert problems(tmp_path, "development") == {}


def test_the_command_that_mends_it_is_said(tmp_path: Path) -> None:
    """For the environment that is judged: what is missing is made, what is weak is made anew."""
    missing = errors(tmp_path, serving=True, ENVIRONMENT="production")["ULTRA_CSRF_KEY"]
    assert "scripts/set-env.sh generate --environment production" in missing
    weak = problems(tmp_path, "testing", ULTRA_CSRF_KEY="short")["ULTRA_CSRF_KEY"]
    assert "scripts/set-env.sh generate ULTRA_CSRF_KEY --force --environment testing" in weak


def test_generated_secrets_are_always_accepted(tmp_path: Path) -> None:
    """What the hint makes is strong enough, a hundred times over."""
    for _ in range(100):
        assert problems(tmp_path, ULTRA_CSRF_KEY=secrets.token_urlsafe(32)) == {}
        assert problems(tmp_path, ULTRA_CSRF_KEY=secrets.token_hex(32)) == {}
