"""What the overview counts, in every store."""

from __future__ import annotations

import dataclasses

import pytest
from tantrum_catalog.domain.show import Level, Senses
from tantrum_catalog.domain.statistics import OPTIONAL_FACTS, FeaturedShow

from .editors.fakes import START
from .editors.people import add_editor
from .make import make_catalogue, make_category, make_new_show, make_research


@pytest.fixture
async def filled(stores, clock):
    await stores.catalog.load(
        make_catalogue(
            make_new_show(1, stimulation=1, themes=("music",), platforms=("tv",), creator="A"),
            make_new_show(
                *(2,),
                stimulation=1,
                featured=True,
                senses=Senses(music=Level.LOW),
                release_year=2001,
                seasons=2,
                episode_minutes=11,
                animation_style="Clay",
            ),
            make_new_show(3, stimulation=5, platforms=("tv", "youtube")),
            categories=[("a", make_category()), ("b", make_category(active=False))],
            research=[("a-study", make_research())],
        )
    )
    editor = await add_editor(stores, clock)
    await add_editor(stores, clock, "jo@example.com")
    await stores.editors.put(
        dataclasses.replace(editor, active=False), expected_revision=editor.revision
    )
    return await stores.statistics.statistics()


async def test_shows_are_counted_by_score_theme_and_platform(filled):
    assert filled.show_count == 3
    assert filled.show_count_by_stimulation == {1: 2, 2: 0, 3: 0, 4: 0, 5: 1}
    assert [(one.name, one.show_count) for one in filled.platforms] == [("TV", 2), ("YouTube", 1)]
    assert [(one.name, one.show_count) for one in filled.themes] == [
        ("Music", 1),
        ("Nature", 0),
        ("STEM", 0),
    ]


async def test_missing_facts_are_counted(filled):
    lacking_two = ("senses.music", "animation_style", "creator", "release_year", "seasons")
    assert filled.missing == {
        **dict.fromkeys(OPTIONAL_FACTS, 3),
        **dict.fromkeys((*lacking_two, "episode_minutes", "themes"), 2),
        "platforms": 1,
    }


async def test_all_else_is_counted(filled):
    assert (filled.category_count, filled.active_category_count) == (2, 1)
    assert (filled.research_count, filled.image_count) == (1, 0)
    assert (filled.editor_count, filled.active_editor_count) == (2, 1)
    assert filled.featured_show == FeaturedShow(id=2, slug="show-2", name="A Show")
    assert (filled.revision, filled.last_write_time) == (1, START)


async def test_an_empty_catalogue_has_numbers_too(stores):
    found = await stores.statistics.statistics()

    assert (found.show_count, found.revision, found.last_write_time) == (0, 0, None)
    assert set(found.missing.values()) == {0}
    assert found.featured_show is None


@pytest.mark.integration
async def test_the_database_tells_how_it_is(postgres_stores):
    state = (await postgres_stores.statistics.statistics()).database

    assert state.server_version[0].isdigit()
    assert state.size_bytes > 0
    assert 0 < state.connection_count <= state.max_connection_count
    assert not state.replica_configured
