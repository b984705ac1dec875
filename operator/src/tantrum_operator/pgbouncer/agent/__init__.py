"""The agent: runs beside PgBouncer in its pod, so that no pause outlives its deadline."""
