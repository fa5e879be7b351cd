"""What a database offers its stores: whole transactions, each a plain function over one connection.

A function cannot await, so no transaction can last across a call to a model. And SQLite runs it in one go in a thread:
awaiting each statement (aiosqlite) took four times the processor time for the same append, measured with the journal.
"""

import hashlib
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias, TypeVar

from sqlalchemy import Connection
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from ultra.domain.access import Board
from ultra.domain.errors import InvalidRequest, Overloaded, Unavailable
from ultra.store.arrivals import Arrivals

Result = TypeVar("Result")
Work: TypeAlias = Callable[[Connection], Result]

STORE_UNREACHABLE = "store_unreachable"
"""The `code` of the `Unavailable` that tells a store that is down from models that are."""

STORE_BUSY = "store_busy"
"""The `code` of the `Overloaded` that tells a busy store from busy models."""

PATIENCE_S = 5.0
"""How long a transaction waits for a database that is held by others, in seconds: somebody waits for the answer."""

LONG_PATIENCE_S = 30.0
"""The same for what nobody waits for, and what would be lost or done again if it failed."""

_HELD = frozenset({"55P03", "57014", "40P01"})
"""What PostgreSQL says of locks that others hold: not available, so long that the statement is ended, a deadlock."""

_FILE_TROUBLE = tuple(
    f"SQLITE_{word}" for word in ("CANTOPEN", "CORRUPT", "FULL", "IOERR", "NOTADB", "PERM", "READONLY", "NOMEM")
)


class Database(ABC):
    """An open database. `arrivals` is shared by the stores of this process that write and await events.

    Every method raises `Unavailable` when the database cannot be reached and `Overloaded` when it is busy for too long.
    Reading and writing raise when they have waited for about `patience_s` seconds, whoever holds the database; what was
    given up has not happened, or is as with any cancelled writing. All else takes as long as it takes.
    """

    path: Path | None = None
    """The file of a SQLite database; None for PostgreSQL."""

    mark: str
    """Tells this database from others by where it is: sixteen digits, which say nothing of a user or a password."""

    def __init__(self) -> None:
        self.arrivals = Arrivals()
        self.board: Board | None = None
        """Told of every user whose version a transaction changes, before it is committed and after; None: nobody is."""

    @property
    def is_sqlite(self) -> bool:
        """SQLite, not PostgreSQL."""
        return self.path is not None

    @abstractmethod
    async def read(self, work: Work[Result], *, patience_s: float = PATIENCE_S) -> Result:
        """Run `work` in a transaction that only reads."""

    def glance(self, statement: str, *values: str) -> tuple[Any, ...] | None:
        """Return the first row of a look-up by key, without waiting for anything, from what is committed now.

        An empty tuple says that there is no such row; None that this cannot be told at once: ask with `read`.
        """
        del statement, values
        return None

    @abstractmethod
    async def snapshot(self, work: Work[Result]) -> Result:
        """Run `work`, which only reads, on one unchanging state, however many statements and however long it takes."""

    @abstractmethod
    async def write(self, work: Work[Result], *, patience_s: float = PATIENCE_S) -> Result:
        """Run `work` in a transaction that is committed when it returns and taken back when it raises.

        Whoever is cancelled meanwhile does not know which of the two happened, but it happened wholly.
        """

    @abstractmethod
    async def rebuild(self, work: Work[Result]) -> Result:
        """Run `work`, which changes tables, in a writing transaction."""

    @abstractmethod
    async def maintain(self, work: Work[Result]) -> Result:
        """Run `work` outside transactions: each statement stands for itself."""


def refuse_unkeepable(
    _connection: Any, _cursor: Any, _statement: str, parameters: Any, _context: Any, is_many: bool
) -> None:
    """Raise `InvalidRequest` for text that PostgreSQL cannot keep, before any database sees it: NUL, half surrogates.

    Every engine calls this before every statement. Columns of `Json` and `Prose` have made such text keepable by now:
    what models write is never refused.
    """
    for row in parameters if is_many else (parameters,):
        for value in row.values() if isinstance(row, Mapping) else row or ():
            if isinstance(value, str) and not _is_keepable(value):
                raise InvalidRequest("A text holds NUL or half a surrogate pair.", code="unkeepable_text")


def _is_keepable(text: str) -> bool:
    if "\x00" in text:
        return False
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def mark_of(*place: object) -> str:
    """Return the mark of a database that is at such a place."""
    return hashlib.sha256("\0".join(map(str, place)).encode()).hexdigest()[:16]


@contextmanager
def translated() -> Iterator[None]:
    """Turn a driver's errors into ours, except for those that are our own mistakes."""
    try:
        yield
    except PoolTimeoutError as error:
        raise busy() from error
    except TimeoutError as error:
        raise Unavailable(
            "The store does not answer.",
            hint="Is the database server running?",
            code=STORE_UNREACHABLE,
            retry_after=1.0,
        ) from error
    except DBAPIError as error:
        meaning = _meaning(error)
        if meaning is None:
            raise
        raise meaning from error


def _meaning(error: DBAPIError) -> Unavailable | None:
    sqlite_says: str | None = getattr(error.orig, "sqlite_errorname", None)
    if getattr(error.orig, "sqlstate", None) in _HELD:
        return busy()
    if sqlite_says is None:
        is_away = isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
    elif sqlite_says.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return busy()
    else:
        is_away = sqlite_says.startswith(_FILE_TROUBLE)
    if not is_away:
        return None
    return Unavailable(
        "The store cannot be reached.",
        hint=f"SQLite says: {error.orig}." if sqlite_says else "Is the database server running?",
        code=STORE_UNREACHABLE,
        retry_after=1.0,
    )


def busy() -> Overloaded:
    """Return the error of a database that others hold."""
    return Overloaded("The store is busy.", code=STORE_BUSY, retry_after=1.0)
