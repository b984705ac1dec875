"""PgBouncer objects: poolers before a database, and the agent beside each of them."""
