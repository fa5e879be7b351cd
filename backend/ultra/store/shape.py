"""What tables a revision has, and whether a database has exactly those: one that was changed by halves is found out."""

from collections.abc import Mapping
from typing import TypeAlias

from sqlalchemy import Connection, create_engine, text

from ultra.store.metadata import METADATA

Shape: TypeAlias = Mapping[str, frozenset[str]]
"""The names of columns by the name of their table."""

_SQLITE = "SELECT m.name, c.name FROM sqlite_master m JOIN pragma_table_info(m.name) c WHERE m.type = 'table'"
_POSTGRESQL = "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = current_schema()"
_REVISIONS = "alembic_version"
COPY = "_alembic_tmp_"
"""How a table's copy is called while SQLite changes it."""


def declared() -> Shape:
    """Return the tables of the newest revision."""
    return {table.name: frozenset(column.name for column in table.columns) for table in METADATA.sorted_tables}


def found(connection: Connection) -> Shape:
    """Return the tables that are there, those of others included."""
    columns: dict[str, set[str]] = {}
    statement = _SQLITE if connection.dialect.name == "sqlite" else _POSTGRESQL
    for table, column in connection.execute(text(statement)):
        columns.setdefault(table, set()).add(column)
    return {table: frozenset(names) for table, names in columns.items()}


def of_revision(revision: str | None, *, newest: str) -> Shape:
    """Return the tables of an earlier revision by building them, empty, in memory; None has none."""
    if revision is None:
        return {}
    if revision == newest:
        return declared()
    from ultra.store import alembic_steps  # noqa: PLC0415 - half a second that only a database left behind pays

    engine = create_engine("sqlite://")
    try:
        with engine.begin() as connection:
            alembic_steps.raise_to(connection, revision)
            return {name: columns for name, columns in found(connection).items() if name != _REVISIONS}
    finally:
        engine.dispose()


def defects(there: Shape, wanted: Shape) -> tuple[str, ...]:
    """Say in words what of ours is missing or too much; tables that are none of ours are left alone."""
    ours = {*declared(), *wanted}
    sentences = [f"table {name} is missing" for name in sorted(wanted.keys() - there.keys())]
    sentences += [
        f"table {name} is there too early"
        for name in sorted(there)
        if name not in wanted and (name in ours or name.startswith(COPY))
    ]
    for name in sorted(wanted.keys() & there.keys()):
        sentences += [f"column {name}.{each} is missing" for each in sorted(wanted[name] - there[name])]
        sentences += [f"column {name}.{each} is not of this revision" for each in sorted(there[name] - wanted[name])]
    return tuple(sentences)
