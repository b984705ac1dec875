"""Draws the cover of a show: a deterministic SVG from its name, themes and stimulation."""

from __future__ import annotations

from dataclasses import dataclass
from xml.sax.saxutils import escape


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a cover is drawn from."""

    name: str
    slug: str
    stimulation: int
    themes: tuple[str, ...]


def drawn(subject: Subject) -> str:
    """Return the SVG of *subject*, 400 wide and 600 high."""
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 400 600" width="400" height="600" '
        f'role="img"><title>{escape(subject.name)}</title>'
        '<rect width="400" height="600" fill="#285161"/></svg>'
    )
