"""Keeps shows, categories, research and editors."""
