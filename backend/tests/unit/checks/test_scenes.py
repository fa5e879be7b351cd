"""Every check finds what it is there for, and leaves alone what is well."""

from pathlib import Path

import pytest

from tests.unit.checks.examining import told
from tests.unit.checks.scenes import SCENES
from ultra.checks.pages import described


@pytest.mark.parametrize("name", sorted(SCENES))
def test_it_is_found(tmp_path: Path, name: str) -> None:
    """In the one scene it is found, no graver than its page says, with what to do, and without a secret."""
    scene = SCENES[name][0]
    found = [each for each in scene.found(tmp_path) if each.id == name]
    assert found
    assert {each.level for each in found} <= {described()[name].level}
    assert all(each.sentence.endswith(".") and (each.hint or each.level == "info") for each in found)
    secrets = [value for key, value in scene.environ.items() if key.endswith(("KEY", "KEYS", "PEPPER", "SECRET"))]
    assert not [value for value in secrets for each in found if len(value) > 9 and value in told(each)]


@pytest.mark.parametrize("name", sorted(SCENES))
def test_it_is_not_found(tmp_path: Path, name: str) -> None:
    """In the other scene, which differs by little, it is not."""
    assert name not in {each.id for each in SCENES[name][1].found(tmp_path)}
