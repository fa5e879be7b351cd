"""What is seen of the database, the counter and the providers, judged."""

from pathlib import Path

import pytest

from tests.unit.checks.connections.sights import SIGHTS, database
from tests.unit.checks.examining import examined, production
from ultra.checks.connected import connection_checks
from ultra.checks.reaching import Reached
from ultra.domain.findings import Finding

TOML = '[[providers]]\nname = "groq"\npreset = "groq"\n[aliases]\nfast = "groq/large"\n'


def found(folder: Path, reached: Reached, **settings: str) -> list[Finding]:
    """Return what all checks find in production with an alias."""
    (folder / "ultra.toml").write_text(TOML)
    case = examined(folder, **production(**settings)).case
    return [each for check in connection_checks().values() for each in check.find(case, reached)]


@pytest.mark.parametrize("name", sorted(SIGHTS))
def test_it_is_found(tmp_path: Path, name: str) -> None:
    """The one sight gives this finding and no other, with what to do."""
    findings = found(tmp_path, SIGHTS[name][0])
    assert [each.id for each in findings] == [name]
    assert findings[0].sentence.endswith(".")
    assert findings[0].hint


@pytest.mark.parametrize("name", sorted(SIGHTS))
def test_it_is_not_found(tmp_path: Path, name: str) -> None:
    """The other sight, which differs by little, does not give it."""
    assert name not in {each.id for each in found(tmp_path, SIGHTS[name][1])}


def test_nothing_reached_is_nothing_found(tmp_path: Path) -> None:
    """What there is no address for is not missed."""
    assert found(tmp_path, Reached()) == []


def test_tables_that_the_start_changes_are_a_warning_and_others_an_error(tmp_path: Path) -> None:
    """A start makes empty tables, and brings older ones forward where it may; all others are refused by it."""
    assert [each.level for each in found(tmp_path, database(pending=("0002",)))] == ["error"]
    assert [each.level for each in found(tmp_path, database(pending=("0002",), is_empty=True))] == ["warning"]
    lenient = found(tmp_path, database(pending=("0002",)), ULTRA_AUTO_MIGRATE="true")
    assert [each.level for each in lenient] == ["warning"]
    newer = found(tmp_path, database(conflict="The database is at a revision that this program does not know."))
    assert [(each.id, each.level) for each in newer] == [("U091", "error")]


def test_a_model_of_a_providers_own_table_need_not_be_listed(tmp_path: Path) -> None:
    """What an operator says is served is believed."""
    (tmp_path / "ultra.toml").write_text(TOML.replace("[aliases]", 'models = ["large"]\n[aliases]'))
    case = examined(tmp_path, **production()).case
    reached = SIGHTS["U097"][0]
    assert list(connection_checks()["U097"].find(case, reached)) == []
