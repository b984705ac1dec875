"""Benchmarks that print their figures beside their bars. See `python -m bench --help`."""
