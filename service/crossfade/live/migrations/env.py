"""Run by Alembic for each command: migrate over the connection that ``live.migrating`` opened and locked."""

from __future__ import annotations

from alembic import context

from crossfade.live.schema import VERSION_TABLE

context.configure(connection=context.config.attributes["connection"], version_table=VERSION_TABLE)
context.run_migrations()
