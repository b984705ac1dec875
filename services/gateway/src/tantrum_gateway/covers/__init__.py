"""
Draws the cover of a show: a deterministic SVG from its name, themes and stimulation.

A scene that the themes suggest, the name below it in letters that can be read at
a width of 120 pixels, and the stimulation as dots in its colour.
"""

from __future__ import annotations

import hashlib
import random
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import escape

from tantrum_gateway.covers import lettering, scenes

WIDTH: Final = 400
HEIGHT: Final = 600

_BRAND: Final = "#285161"
_COLOURS: Final = ("#22c55e", "#4ade80", "#eab308", "#f97316", "#ef4444")
_WORDS: Final = ("low", "low to medium", "medium", "medium to high", "high")
_SCENE_HEIGHT: Final = 350
_DOT_DISTANCE: Final = 44


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What a cover is drawn from."""

    name: str
    slug: str
    stimulation: int
    """1 to 5; what lies outside is drawn as the nearest."""
    themes: tuple[str, ...]
    """Slugs."""


def drawn(subject: Subject) -> str:
    """Return the SVG of *subject*, at most 6 KB, the same for the same subject."""
    level = min(5, max(1, subject.stimulation))
    colour = _COLOURS[level - 1]
    seed = hashlib.blake2b(subject.slug.encode(), digest_size=8).digest()
    dice = random.Random(int.from_bytes(seed))  # noqa: S311 - the same slug, the same picture
    scene = scenes.for_themes(subject.themes)(dice, lettering.initials(subject.name))
    title = f"{subject.name}. Stimulation {_WORDS[level - 1]}, {level} of 5."
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
        f'width="{WIDTH}" height="{HEIGHT}" role="img" aria-labelledby="t">'
        f'<title id="t">{escape(title)}</title>'
        f'<svg width="{WIDTH}" height="{_SCENE_HEIGHT}">{scene}</svg>'
        f'<path d="M0 {_SCENE_HEIGHT}h{WIDTH}v{HEIGHT - _SCENE_HEIGHT}H0z" fill="{_BRAND}"/>'
        f'<path d="M0 {_SCENE_HEIGHT - 6}h{WIDTH}v12H0z" fill="{colour}"/>'
        f"{lettering.title(subject.name, top=_SCENE_HEIGHT + 14, bottom=HEIGHT - 66)}"
        f"{_dots(level, colour)}</svg>"
    )


def _dots(level: int, colour: str) -> str:
    left = WIDTH / 2 - 2 * _DOT_DISTANCE
    dots = []
    for number in range(5):
        look = f'fill="{colour}"' if number < level else 'fill="none" stroke-opacity=".45"'
        dots.append(f'<circle cx="{left + number * _DOT_DISTANCE:.0f}" cy="562" r="14" {look}/>')
    return f'<g stroke="#fff" stroke-width="3">{"".join(dots)}</g>'
