"""
The schema's history, for Alembic: plain SQL, forward only.

Each step works with the release before it too, so that a rollback of the code needs none of
the schema. Indexes on tables in use are made `CONCURRENTLY`, in an autocommit block of a step
of their own.
"""
