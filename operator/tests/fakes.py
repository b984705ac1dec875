"""What stands for the API server in tests of the loop and of what it writes with."""

from __future__ import annotations

from tantrum_kit.errors import CallerError


class Memory:
    """Keeps objects, and what was written in order. It knows no versions and no managers."""

    def __init__(self, *bodies):
        self.objects = {(each["kind"], each["metadata"]["name"]): each for each in bodies}
        self.statuses = []
        self.applied = []
        self.failure: CallerError | None = None

    async def get(self, kind, namespace, name):
        return self.objects.get((kind.name, name))

    async def apply(self, manifest):
        if self.failure is not None:
            raise self.failure
        self.applied.append(manifest)
        return manifest

    async def apply_status(self, kind, namespace, name, status, *, uid=None):
        if self.failure is not None:
            raise self.failure
        self.statuses.append(status)
        self.objects[kind.name, name] = self.objects[kind.name, name] | {"status": status}


def pool(name="pool", generation=1, **more):
    metadata = {
        "name": name,
        "namespace": "shows",
        "uid": f"uid-of-{name}",
        "generation": generation,
        "annotations": more.pop("annotations", {}),
    }
    api_version = "platform.tvtantrum.com/v1alpha1"
    return {"apiVersion": api_version, "kind": "PgBouncer", "metadata": metadata, **more}
