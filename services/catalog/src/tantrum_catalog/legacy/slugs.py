"""Stable names for addresses, made of a show's or a theme's own name."""

from __future__ import annotations

import re
import unicodedata

_APOSTROPHES = re.compile("['\u2018\u2019\u02bc`]")


def slugify(text: str) -> str:
    """
    Lower-case ASCII words joined by hyphens; empty if *text* has no such word.

    Accents are folded, apostrophes vanish, "&" is read as "and".
    """
    text = _APOSTROPHES.sub("", text).replace("&", " and ")
    folded = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode("ascii")
    return "-".join(re.findall(r"[a-z0-9]+", folded.lower()))
