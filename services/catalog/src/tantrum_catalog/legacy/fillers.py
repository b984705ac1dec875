"""
Descriptions that say nothing: blank ones, stock phrases, one text for many shows.

The old application filled what it did not know with a sentence that differed in
the show's name at most. Such sentences are found by being shared, so that no
wording has to be known here.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable

_SHARED_BY_AT_LEAST = 3
"""A real synopsis is not that of three shows."""

_STOCK_PHRASE = re.compile(
    r"(no|missing) (description|synopsis|plot|overview)( (is )?(yet )?available( yet)?)?"
    r"|(description|synopsis) (is )?(not |un)available|(description )?(coming soon|to come|tb[ad])"
    r"|n/?a|none|null|unknown|placeholder|lorem ipsum.*",
    re.IGNORECASE,
)


def is_filler(description: str) -> bool:
    """Whether *description* by itself says nothing."""
    text = description.strip().strip(".!-").strip()
    return not text or _STOCK_PHRASE.fullmatch(text) is not None


def outline(description: str, name: str) -> str:
    """*description* with *name* and letter case taken out, to compare with others."""
    text = " ".join(description.casefold().split())
    title = re.escape(" ".join(name.casefold().split()))
    return re.sub(rf"(?<!\w){title}(?!\w)", "{}", text) if title else text


def shared_outlines(outlines: Iterable[str]) -> frozenset[str]:
    """The *outlines* that too many shows share for them to describe one."""
    counts = Counter(outlines)
    return frozenset(text for text, count in counts.items() if count >= _SHARED_BY_AT_LEAST)
