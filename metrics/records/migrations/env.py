"""How Alembic runs a migration of the records."""

from metrics.records.migrating import run
from metrics.records.tables import metadata

run(metadata)
