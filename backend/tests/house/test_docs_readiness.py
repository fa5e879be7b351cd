"""The pages about readiness name every step, and every file and exit code there is."""

import re
from pathlib import Path

from ultra.readiness import every_step
from ultra.readiness.report import EXITS, SCHEMA

ROOT = Path(__file__).parents[3]
HOW_TO = (ROOT / "docs/how-to/rehearse-production.md").read_text(encoding="utf-8")
READINESS = (ROOT / "docs/production_readiness.md").read_text(encoding="utf-8")
STEPS = {step.name for step in every_step()}


def test_both_pages_name_every_step() -> None:
    """The table of the how-to has each id once; the other one says what part it stands for."""
    (table,) = re.findall(r"^## The steps\n(.*?)^## ", HOW_TO, re.MULTILINE | re.DOTALL)
    named = [
        name
        for line in table.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([a-z-]+)`", line.split("|")[1])
    ]
    assert sorted(named) == sorted(STEPS)
    assert set(re.findall(r"`([a-z-]+)`", READINESS)) >= STEPS


def test_the_tests_that_are_named_are_there() -> None:
    """Each path to tests leads somewhere."""
    paths = re.findall(r"`(backend/tests/[\w/.]+)`", READINESS)
    assert paths
    assert [path for path in paths if not (ROOT / path).exists()] == []


def test_codes_and_the_version_are_told() -> None:
    """The how-to has every exit code of a report and the version of the document."""
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", HOW_TO, re.MULTILINE)} >= set(EXITS.values())
    assert f"the version of the document ({SCHEMA})" in HOW_TO
