"""The one place that imports alembic: it takes half a second, which a start without migrations does not pay."""

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def raise_to(connection: Connection, revision: str) -> None:
    """Apply every revision up to this one (`head`: the newest) in the transaction that is open."""
    command.upgrade(_config(connection), revision)


def lower_to(connection: Connection, revision: str | None) -> None:
    """Take back every revision after this one (None: all of them) in the transaction that is open."""
    command.downgrade(_config(connection), revision or "base")


def _config(connection: Connection) -> Config:
    config = Config(attributes={"connection": connection})
    config.set_main_option("script_location", "ultra.store:migrations")
    config.set_main_option("path_separator", "os")
    return config
