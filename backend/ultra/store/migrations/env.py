"""What alembic runs for every command: the connection comes from `store/migrating.py`, nothing from a file."""

from alembic import context

from ultra.store.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,  # SQLite changes a column by copying the table
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
