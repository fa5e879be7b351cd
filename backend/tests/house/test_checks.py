"""Every check has an id and a page, and is tried both ways."""

import re
from pathlib import Path

import pytest

from tests.unit.checks.connections.sights import SIGHTS
from tests.unit.checks.scenes import SCENES
from ultra.checks import reports
from ultra.checks.pages import FOLDER, described, written_files
from ultra.config.problems import Subject

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("name", sorted(written_files()))
def test_a_generated_page_is_fresh(name: str) -> None:
    """A committed page equals what its check generates; `python -m ultra.checks .` writes them again."""
    assert (ROOT / name).read_text(encoding="utf-8") == written_files()[name]


def test_there_is_no_page_without_a_check() -> None:
    """A check that is gone has no page left."""
    assert {str(path.relative_to(ROOT)) for path in (ROOT / FOLDER).iterdir()} == set(written_files())


def test_every_check_is_tried_both_ways() -> None:
    """Each id has a scene in which it is found and one in which it is not."""
    assert sorted([*SCENES, *SIGHTS]) == list(described())


def test_ids_are_ids() -> None:
    """An id is U and three digits, and every title fits into a table."""
    for name, check in described().items():
        assert re.fullmatch(r"U\d{3}", name)
        assert len(check.title) < 60


def test_every_problem_of_reading_has_an_id() -> None:
    """Whatever reading the sources can complain about, one check reports it."""
    assert sorted(each.about for each in reports().values()) == sorted(Subject.__args__)
