"""
Pictures: recognised by their content, measured, refused.

A picture is decoded once, whole, so that what is stored is known to be one: no name and no
header that comes with it is believed. Its bytes are stored as they are.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from collections.abc import Mapping
from typing import Final

import PIL.Image

from tantrum_catalog.domain.show import Image

SIZE_BYTES_MAX: Final = 3 * 1024 * 1024
"""As the table allows."""

PIXELS_MAX: Final = 25_000_000
"""Of one picture: a camera's, but no bomb's. Decoded, that is 100 MB at most."""

_MEDIA_TYPE_BY_FORMAT: Final[Mapping[str, str]] = {
    "JPEG": "image/jpeg",
    "PNG": "image/png",
    "WEBP": "image/webp",
    "GIF": "image/gif",
    "AVIF": "image/avif",
}


class ImageRefusedError(Exception):
    """It is no picture that can be stored; the text says why."""


def checked(content: bytes) -> Image:
    """
    Return what a picture is. Takes up to a second, so not for an event loop.

    Raises `ImageRefusedError`.
    """
    if not content:
        raise ImageRefusedError("the file is empty")
    if len(content) > SIZE_BYTES_MAX:
        raise ImageRefusedError(f"the file has more than {SIZE_BYTES_MAX:,} bytes")
    try:
        media_type, (width, height) = _decoded(content)
    except ImageRefusedError:
        raise
    except Exception as error:
        # Decoders raise whatever they stumble over, and files are as bad as they come.
        reason = f"it cannot be read as a picture ({type(error).__name__})"
        raise ImageRefusedError(reason) from error
    return Image(id=image_id_of(content), media_type=media_type, width=width, height=height)


def image_id_of(content: bytes) -> str:
    """Return the id of a picture: the SHA-256 of its bytes."""
    return hashlib.sha256(content).hexdigest()


def _decoded(content: bytes) -> tuple[str, tuple[int, int]]:
    with warnings.catch_warnings():
        # Pillow warns of pixels past its own limit, which is above ours, and of odd metadata.
        warnings.simplefilter("ignore")
        with PIL.Image.open(io.BytesIO(content), formats=[*_MEDIA_TYPE_BY_FORMAT]) as picture:
            width, height = picture.size
            if width * height > PIXELS_MAX:
                raise ImageRefusedError(f"it has more than {PIXELS_MAX:,} pixels")
            picture.load()
            return _MEDIA_TYPE_BY_FORMAT[str(picture.format)], (width, height)
