"""How Alembic runs a migration of the control API's tables."""

from acd.control.store.database import VERSION_TABLE
from acd.control.store.tables import metadata
from metrics.records.migrating import run

run(metadata, VERSION_TABLE)
