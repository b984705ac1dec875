"""What stops a build, said in a sentence that a person can act on."""

from __future__ import annotations


class ImagesError(Exception):
    """Something that whoever typed the command can mend; the text is the whole message."""
