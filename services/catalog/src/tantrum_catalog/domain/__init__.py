"""The catalogue's values, rules and use cases. Nothing here does I/O."""
