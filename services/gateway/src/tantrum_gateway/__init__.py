"""HTTP for browsers over the catalogue and search."""
