"""Covers as JPEG, and the process that draws them."""

from __future__ import annotations

import asyncio
import io
import os
import signal
from pathlib import Path

import pytest
from PIL import Image
from tantrum_gateway import covers
from tantrum_gateway.old_api import jpeg_covers
from tantrum_kit.errors import UnavailableError

from .conftest import Site, eventually

SVG = covers.drawn(covers.Subject(name="Bluey", slug="bluey", stimulation=3, themes=("nature",)))


async def test_a_cover_is_a_jpeg_of_its_size_with_its_letters(site: Site):
    response = await site.get("/images/tv-shows/show-31-Bluey.jpg")
    unnamed = await site.get("/images/tv-shows/show-31-.jpg")

    assert response.headers["content-type"] == "image/jpeg"
    assert "content-encoding" not in response.headers
    assert unnamed.content == response.content
    picture = opened(response.content)
    assert picture.size == (covers.WIDTH, covers.HEIGHT)
    # Below the picture there is nothing but letters on the brand's colour, and dots.
    title = picture.crop((0, 370, covers.WIDTH, 530)).convert("L")
    assert title.histogram()[200:] != [0] * 56, "the name is lettered in white"


def opened(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    assert picture.format == "JPEG"
    return picture


async def test_drawings_do_not_mix():
    async with jpeg_covers.drawing() as drawn_cover:
        other = SVG.replace("#285161", "#ff0000")
        drawn = await asyncio.gather(*(drawn_cover(svg) for svg in (SVG, other) * 3))

    assert len(set(drawn)) == 2
    assert drawn[::2] == [drawn[0]] * 3
    assert drawn[1::2] == [drawn[1]] * 3


async def test_a_drawing_that_fails_harms_no_other():
    async with jpeg_covers.drawing() as drawn_cover:
        with pytest.raises(UnavailableError):
            await drawn_cover("<svg")
        opened(await drawn_cover(SVG))


async def test_a_process_that_was_killed_is_started_again():
    async with jpeg_covers.drawing() as drawn_cover:
        await drawn_cover(SVG)
        [process] = drawing_processes()
        os.kill(process, signal.SIGKILL)
        await eventually(lambda: not drawing_processes())
        with pytest.raises(UnavailableError):
            await drawn_cover(SVG)
        opened(await drawn_cover(SVG))


async def test_a_process_that_is_frozen_is_replaced(monkeypatch):
    async with jpeg_covers.drawing() as drawn_cover:
        await drawn_cover(SVG)
        [process] = drawing_processes()
        os.kill(process, signal.SIGSTOP)
        with monkeypatch.context() as impatient:
            impatient.setattr(jpeg_covers, "_TIMEOUT_SECONDS", 0.2)
            with pytest.raises(UnavailableError):
                await drawn_cover(SVG)
        opened(await drawn_cover(SVG))
        assert drawing_processes() != [process]


async def test_who_leaves_while_it_is_drawn_leaves_nothing_for_the_next():
    async with jpeg_covers.drawing() as drawn_cover:
        waiting = asyncio.create_task(drawn_cover(SVG))
        await eventually(drawing_processes)
        waiting.cancel()
        await asyncio.wait([waiting])
        other = SVG.replace("#285161", "#ff0000")
        assert await drawn_cover(other) == await drawn_cover(other) != await drawn_cover(SVG)


async def test_the_process_ends_with_the_gateway():
    async with jpeg_covers.drawing() as drawn_cover:
        await drawn_cover(SVG)
        assert len(drawing_processes()) == 1

    assert drawing_processes() == []


def drawing_processes() -> list[int]:
    """Children of this process that draw."""
    found = []
    for children in Path("/proc/self/task").glob("*/children"):
        for child in children.read_text().split():
            command = Path(f"/proc/{child}/cmdline")
            if command.exists() and b"tantrum_gateway.old_api.drawing" in command.read_bytes():
                found.append(int(child))
    return found
