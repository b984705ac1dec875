"""The catalogue over gRPC: decode, call one use case, encode."""
