"""The committed env files and the reference page say what the declarations say."""

from pathlib import Path

import pytest

from ultra.config import written_files

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", sorted(written_files()))
def test_a_generated_file_is_fresh(name: str) -> None:
    """A committed file equals what the declarations generate; `python -m ultra.config .` writes them again."""
    assert (ROOT / name).read_text(encoding="utf-8") == written_files()[name]
