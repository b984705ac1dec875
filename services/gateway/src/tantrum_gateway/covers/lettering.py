"""The name on a cover: wrapped, as large as fits, in the reader's own sans-serif."""

from __future__ import annotations

import re
from typing import Final
from xml.sax.saxutils import escape

_FONT: Final = "Nunito,'Trebuchet MS','DejaVu Sans',Verdana,sans-serif"
_SIZES: Final = (60, 54, 48, 43, 38, 34, 30)
_WIDTH: Final = 360
_MAX_LINES: Final = 4
_LINE_HEIGHT: Final = 1.08
_NARROW: Final = frozenset("iljtfr!.,:;'|()I ")
_WIDE: Final = frozenset("mwMW@&%")


def title(name: str, *, top: int, bottom: int) -> str:
    """Return *name* as SVG text in the middle of the space between *top* and *bottom*."""
    size, lines = _fitted(name, height=bottom - top)
    step = size * _LINE_HEIGHT
    # 0.74 of the size lies above the base line in the capitals of these fonts.
    first = (top + bottom - step * (len(lines) - 1)) / 2 + size * 0.36
    spans = "".join(
        f'<tspan x="200" y="{first + number * step:.0f}">{escape(line)}</tspan>'
        for number, line in enumerate(lines)
    )
    return (
        f'<text font-family="{_FONT}" font-weight="800" font-size="{size}" fill="#fff" '
        f'text-anchor="middle">{spans}</text>'
    )


def initials(name: str) -> str:
    """Return one or two capitals that stand for *name*."""
    words = [word for word in re.findall(r"\w+", name) if word.lower() not in ("the", "a", "and")]
    return "".join(word[0].upper() for word in words[:2]) or "TV"


def width(text: str, size: float) -> float:
    """Return about how wide *text* is in bold letters of *size*; rather too wide than not."""
    ems = sum(
        0.36
        if letter in _NARROW
        else 0.98
        if letter in _WIDE
        else 0.78
        if letter.isupper()
        else 0.63
        for letter in text
    )
    return ems * size


def _fitted(name: str, *, height: float) -> tuple[int, list[str]]:
    for size in _SIZES:
        lines = _wrapped(name, size)
        fits = all(width(line, size) <= _WIDTH for line in lines)
        if fits and len(lines) <= _MAX_LINES and len(lines) * size * _LINE_HEIGHT <= height:
            return size, lines
    size = _SIZES[-1]
    lines = [_cut(line, size) for line in _wrapped(name, size)]
    if len(lines) > _MAX_LINES:
        lines = [*lines[: _MAX_LINES - 1], _cut(f"{lines[_MAX_LINES - 1]} …", size)]
    return size, lines


def _wrapped(name: str, size: float) -> list[str]:
    lines = [""]
    for word in name.split():
        longer = f"{lines[-1]} {word}".strip()
        if width(longer, size) <= _WIDTH or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(word)
    return lines


def _cut(line: str, size: float) -> str:
    while width(line, size) > _WIDTH:
        line = f"{line.removesuffix('…')[:-1]}…"
    return line
