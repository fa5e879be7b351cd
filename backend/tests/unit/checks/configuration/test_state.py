"""Where data and counters are kept, and how they are reached."""

from pathlib import Path

import pytest

from tests.unit.checks.examining import examined, production
from ultra.checks.configuration.disk_space import DiskSpace


def found(folder: Path, name: str, **environ: str) -> list[str]:
    """Return the sentences of one check in production."""
    return [each.sentence for each in examined(folder, **production(**environ)).findings if each.id == name]


@pytest.mark.parametrize(
    ("url", "is_found"),
    [
        ("postgresql://u@db.lan/d", True),
        ("postgresql://u@db.lan/d?sslmode=disable", True),
        ("postgresql://u@db.lan/d?sslmode=require", False),
        ("postgresql://u@localhost/d", False),
        ("postgresql://u@[::1]:5432/d", False),
        ("postgresql:///d?host=/run/postgresql", False),
        ("postgresql://u@/d?host=db.lan", True),
    ],
)
def test_the_way_to_another_machine_is_encrypted(tmp_path: Path, url: str, *, is_found: bool) -> None:
    """A socket of this machine needs no TLS; the way to any other does."""
    assert bool(found(tmp_path, "U041", DATABASE_URL=url)) is is_found


@pytest.mark.parametrize("url", ["redis://localhost", "redis://127.0.0.1:1/0", "unix:///run/valkey.sock", "rediss://h"])
def test_a_counter_on_this_machine_or_over_tls_is_fine(tmp_path: Path, url: str) -> None:
    """Nobody else is on the way."""
    assert found(tmp_path, "U043", REDIS_URL=url) == []


def test_a_database_that_another_environment_names_is_not_shared(tmp_path: Path) -> None:
    """The same place under another account is the same database; another name on the same server is not."""
    local = tmp_path / ".env.development.local"
    local.write_text("DATABASE_URL=postgresql://dev:secret@db.lan:5432/ultra\n")
    local.chmod(0o600)
    assert found(tmp_path, "U045", DATABASE_URL="postgresql://prod@db.lan/ultra?sslmode=require")
    assert found(tmp_path, "U045", DATABASE_URL="postgresql://prod@db.lan/ultra_production") == []


def test_a_file_that_is_no_database_has_no_owner(tmp_path: Path) -> None:
    """What cannot be read says nothing, and is left as it is."""
    (tmp_path / "var").mkdir()
    file = tmp_path / "var" / "ultra.db"
    file.write_bytes(b"not a database" * 100)
    assert found(tmp_path, "U045") == []
    assert file.read_bytes() == b"not a database" * 100


@pytest.mark.parametrize("url", ["sqlite:///", "sqlite:///x.db?mode=ro", "sqlite:///nowhere/x.db"])
def test_a_database_that_can_be_no_file_is_refused(tmp_path: Path, url: str) -> None:
    """Before the start stumbles over it."""
    assert found(tmp_path, "U046", DATABASE_URL=url)


@pytest.mark.parametrize(("free", "is_found"), [(1 << 30, False), ((1 << 30) - 1, True)])
def test_little_room_is_said_in_time(tmp_path: Path, free: int, *, is_found: bool) -> None:
    """A gibibyte beside a SQLite file is enough, and less is not; what is left is said."""
    case = examined(tmp_path).case
    sentences = [each.sentence for each in DiskSpace(free=lambda _: free).find(case)]
    assert bool(sentences) is is_found
    assert all("1023 MiB" in each for each in sentences)
