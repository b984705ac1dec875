from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from tantrum_catalog.domain.catalog import POPULARITY
from tantrum_catalog.domain.filter import SenseWanted, ShowFilter
from tantrum_catalog.domain.show import Level, Sense
from tantrum_catalog.seed import SeedError, catalogue_in
from tantrum_catalog.storage.memory import MemoryCatalogStore

from .make import ids_of

FOLDER = Path(__file__).parents[3] / "data" / "catalogue"


@pytest.fixture(scope="module")
def catalogue():
    return catalogue_in(FOLDER)


@pytest.fixture
def folder(tmp_path):
    """A copy of the files, to be broken."""
    return shutil.copytree(FOLDER, tmp_path / "catalogue")


@pytest.fixture
async def store(catalogue):
    store = MemoryCatalogStore()
    await store.load(catalogue)
    return store


def replaced(path, old, new):
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), "utf-8")


@pytest.mark.parametrize(
    ("wanted", "count"),
    [
        ({}, 302),
        *(({"min_stimulation": n, "max_stimulation": n}, count)
          for n, count in {1: 24, 2: 65, 3: 94, 4: 60, 5: 59}.items()),
        ({"min_age": 4, "max_age": 4}, 244),
        ({"min_age": 6, "max_age": 12}, 243),
        ({"min_age": 0, "max_age": 13}, 302),
        ({"max_stimulation": 2, "min_age": 4, "max_age": 4}, 86),
        ({"senses": (SenseWanted(sense=Sense.INTERACTIVITY,
                                 levels=frozenset([Level.LOW_MODERATE])),)}, 45),
        ({"platforms": ("tv",)}, 211),
        ({"platforms": ("youtube",)}, 90),
        ({"featured": True}, 1),
    ],
    ids=str,
)  # fmt: skip
async def test_the_counts_that_the_real_data_must_give(store, wanted, count):
    assert len(await ids_of(store, ShowFilter(**wanted).condition(), size=50)) == count


async def test_home_has_at_least_8_categories_with_shows_the_featured_first(store):
    rows = (await store.home(shows_per_category=12, min_revision=1)).value

    assert len(rows) >= 8
    assert all(row.shows for row in rows)
    for row in rows:
        places = [POPULARITY.sort_key(POPULARITY.cursor_of(show)) for show in row.shows]
        assert places == sorted(places)
    calm = next(row.category for row in rows if row.category.slug == "calm")
    assert calm.show_count == 24 + 65


async def test_there_are_19_research_summaries(store):
    page = await store.page_of_research(category="", after=None, limit=100, min_revision=0)

    assert page.value.total == 19
    assert all(one.facts.publish_date for one in page.value.items)


def test_a_missing_file_is_told(folder):
    (folder / "themes.toml").unlink()

    with pytest.raises(SeedError, match=r"cannot read .*themes.toml"):
        catalogue_in(folder)


@pytest.mark.parametrize(
    ("file", "old", "new", "told"),
    [
        ("shows", "stimulation = 4", "stimulation = 9", "a-for-adley: show.stimulation"),
        ("shows", "stimulation = 4", 'stimulation = "4"', "a-for-adley: stimulation"),
        ("shows", "youtube = true", "youtub = true", "a-for-adley: youtub"),
        ("shows", '"family-values"', '"no-theme"', "a-for-adley: there is no no-theme"),
        ("shows", "id = 2\n", "id = 1\n", "shows.toml: id 1 is there 2 times"),
        ("shows", 'dialogue = "moderate-high"', 'dialogue = "loud"', "there is no level loud"),
        ("shows", "dialogue =", "dialog =", "names a sense that does not exist"),
        ("themes", 'slug = "adventure"', 'slug = "Adventure"', "theme.slug"),
        ("categories", 'operator = "range"', 'operator = "over"', "calm: rules.rules[0].operator"),
        ("research", "published_year = 2", "published_year = 20002", "publish_date"),
        ("platforms", "[[platform]]", "[[platform", "cannot read"),
    ],
)
def test_what_is_wrong_is_told_by_file_and_entry(folder, file, old, new, told):
    replaced(folder / f"{file}.toml", old, new)

    with pytest.raises(SeedError) as caught:
        catalogue_in(folder)

    assert told in str(caught.value)


def test_a_long_list_of_problems_is_cut(folder):
    text = (folder / "shows.toml").read_text("utf-8")
    (folder / "shows.toml").write_text(text.replace("min_age = ", "min_age = -"), "utf-8")

    with pytest.raises(SeedError) as caught:
        catalogue_in(folder)

    lines = str(caught.value).splitlines()
    assert len(lines) == 21
    assert lines[-1].startswith("and ")
