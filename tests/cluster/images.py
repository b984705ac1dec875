"""
The images to install, as `images/build` has listed them.

`python -m tests.cluster.images` prints the archives to load onto a node for these tests, with
`release` those of the product alone, and with `values` the chart's values that name them.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[2]
NEXT = "next"
"""The release after this one: the same services, and a migration that adds a column."""

_OTHERS = {"base", "operator"}
"""What no release of the product names: the operator has a chart of its own."""

_NOT_USED = {"opensearch"}
"""What these tests run no pod of: nodes need not have them."""

BROKEN = "broken"
"""Services whose migrations work, and which exit when they should serve."""


def values(variant=""):
    """Return the chart's values that name all images, those of *variant* where there are any."""
    images = _built("") | (_built(variant) if variant else {})
    return {
        "images": {"tags": {part: images[part]["tag"] for part in images if part not in _OTHERS}}
    }


def reference(part):
    """Return the name of the image of *part*, with its tag."""
    facts = _built("")[part]
    return f"{facts['name']}:{facts['tag']}"


def _built(variant):
    path = CHECKOUT / f"images/.built{variant and '-'}{variant}.json"
    return json.loads(path.read_text())


def _print(what):
    if what == "values":
        print(json.dumps(values()))
        return
    of_release = what == "release"
    for variant in [""] if of_release else ["", NEXT, BROKEN]:
        for part, image in _built(variant).items():
            if part not in _OTHERS and (of_release or part not in _NOT_USED):
                print(image["archive"])


if __name__ == "__main__":
    _print(*sys.argv[1:] or [""])
