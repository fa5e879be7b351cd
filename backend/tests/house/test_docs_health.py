"""The pages about health name every condition as it is, and tests that are there."""

import re
from pathlib import Path

import pytest

from ultra.checks import conditions
from ultra.checks.conditions.check import ConditionCheck
from ultra.discovery import collect

ROOT = Path(__file__).parents[3]
REFERENCE = (ROOT / "docs/reference/health.md").read_text(encoding="utf-8")
DOWN = (ROOT / "docs/explanation/when-things-are-down.md").read_text(encoding="utf-8")
KINDS = collect(conditions, ConditionCheck)  # type: ignore[type-abstract]  # only subclasses are collected


def rows(page: str) -> list[list[str]]:
    """Return the cells of every row of every table, without headings and rules."""
    lines = [line for line in page.splitlines() if line.startswith("| ")]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return [each for each in cells if each[0] not in ("what", "address", "condition")]


@pytest.mark.parametrize("name", sorted(KINDS))
def test_a_condition_is_documented_as_it_is(name: str) -> None:
    """Its row says how often it is looked at, its deadline, and whether it is needed to serve."""
    (row,) = [each for each in rows(REFERENCE) if each[0] == f"`{name}`"]
    kind = KINDS[name]
    assert row[1:4] == [f"{kind.every_s:g} s", f"{kind.deadline_s:g} s", "yes" if kind.is_needed else "no"]


def test_no_other_condition_is_documented() -> None:
    """Every row of the reference is about one that exists."""
    named = {row[0].strip("`") for row in rows(REFERENCE) if not row[0].startswith("`/")}
    assert named == set(KINDS)


@pytest.mark.parametrize("row", rows(DOWN), ids=lambda row: row[0])
def test_what_is_said_of_an_outage_is_shown_by_a_test(row: list[str]) -> None:
    """Every row names a test, and it is there."""
    found = re.fullmatch(r"`(?P<path>[\w/]+\.py)::(?P<name>test_\w+)`", row[-1])
    assert found is not None, row
    text = (ROOT / "backend/tests" / found["path"]).read_text(encoding="utf-8")
    assert re.search(rf"^(async )?def {found['name']}\(", text, re.MULTILINE), row[-1]
