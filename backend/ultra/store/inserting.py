"""`INSERT ... ON CONFLICT`, which SQLAlchemy has once for each database."""

from functools import cache
from importlib import import_module
from typing import Any

from sqlalchemy import Table


def inserting(table: Table, *, is_sqlite: bool) -> Any:
    """Return an insertion into a table that can be told what to do about a row that is there already."""
    return _dialect(is_sqlite=is_sqlite).insert(table)


@cache
def _dialect(*, is_sqlite: bool) -> Any:
    # each takes long to import, and one is needed
    return import_module(f"sqlalchemy.dialects.{'sqlite' if is_sqlite else 'postgresql'}")
