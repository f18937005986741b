"""How Alembic runs a migration: on the connection, and in the transaction, that `database.py` hands it."""

from alembic import context

from acd.control.store.database import VERSION_TABLE
from acd.control.store.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    version_table=VERSION_TABLE,
    transactional_ddl=True,
)
with context.begin_transaction():
    context.run_migrations()
