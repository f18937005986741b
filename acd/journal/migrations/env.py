"""How Alembic runs a migration of the journal."""

from acd.journal.store.database import VERSION_TABLE
from acd.journal.store.tables import metadata
from metrics.records.migrating import run

run(metadata, VERSION_TABLE)
