"""The old free-text age ranges as two whole numbers of years."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tantrum_catalog.domain.show import AGE_MAX

_PART = re.compile(
    r"(?P<low>\d{1,2})\s*(?:(?:-|\u2013|to)\s*(?P<high>\d{1,2})\s*)?(?P<open>\+)?\s*(?:years?|yrs?)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ages:
    """Ages in years, both ends included; *max_age* None is open-ended."""

    min_age: int
    max_age: int | None


def parse_ages(text: str) -> Ages | None:
    """
    Read an age range such as "3-6", "0-13+", "8+", "3-8 years" or "6-12, 12+".

    Several ranges become the one that spans them, open-ended if any of them is
    or goes on into adult life. None if *text* holds anything else, or ages that cannot be.
    """
    parts = [_parse_part(part) for part in text.split(",")]
    known = [part for part in parts if part is not None]
    if len(known) < len(parts):
        return None
    ends = [part.max_age for part in known]
    closed_ends = [end for end in ends if end is not None]
    return Ages(
        min_age=min(part.min_age for part in known),
        max_age=max(closed_ends) if len(closed_ends) == len(ends) else None,
    )


def plain_spelling(ages: Ages) -> str:
    """The plain way to write *ages*, such as "3-6" or "8+"."""
    return f"{ages.min_age}+" if ages.max_age is None else f"{ages.min_age}-{ages.max_age}"


def _parse_part(text: str) -> Ages | None:
    match = _PART.fullmatch(text.strip())
    if match is None:
        return None
    low = int(match["low"])
    high = int(match["high"]) if match["high"] else low
    if not low <= high or low > AGE_MAX:
        return None
    return Ages(min_age=low, max_age=None if match["open"] or high > AGE_MAX else high)
