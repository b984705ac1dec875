"""PgBouncer objects for tests."""

from __future__ import annotations

import copy


def pgbouncer(name="pooler", namespace="here", *, generation=1, **changes):
    """A body with the least that a spec needs, changed at paths such as `pool__size=5`."""
    spec = {
        "image": "pgbouncer:1",
        "upstream": {"host": "postgres.example", "database": "tantrum"},
        "auth": {"secretRef": {"name": "users"}, "user": "tantrum"},
    }
    for path, value in changes.items():
        *folders, last = path.split("__")
        part = spec
        for folder in folders:
            part = part.setdefault(folder, {})
        part[last] = copy.deepcopy(value)
    return {
        "apiVersion": "platform.tvtantrum.com/v1alpha1",
        "kind": "PgBouncer",
        "metadata": {
            "name": name,
            "namespace": namespace,
            "generation": generation,
            "uid": "00000000-0000-0000-0000-000000000001",
        },
        "spec": spec,
    }
