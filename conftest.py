"""What concerns every test: where it may live, and how rarely Python looks for cycles."""

from __future__ import annotations

import gc
import operator

# pytest makes packages of the folders above a test, and puts them in the place of modules
# that are none. With a path, the module is taken for the package and stays: so tests can
# live below `operator/`, which has the name of a module of the standard library.
operator.__path__ = []

# Thousands of tests and their modules stay until the end; to look through all of them for
# cycles again and again takes a quarter of the time of collecting them.
gc.set_threshold(100_000, 50, 50)


def pytest_collection_finish() -> None:
    gc.freeze()
