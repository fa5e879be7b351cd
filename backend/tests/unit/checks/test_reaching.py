"""What a configuration leads to is reached for real, in bounded time, and nothing is changed by it."""

import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from tests.journeys.programs import MODELS, Mock, mock_process, provider_toml
from tests.twins.conftest import postgres  # noqa: F401 - the fixture
from tests.twins.limits.conftest import valkey_server  # noqa: F401 - the fixture
from tests.twins.servers import Postgres
from tests.twins.valkeys import Valkey
from tests.unit.checks.examining import examined, production, told
from ultra.checks import Examination, examine
from ultra.checks.connected import connect
from ultra.store import migrating, stamp
from ultra.store.database import open_database
from ultra.system import System

PATIENCE_S = 30.0
"""Generous where something is there: the machine may be busy."""


@pytest.fixture(scope="module")
def mock() -> Iterator[Mock]:
    """Run a mock outside the process under test."""
    with mock_process() as running:
        yield running


@pytest.fixture(scope="module")
def silent() -> Iterator[str]:
    """Give the host and port of somebody who takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0), backlog=32) as listener:
        yield f"127.0.0.1:{listener.getsockname()[1]}"


def real(folder: Path, **environ: str) -> Examination:
    """Examine with the real clock."""
    return examine(environ=environ, folder=folder, system=System())


def is_empty(folder: Path) -> bool:
    """Whether nothing was made there."""
    return not list(folder.iterdir())


def ids(examination: Examination) -> set[str]:
    """Return the ids of what only reaching finds."""
    return {each.id for each in examination.findings if each.id >= "U090"}


async def test_what_is_there_is_well(tmp_path: Path, postgres: Postgres, valkey_server: Valkey, mock: Mock) -> None:  # noqa: F811 - the fixtures
    """A server with all tables, a counter and a provider that knows the key: nothing is found."""
    (tmp_path / "ultra.toml").write_text(provider_toml(mock, "acme", MODELS["acme"]))
    for url in postgres.lend(template=postgres.template):
        environ = {"DATABASE_URL": url, "REDIS_URL": valkey_server.url, "ACME_API_KEY": "key"}
        done = await connect(real(tmp_path, **environ), patience_s=PATIENCE_S)
        assert ids(done) == set()
    assert mock.requests() == []


async def test_an_empty_database_lacks_everything_and_is_left_empty(tmp_path: Path, postgres: Postgres) -> None:  # noqa: F811 - the fixture
    """What a start would do is said, and not done."""
    for url in postgres.lend(template="template0"):
        first = await connect(real(tmp_path, DATABASE_URL=url), patience_s=PATIENCE_S)
        again = await connect(real(tmp_path, DATABASE_URL=url), patience_s=PATIENCE_S)
        assert ids(first) == ids(again) == {"U091"}


async def test_a_wrong_name_is_told_from_a_server_that_is_not_there(tmp_path: Path, postgres: Postgres) -> None:  # noqa: F811 - the fixture
    """The driver's words are understood, and none of them is repeated."""
    nowhere = await connect(examined(tmp_path, DATABASE_URL="postgresql://u:CANARY@127.0.0.1:1/d"))
    unknown = await connect(real(tmp_path, DATABASE_URL=postgres.url("nobody_made_this")), patience_s=PATIENCE_S)
    said = {told(each) for done in (nowhere, unknown) for each in done.findings if each.id == "U090"}
    assert len(said) == 2
    assert any("nobody listens" in each for each in said)
    assert any("no such database" in each for each in said)
    assert not any("CANARY" in each or "nobody_made_this" in each for each in said)


async def test_who_says_nothing_is_waited_for_once(tmp_path: Path, silent: str) -> None:
    """Everything at once, each for as long as was said: three silent servers take the time of one."""
    (tmp_path / "ultra.toml").write_text(f'[[providers]]\nname = "near"\nbase_url = "http://{silent}/v1"\n')
    environ = {"DATABASE_URL": f"postgresql://u:CANARY@{silent}/d", "REDIS_URL": f"redis://:CANARY@{silent}/0"}
    system = System()
    began = system.monotonic()
    done = await connect(real(tmp_path, **environ), patience_s=2.0)
    assert system.monotonic() - began < 5.5
    assert ids(done) == {"U090", "U093", "U095"}
    assert not any("CANARY" in told(each) for each in done.findings)


async def test_a_key_that_is_refused_is_told_from_a_provider_that_is_ill(tmp_path: Path, mock: Mock) -> None:
    """A refused key is named by its setting, and not shown."""
    environ = production(ULTRA_OPENAI_BASE_URL=mock.base("openai"), OPENAI_API_KEY="bad CANARY key")
    done = await connect(real(tmp_path, **environ), patience_s=PATIENCE_S)
    (found,) = (each for each in done.findings if each.id == "U096")
    assert found.setting == "OPENAI_API_KEY"
    assert "CANARY" not in told(found)


async def test_no_database_file_is_made_and_a_strangers_is_known(tmp_path: Path) -> None:
    """A SQLite file that is missing stays missing; one of another environment is told by its stamp."""
    assert ids(await connect(real(tmp_path), patience_s=PATIENCE_S)) == set()
    assert is_empty(tmp_path)
    async with open_database(url=f"sqlite:///{tmp_path}/x.db", system=System()) as database:
        await migrating.upgrade(database)
        await stamp.claim_stamp(database, environment="testing")
    done = await connect(real(tmp_path, DATABASE_URL="sqlite:///x.db"), patience_s=PATIENCE_S)
    assert ids(done) == {"U092"}


async def test_tables_of_a_newer_program_are_an_error(tmp_path: Path) -> None:
    """A start would refuse them, so this does."""
    with closing(sqlite3.connect(tmp_path / "x.db")) as file:
        file.execute("CREATE TABLE alembic_version (version_num)")
        file.execute("INSERT INTO alembic_version VALUES ('9999_later')")
        file.commit()
    done = await connect(real(tmp_path, DATABASE_URL="sqlite:///x.db"), patience_s=PATIENCE_S)
    assert [(each.id, each.level) for each in done.findings if each.id >= "U090"] == [("U091", "error")]


async def test_a_wrong_environment_leads_nowhere(tmp_path: Path) -> None:
    """Without an environment there is nothing to reach."""
    done = await connect(examined(tmp_path, ENVIRONMENT="prod"))
    assert [each.id for each in done.findings] == ["U001"]
