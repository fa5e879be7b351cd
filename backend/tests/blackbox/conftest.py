"""The servers under test, each started once for a worker of the test run, and what cases ask them with."""

from collections.abc import Iterator

import pytest

from tests.blackbox.houses import large, small
from tests.blackbox.targets import House, Target, given
from tests.journeys.programs import Mock, mock_process

SETUPS = ("small", "large")
_BY_ADDRESS = ("test_R05_", "test_R07_", "test_R09_", "test_H09_a_flood_", "test_C23_", "test_R21_", "test_R23_")
"""Cases whose clients need addresses of their own, which only a target on loopback can be asked from."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """With a given target, leave out the cases that look inside a server or start one."""
    there = given()
    if there is None:
        return
    inside = {"house", "testing", "production", "upstream"}
    asked = {item: set(getattr(item, "fixturenames", ())) for item in items}
    chosen = [item for item, names in asked.items() if "target" in names and not names & inside]
    if not there.is_near:
        chosen = [item for item in chosen if not item.name.startswith(_BY_ADDRESS)]
    config.hook.pytest_deselected(items=[item for item in items if item not in chosen])
    items[:] = chosen


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run each case on both set-ups, or on the target that is given."""
    for name in ("target", "house"):
        if name in metafunc.fixturenames:
            setups = ("given",) if given() and name == "target" else SETUPS
            metafunc.parametrize(name, setups, indirect=True, scope="session")


@pytest.fixture(scope="session")
def upstream() -> Iterator[Mock]:
    """Start a mock of every vendor, as fast as possible."""
    with mock_process() as mock:
        yield mock


@pytest.fixture(scope="session")
def testing(upstream: Mock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Start the small set-up: testing, SQLite, one process."""
    with small(tmp_path_factory.mktemp("small"), upstream) as house:
        yield house


@pytest.fixture(scope="session")
def production(upstream: Mock, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """Start the large set-up: production, PostgreSQL, Valkey, two processes."""
    with large(tmp_path_factory.mktemp("large"), upstream) as house:
        yield house


@pytest.fixture(scope="session")
def house(request: pytest.FixtureRequest) -> House:
    """Give each set-up in turn."""
    found: House = request.getfixturevalue({"small": "testing", "large": "production"}[request.param])
    return found


@pytest.fixture(scope="session")
def target(request: pytest.FixtureRequest) -> Target:
    """Give each set-up in turn, or the server that the environment names."""
    if request.param == "given":
        there = given()
        assert there is not None
        return there
    found: House = request.getfixturevalue({"small": "testing", "large": "production"}[request.param])
    return found
