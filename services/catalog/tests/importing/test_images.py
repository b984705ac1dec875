"""Pictures: recognised by their content, refused for a reason, stored as they are."""

from __future__ import annotations

import hashlib
import io
import struct
import zlib

import PIL.Image
import pytest
from tantrum_catalog.domain.pictures import (
    PIXELS_MAX,
    SIZE_BYTES_MAX,
    ImageRefusedError,
    checked,
)
from tantrum_catalog.importing.writing import ImportFailedError

from .old_database import few_shows


def picture(image_format="PNG", size=(4, 3), **options):
    stream = io.BytesIO()
    PIL.Image.new("RGB", size, "teal").save(stream, image_format, **options)
    return stream.getvalue()


def png_claiming(width, height):
    """A small file that says it is a large picture."""

    def chunk(name, data):
        body = name + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", b"") + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("image_format", "media_type"),
    [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("GIF", "image/gif")],
)
def test_a_picture_is_known_by_its_content(image_format, media_type):
    content = picture(image_format)

    image = checked(content)

    assert (image.media_type, image.width, image.height) == (media_type, 4, 3)
    assert image.id == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"", "is empty", id="empty"),
        pytest.param(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "cannot be read", id="svg"),
        pytest.param(b"<html>404</html>", "cannot be read", id="an error page"),
        pytest.param(picture()[:40], "cannot be read", id="cut off"),
        pytest.param(picture("JPEG", (400, 400))[:-200], "cannot be read", id="cut off in the end"),
        pytest.param(picture("BMP"), "cannot be read", id="a kind that browsers do not all show"),
        pytest.param(picture() + bytes(SIZE_BYTES_MAX), "more than 3,145,728 bytes", id="too big"),
        pytest.param(png_claiming(5_001, 5_000), "more than 25,000,000 pixels", id="pixels"),
        pytest.param(png_claiming(60_000, 60_000), "cannot be read", id="a bomb"),
    ],
)
def test_what_is_no_picture_to_store_is_refused(content, reason):
    with pytest.raises(ImageRefusedError, match=reason):
        checked(content)


def test_the_limit_on_pixels_is_one_that_memory_bears():
    assert PIXELS_MAX * 4 <= 100_000_000


@pytest.fixture
async def with_pictures(site, tmp_path):
    """Three shows with pictures, of which two are the same and one cannot be read."""
    folder = tmp_path / "uploads"
    (folder / "shows").mkdir(parents=True)
    (folder / "shows" / "one show.png").write_bytes(picture())
    (folder / "two.jpg").write_bytes(picture())
    (folder / "three.png").write_bytes(b"no picture")
    old = few_shows()
    first, second, third = old.shows.values()
    first["image_url"] = "/shows/one%20show.png"
    second["image_url"] = "https://old.example.com/uploads/two.jpg?v=2"
    third["image_url"] = "/uploads/three.png"
    await old.write(site.old)
    return site, folder


@pytest.mark.integration
async def test_pictures_come_in_with_their_shows_and_bad_ones_are_refused(with_pictures):
    site, folder = with_pictures

    report = await site.import_all(images_folder=folder)

    images = report.table("images")
    assert (images.rows_in, images.inserted, images.unchanged) == (3, 1, 1)
    [refusal] = images.refused
    assert "three.png: it cannot be read as a picture" in refusal.reason
    stored = await site.new.fetchrow("SELECT * FROM catalog.image")
    assert (stored["media_type"], stored["width"], stored["height"]) == ("image/png", 4, 3)
    assert stored["content"] == picture()
    rows = await site.new.fetch("SELECT image_id FROM catalog.show ORDER BY id")
    assert [row["image_id"] for row in rows] == [stored["id"], stored["id"], None]


@pytest.mark.integration
async def test_pictures_may_come_later_and_stay_when_no_folder_is_given(with_pictures):
    site, folder = with_pictures

    without = await site.import_all()
    later = await site.import_all(images_folder=folder)
    again = await site.import_all()

    assert "3 shows name a picture; --images brings the files in" in without.notices
    assert later.table("catalog_tv_shows").updated == 2
    assert again.revision is None
    assert await site.new.fetchval("SELECT count(image_id) FROM catalog.show") == 2


@pytest.mark.integration
async def test_a_picture_of_a_refused_show_does_not_come_in(with_pictures):
    site, folder = with_pictures
    await site.old.execute("UPDATE catalog_tv_shows SET age_range = 'any' WHERE id IN (1, 2)")

    report = await site.import_all(images_folder=folder)

    images = report.table("images")
    assert (images.rows_in, images.rows_out, len(images.refused)) == (3, 0, 3)
    assert await site.new.fetchval("SELECT count(*) FROM catalog.image") == 0


@pytest.mark.integration
async def test_a_picture_that_changes_meanwhile_takes_all_back(with_pictures):
    site, folder = with_pictures

    def change(line):
        if line.startswith("catalog_themes:"):
            (folder / "two.jpg").write_bytes(picture(size=(5, 5)))

    with pytest.raises(ImportFailedError, match=r"two\.jpg changed while it was imported"):
        await site.import_all(images_folder=folder, progress=change)

    assert await site.new.fetchval("SELECT count(*) FROM catalog.show") == 0


@pytest.mark.integration
@pytest.mark.parametrize(
    "url",
    ["/../secret.png", "/%2e%2e/secret.png", "/shows/../../secret.png", "/", "http://[", "shows"],
)
async def test_an_address_never_leads_out_of_the_folder(site, tmp_path, url):
    folder = tmp_path / "uploads"
    (folder / "shows").mkdir(parents=True)
    (tmp_path / "secret.png").write_bytes(picture())
    old = few_shows()
    old.shows[1]["image_url"] = url
    await old.write(site.old)

    report = await site.import_all(images_folder=folder)

    images = report.table("images")
    assert (images.rows_in, images.inserted, len(images.refused)) == (1, 0, 1)
    assert report.table("catalog_tv_shows").inserted == 3
