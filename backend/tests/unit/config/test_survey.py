"""What every source gives can be seen without being judged."""

from pathlib import Path

from ultra.config import is_secret, masked, survey


def test_a_wrong_configuration_can_still_be_seen(tmp_path: Path) -> None:
    """Values stand beside their places, wrong ones too; an empty value is not set, and a default is in words."""
    (tmp_path / ".env.production.local").write_text("ULTRA_PORT=none\nULTRA_PUBLIC_ORIGIN=\nMINE=1\n")
    (tmp_path / ".env.production").write_text("ULTRA_PORT=1\nULTRA_WORKERS=2\n")
    found = survey(environ={"ULTRA_HOST": "::1"}, folder=tmp_path, environment="production")
    shown = {name: (each.raw, each.kind, each.place) for name, each in found.values.items()}
    assert shown["ULTRA_PORT"] == ("none", "local", ".env.production.local, line 1")
    assert shown["ULTRA_WORKERS"] == ("2", "template", ".env.production, line 2")
    assert shown["ULTRA_PUBLIC_ORIGIN"] == (None, "local", ".env.production.local, line 2")
    assert shown["ULTRA_HOST"] == ("::1", "process", "process environment")
    assert shown["DATABASE_URL"] == ("(ultra.db in ULTRA_DATA_DIR)", "default", "default in production")
    assert shown["MINE"] == ("1", "local", ".env.production.local, line 3")
    assert shown["ENVIRONMENT"][0] == "production"


def test_references_are_known_unless_the_file_is_wrong(tmp_path: Path) -> None:
    """The variables that keys are taken from are read from `ultra.toml`."""
    assert survey(environ={}, folder=tmp_path, environment="testing").references == frozenset()
    toml = '[[providers]]\nname = "acme"\nbase_url = "https://acme.example"\napi_key = "env:ACME_API_KEY"\n'
    (tmp_path / "ultra.toml").write_text(toml)
    assert survey(environ={}, folder=tmp_path, environment="testing").references == {"ACME_API_KEY"}
    (tmp_path / "ultra.toml").write_text("not toml")
    assert survey(environ={}, folder=tmp_path, environment="testing").references is None


def test_what_may_be_a_secret_is_masked() -> None:
    """Secrets, keys of one's own and passwords in addresses; nothing else."""
    assert masked("OPENAI_API_KEY", "sk") == masked("MINE", "sk") == "********"
    assert masked("ULTRA_PORT", "1") == "1"
    assert masked("REDIS_URL", "redis://:pw@h/0") == "redis://:********@h/0"
    assert is_secret("REDIS_URL", "redis://:pw@h/0")
    assert not is_secret("REDIS_URL", "redis://h/0")
