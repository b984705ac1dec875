"""
The process that draws covers: SVG in, JPEG out, until its input ends.

Imports nothing that it does not need: it is there beside every gateway.
"""

from __future__ import annotations

import io
import os
import sys
from typing import BinaryIO, Final

import fontpkg
import resvg_py
from PIL import Image

_LENGTH_BYTES: Final = 4
"""What comes in and what goes out has its length in front, big-endian."""
_FONT: Final = "Nunito"
"""The one that covers ask for first; the machine's own are not looked at."""
_QUALITY: Final = 85


def jpeg(svg: str) -> bytes:
    """Return *svg* as JPEG."""
    png = resvg_py.svg_to_bytes(
        svg_string=svg, font_files=[str(fontpkg.path(_FONT))], skip_system_fonts=True
    )
    drawn = io.BytesIO()
    with Image.open(io.BytesIO(png)) as image:
        image.convert("RGB").save(drawn, "JPEG", quality=_QUALITY, progressive=True)
    return drawn.getvalue()


def serve(requests: BinaryIO, answers: BinaryIO) -> None:
    """Answer each of *requests* until they end. Each side has its length in front."""
    while length := requests.read(_LENGTH_BYTES):
        drawn = jpeg(requests.read(int.from_bytes(length)).decode())
        answers.write(len(drawn).to_bytes(_LENGTH_BYTES) + drawn)
        answers.flush()


if __name__ == "__main__":
    # Nobody waits for a cover as for an answer.
    os.nice(10)
    serve(sys.stdin.buffer, sys.stdout.buffer)
