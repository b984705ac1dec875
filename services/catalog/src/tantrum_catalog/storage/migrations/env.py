"""What Alembic runs: the steps, over the connection that `tantrum_catalog.storage.migrate` made."""

from __future__ import annotations

from alembic import context

from tantrum_catalog.storage.migrate import SCHEMA

context.configure(
    connection=context.config.attributes["connection"],
    version_table="alembic_version",
    version_table_schema=SCHEMA,
    # An index cannot be made concurrently inside a transaction that spans all steps.
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
