"""Builds the container images: `images/build`."""
