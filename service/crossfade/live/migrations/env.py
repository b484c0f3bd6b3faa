"""Run by Alembic for each command: migrate over the connection that ``live.migrating`` opened and locked."""

from __future__ import annotations

from alembic import context

context.configure(connection=context.config.attributes["connection"])
context.run_migrations()
