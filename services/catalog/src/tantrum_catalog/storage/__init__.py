"""Keeps the catalogue: in PostgreSQL, and in memory for tests."""
