"""The commands of `tantrum-operator`: each module has `add_to(subparsers)` and `run(arguments)`."""
