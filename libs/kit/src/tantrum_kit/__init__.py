"""Errors, lifecycle, logging, metrics and gRPC policy of the services; no domain."""
