"""What `tantrum-operator` can be told to do, one module each."""
