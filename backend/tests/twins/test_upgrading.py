"""Databases that hold something already, moved between revisions."""

from decimal import Decimal

from sqlalchemy import Column, Connection, MetaData, Table, insert, literal_column, text

from tests.twins.accounts import enrol, stored
from tests.twins.shelf import ShiftedSystem
from ultra.store import migrating
from ultra.store.database import Database, open_database
from ultra.store.requests import StoredRequests
from ultra.store.runs import StoredRuns

_AT = "2026-01-02 03:04:05.000006+00"
_RUN = {
    "id": "run_1",
    "owner": "local",
    "status": "complete",
    "question": '{"prompt":"Why?"}',
    "searchable": "why?",
    "options": "{}",
    "panel": '["mock/a"]',
    "resumable": True,
    "created_at": _AT,
    "cancel_requested": False,
    "last_seq": 1,
}
_EVENT = {"run_id": "run_1", "seq": 1, "type": "run.done", "at": _AT, "data": "{}"}
_CALL = {
    "id": "call_1",
    "at": _AT,
    "principal": "local",
    "request_id": "req_1",
    "run_id": "run_1",
    "provider": "mock",
    "model": "mock/a",
    "attempt": 1,
    "possible_double_charge": False,
    "cost_usd": "0.0000123456789",
    "settled_at": _AT,
    "outcome": "ok",
}


async def write_as_before(database: Database) -> None:
    """Put one run with an event and a call into the tables of the first revision."""
    zone = "+00" if database.is_sqlite else ""  # SQLite's texts carry none

    def write(connection: Connection) -> None:
        for table, row in (("runs", _RUN), ("run_events", _EVENT), ("ledger", _CALL)):
            kept = {name: value.removesuffix(zone) if isinstance(value, str) else value for name, value in row.items()}
            columns = {name: literal_column(_literal(value)) for name, value in kept.items()}
            connection.execute(insert(Table(table, MetaData(), *(Column(name) for name in row))).values(columns))

    await database.write(write)


def _literal(value: object) -> str:
    return f"'{value}'" if isinstance(value, str) else str(value).lower()


async def test_runs_survive_the_way_up_and_down(empty_url: str, system: ShiftedSystem) -> None:
    """What the first revision kept is there after accounts came, and after they went again."""
    async with open_database(url=empty_url, system=system) as database:
        await migrating.upgrade(database)
        await migrating.downgrade(database, to="r0001_runs")
        await write_as_before(database)
        for _ in range(2):
            assert await migrating.upgrade(database) == migrating.revisions()[1:]
            run = await StoredRuns(database=database, system=system).get("run_1", owner="local")
            assert run is not None
            assert (run.question.prompt, run.panel, run.credential_id) == ("Why?", ("mock/a",), None)
            told = await StoredRequests(database=database, system=system).get("req_1", principal="local")
            assert told is not None
            assert (told.run_ids, told.cost_usd) == (("run_1",), Decimal("0.0000123456789"))
            accounts = stored(database, system)
            await enrol(accounts)
            assert await accounts.audit.verify() is None
            await migrating.downgrade(database, to="r0001_runs")
            count = text("SELECT count(*) FROM run_events")
            assert await database.read(lambda connection, count=count: connection.scalar(count)) == 1
