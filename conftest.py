"""Lets tests live below `operator/`, which has the name of a module of the standard library."""

from __future__ import annotations

import operator

# pytest makes packages of the folders above a test, and puts them in the place of modules
# that are none. With a path, the module is taken for the package and stays.
operator.__path__ = []
