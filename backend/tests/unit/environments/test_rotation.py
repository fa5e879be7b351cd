"""A fresh signing key is put in front; the one before still checks, older ones go."""

import stat
from pathlib import Path

import pytest

from tests.fakes.system import FakeSystem
from ultra.auth.key_ring import read_ring
from ultra.config import ConfigurationInvalid, load
from ultra.environments import rotate_ring, rotate_signing_keys
from ultra.system import System

OLD = "k1:one-secret-of-the-tests-that-is-long-enough"
OLDER = "k0:another-secret-of-the-tests-that-is-long-enough"


def written(folder: Path, text: str) -> Path:
    """Write development's local file."""
    path = folder / ".env.development.local"
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_the_fresh_key_signs_and_the_last_one_checks(tmp_path: Path) -> None:
    """Everything else of the file stays as it was, in its order, and the file stays closed."""
    path = written(
        tmp_path, f"# mine\n\nOPENAI_API_KEY=sk-1\n# ring\nULTRA_SIGNING_KEYS={OLD},{OLDER}\n\nULTRA_PORT=1\n"
    )
    done = rotate_signing_keys(tmp_path, "development", system=System())
    lines = path.read_text().split("\n")
    assert [*lines[:4], *lines[5:]] == ["# mine", "", "OPENAI_API_KEY=sk-1", "# ring", "", "ULTRA_PORT=1", ""]
    ring = read_ring(str(load(environ={}, folder=tmp_path).settings.signing_keys.reveal()))
    assert ring.names == (done.signs, "k1")
    assert (done.checks, done.dropped) == (("k1",), ("k0",))
    assert lines[4].endswith(f",{OLD}")
    assert "secret-of-the-tests" not in repr(done)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.iterdir()] == [path.name]


def test_names_are_of_the_day_and_differ(tmp_path: Path) -> None:
    """Rotating again on one day gives a number; no two keys of a ring share a name."""
    path = written(tmp_path, f"export ULTRA_SIGNING_KEYS='{OLD}'")
    names = [rotate_signing_keys(tmp_path, "development", system=FakeSystem()).signs for _ in range(3)]
    assert names == ["k20260101", "k20260101-2", "k20260101-3"]
    assert path.read_text().startswith("export ULTRA_SIGNING_KEYS=k20260101-3:")


@pytest.mark.parametrize(
    "text",
    ["", "ULTRA_PORT=1\n", "ULTRA_SIGNING_KEYS=one-secret-without-a-name-that-is-long\n", "not a line\n", f"""
ULTRA_SIGNING_KEYS="{OLD}
,{OLDER}"
"""],
)  # fmt: skip
def test_a_ring_that_is_not_there_is_not_rotated(tmp_path: Path, text: str) -> None:
    """The file stays as it is where the ring stands elsewhere or cannot be read."""
    path = written(tmp_path, text)
    with pytest.raises(ConfigurationInvalid):
        rotate_signing_keys(tmp_path, "development", system=System())
    assert path.read_text() == text


def test_a_pepper_keeps_every_earlier_one(tmp_path: Path) -> None:
    """API keys live long: what was hashed with any earlier pepper is still found."""
    path = written(tmp_path, f"ULTRA_KEY_PEPPER={OLD},{OLDER}\n")
    done = rotate_ring(tmp_path, "development", "ULTRA_KEY_PEPPER", system=FakeSystem())
    assert (done.signs, done.checks, done.dropped) == ("p20260101", ("k1", "k0"), ())
    assert path.read_text().endswith(f",{OLD},{OLDER}\n")
