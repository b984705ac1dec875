"""Finds shows by what people type."""
