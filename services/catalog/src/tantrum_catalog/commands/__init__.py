"""What `tantrum-catalog` can be told to do, one module a command."""
