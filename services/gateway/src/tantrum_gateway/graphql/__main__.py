"""Prints the schema: `python -m tantrum_gateway.graphql > docs/schema.graphql`."""

from __future__ import annotations

import sys

from tantrum_gateway.graphql.schema import SDL

sys.stdout.write(SDL)
