"""The free text that describes how a show is made, and the kind of making it tells."""

from __future__ import annotations

import re
from enum import Enum

LONGEST_CHARACTERS = 200
"""What a show's animation style may have."""

_TYPING_SLIPS = {
    "DIgital": "Digital",
    "asthetic": "aesthetic",
    "backgrounds.Color": "backgrounds. Color",
}


class Making(Enum):
    """How a show is made, as far as its text tells."""

    STOP_MOTION = "stop-motion"
    PUPPETRY = "puppetry"
    COMPUTER_ANIMATION = "computer animation"
    DRAWN_ANIMATION = "drawn animation"
    ANIMATION = "animation"
    LIVE_ACTION = "live action"
    LIVE_ACTION_AND_ANIMATION = "live action and animation"
    UNKNOWN = "unknown"


def tidy_style(text: str) -> str:
    """*text* with single spaces, a capital first, its known slips mended, and an end."""
    for slip, mended in _TYPING_SLIPS.items():
        text = text.replace(slip, mended)
    text = " ".join(text.split())
    text = text[:1].upper() + text[1:]
    if len(text) <= LONGEST_CHARACTERS:
        return text
    cut = text[: LONGEST_CHARACTERS + 1]
    sentences, end, _ = cut.rpartition(". ")
    return f"{sentences}." if end else cut.rpartition(" ")[0]


def style_reason(text: str) -> str:
    """Why `tidy_style` changed *text*."""
    if len(text) > LONGEST_CHARACTERS:
        return f"its first sentences, at most {LONGEST_CHARACTERS} characters"
    return "spaces, capitals or spelling"


_LIVE = r"live.action|real-life|real actors"
_DRAWN = r"\b2d\b|hand-drawn"
_COMPUTED = r"\b3d\b|\bcgi\b"
_ANIMATED = r"(?<!no )animat"

# The first of which every pattern is found tells the making.
_PATTERNS_BY_MAKING = (
    (Making.STOP_MOTION, (r"(?<!combining )stop-(?:motion|frame)|claymation",)),
    (Making.LIVE_ACTION_AND_ANIMATION, (_LIVE, f"{_DRAWN}|{_COMPUTED}|{_ANIMATED}")),
    (Making.PUPPETRY, (r"puppet-based|(?:live.action|costumed) puppetry",)),
    (Making.LIVE_ACTION, (_LIVE,)),
    (Making.ANIMATION, (_DRAWN, _COMPUTED)),
    (Making.COMPUTER_ANIMATION, (_COMPUTED,)),
    (Making.DRAWN_ANIMATION, (_DRAWN,)),
    (Making.ANIMATION, (_ANIMATED,)),
)


def making_of(style: str | None) -> Making:
    """The kind of making that *style* tells, by its words."""
    text = (style or "").lower()
    for making, patterns in _PATTERNS_BY_MAKING:
        if all(re.search(pattern, text) for pattern in patterns):
            return making
    return Making.UNKNOWN
