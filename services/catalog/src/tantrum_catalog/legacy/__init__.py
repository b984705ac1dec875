"""
What the old application's rows mean, as pure functions without I/O.

The shipped catalogue (`data/catalogue/`) and the import of a live old database
are both made by `normalise.normalise_shows`, so that a show is mended in the
same way wherever it comes from.
"""
