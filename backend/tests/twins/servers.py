"""A real PostgreSQL for tests, and databases copied from a template that holds all tables."""

import asyncio
import itertools
import secrets
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from ultra.store import migrating
from ultra.store.database import open_database
from ultra.system import System

_IN_TESTS = ("fsync=off", "synchronous_commit=off", "full_page_writes=off", "max_connections=100")


@dataclass
class Postgres:
    """A running server with a template that holds all tables; `name` keeps parallel workers apart."""

    uri: str
    name: str
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    def __post_init__(self) -> None:
        # A module that takes the fixture over has a second one of these on the same server.
        self.name = f"{self.name}_{secrets.token_hex(3)}"
        self.template = f"{self.name}_template"
        with self.connect() as connection:
            for setting in _IN_TESTS:
                connection.execute(f"ALTER SYSTEM SET {setting}")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute(f"CREATE DATABASE {self.template}")
        asyncio.run(make_tables(self.url(self.template)))

    def connect(self) -> Any:
        """Open an administrator's connection, each statement for itself."""
        import psycopg

        return psycopg.connect(self.uri, autocommit=True)

    def url(self, database: str) -> str:
        """Return the address of one of its databases."""
        return self.uri.replace("/postgres?", f"/{database}?")

    def lend(self, *, template: str) -> Iterator[str]:
        """Give the address of a copy of a template, and drop it afterwards."""
        name = f"{self.name}_{next(self._numbers)}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
            yield self.url(name)
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


async def make_tables(url: str) -> None:
    """Bring the database at `url` to the newest revision."""
    async with open_database(url=url, system=System()) as database:
        await migrating.upgrade(database)
