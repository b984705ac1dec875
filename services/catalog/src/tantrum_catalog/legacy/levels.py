"""The one scale of sensory levels, and the words the old rows used for it."""

from __future__ import annotations

import re

from tantrum_catalog.domain.show import Level, Sense, Senses

# "Medium" was the word of one importer of the old application; "Moderate-Low"
# was one that its front end sent.
_LEVEL_BY_WORDS = {
    ("low",): Level.LOW,
    ("low", "moderate"): Level.LOW_MODERATE,
    ("moderate", "low"): Level.LOW_MODERATE,
    ("moderate",): Level.MODERATE,
    ("moderate", "high"): Level.MODERATE_HIGH,
    ("high", "moderate"): Level.MODERATE_HIGH,
    ("high",): Level.HIGH,
}


def parse_level(text: str) -> Level | None:
    """
    Read an old level whatever its case, spaces and dashes; None if it is none.

    "Medium" is read as moderate, alone and in pairs.
    """
    words = tuple("moderate" if w == "medium" else w for w in re.findall(r"[a-z]+", text.lower()))
    return _LEVEL_BY_WORDS.get(words)


def old_spelling(level: Level) -> str:
    """The word that the old scale has for *level*, such as "Low-Moderate"."""
    return level.token.title()


def known_levels(senses: Senses) -> dict[Sense, Level]:
    """The levels that are known, in the order in which pages show them."""
    levels = ((sense, senses.level(sense)) for sense in Sense)
    return {sense: level for sense, level in levels if level is not None}
