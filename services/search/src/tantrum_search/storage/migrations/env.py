"""What Alembic runs: the steps, over the connection that `tantrum_search.storage.migrate` made."""

from __future__ import annotations

from alembic import context

from tantrum_search.storage.migrate import SCHEMA

context.configure(
    connection=context.config.attributes["connection"],
    version_table="alembic_version",
    version_table_schema=SCHEMA,
)
with context.begin_transaction():
    context.run_migrations()
