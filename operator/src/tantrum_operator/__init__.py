"""Keeps the platform's replicas, poolers and Redis as its custom resources say."""
