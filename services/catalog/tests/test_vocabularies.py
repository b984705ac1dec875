"""Writes of themes and platforms: with all that refers to them, in every store."""

from __future__ import annotations

import dataclasses

import pytest
from tantrum_catalog.domain.change import Change, ChangeType, ResourceKind
from tantrum_catalog.domain.errors import (
    LabelChangedError,
    LabelInUseError,
    LabelNotFoundError,
    NameTakenError,
    SlugTakenError,
)
from tantrum_catalog.domain.show import Label
from tantrum_catalog.domain.vocabularies import Vocabularies
from tantrum_catalog.domain.vocabulary import Platform, Theme, merged
from tantrum_kit.errors import InvalidInputError

from .make import make_catalogue, make_category, make_new_show, make_rules

PUT, DELETE = ChangeType.PUT, ChangeType.DELETE


@pytest.fixture
async def catalog(store):
    await store.load(
        make_catalogue(
            make_new_show(1, themes=("music", "stem"), platforms=("tv",)),
            make_new_show(2, themes=("nature", "music"), platforms=("tv", "youtube")),
            make_new_show(3, themes=("stem",)),
            categories=[
                ("both", make_category(rules=make_rules(("themes", "in", ["music", "nature"])))),
                ("music", make_category(rules=make_rules(("themes", "contains", "music")))),
                ("tv", make_category(rules=make_rules(("platforms", "contains", "tv")))),
            ],
        )
    )
    return store


@pytest.fixture
def vocabularies(catalog):
    return Vocabularies(catalog)


async def theme_of(store, slug):
    return (await store.entry(Theme, slug, min_revision=0)).value


async def shows_of(store):
    return (await store.shows_by_id([1, 2, 3], min_revision=0)).value


async def changes_of(store, revision):
    [batch] = await store.since(revision - 1, limit=10)
    return {(one.kind, one.type, one.id or one.slug) for one in batch.changes}


async def test_a_filled_vocabulary_has_its_revision_and_counts(catalog):
    theme = await theme_of(catalog, "music")

    assert (theme.name, theme.aliases, theme.show_count, theme.revision) == (
        *("Music", ("Songs",)),
        *(2, 1),
    )
    page = await catalog.page_of_themes(after=None, limit=10, min_revision=0)
    assert theme in page.value.items


async def test_a_theme_is_made_with_a_slug_of_its_name(vocabularies, catalog):
    made = await vocabularies.create(
        lambda slug: Theme(slug=slug, name="Space & Time", aliases=("Cosmos",)),
        name="Space & Time",
        slug="",
        kind="theme",
    )

    assert (made.value.slug, made.value.show_count) == ("space-and-time", 0)
    assert made.value.revision == made.revision == await catalog.head()
    assert await theme_of(catalog, "space-and-time") == made.value
    assert await changes_of(catalog, made.revision) == {(ResourceKind.THEME, PUT, "space-and-time")}


async def test_a_platform_is_made_and_changed(vocabularies, catalog):
    made = await catalog.create_entry(Platform(slug="radio", name="Radio", url="https://r.example"))

    changed = await vocabularies.update(
        Platform,
        "radio",
        lambda platform: dataclasses.replace(platform, url="", icon_url="/radio.svg"),
        expected_revision=made.revision,
    )

    assert (changed.value.url, changed.value.icon_url) == ("", "/radio.svg")


async def test_slugs_and_names_are_taken_once_whatever_the_case(catalog):
    head = await catalog.head()
    with pytest.raises(SlugTakenError):
        await catalog.create_entry(Theme(slug="music", name="Other"))
    with pytest.raises(NameTakenError):
        await catalog.create_entry(Theme(slug="other", name="MUSIC"))
    nature = await theme_of(catalog, "nature")
    with pytest.raises(NameTakenError):
        await catalog.put_entry(
            dataclasses.replace(nature, name="music"), expected_revision=nature.revision
        )

    assert await catalog.head() == head
    # Another vocabulary is another one.
    await catalog.create_entry(Platform(slug="music", name="Music"))


async def test_a_renamed_theme_reads_so_in_its_shows_which_are_written_with_it(
    vocabularies, catalog
):
    before = await shows_of(catalog)

    renamed = await vocabularies.update(
        Theme,
        "music",
        lambda theme: dataclasses.replace(theme, name="Songs and music"),
        expected_revision=1,
    )

    shows = await shows_of(catalog)
    assert shows[1].themes[0] == Label(slug="music", name="Songs and music")
    assert shows[1].revision == shows[2].revision == renamed.revision
    assert shows[3] == before[3]
    assert await changes_of(catalog, renamed.revision) == {
        (ResourceKind.THEME, PUT, "music"),
        (ResourceKind.SHOW, PUT, 1),
        (ResourceKind.SHOW, PUT, 2),
    }


async def test_another_alias_writes_no_show(vocabularies, catalog):
    before = await shows_of(catalog)

    changed = await vocabularies.update(
        Theme,
        "music",
        lambda theme: dataclasses.replace(theme, aliases=("Tunes",)),
        expected_revision=None,
    )

    assert changed.value.aliases == ("Tunes",)
    assert await shows_of(catalog) == before
    assert await changes_of(catalog, changed.revision) == {(ResourceKind.THEME, PUT, "music")}


async def test_a_stale_write_is_told(catalog):
    theme = await theme_of(catalog, "music")
    await catalog.put_entry(theme, expected_revision=theme.revision)

    with pytest.raises(LabelChangedError):
        await catalog.put_entry(theme, expected_revision=theme.revision)
    with pytest.raises(LabelChangedError):
        await catalog.delete_entry(Theme, "music", expected_revision=theme.revision)
    with pytest.raises(LabelChangedError):
        await catalog.merge_entries(Theme, "music", into="nature", expected_revision=theme.revision)


async def test_merging_puts_one_theme_in_the_place_of_another(vocabularies, catalog):
    done = await vocabularies.merge(Theme, "music", into="nature", expected_revision=None)

    assert (done.value.show_count, done.value.category_count) == (2, 2)
    assert done.value.entry.aliases == ("Music", "Songs")
    assert (done.value.entry.show_count, done.value.entry.revision) == (2, done.revision)
    with pytest.raises(LabelNotFoundError):
        await theme_of(catalog, "music")
    shows = await shows_of(catalog)
    assert shows[1].facts.themes == ("nature", "stem")
    # It had both.
    assert shows[2].facts.themes == ("nature",)
    assert [label.slug for label in shows[1].themes] == ["nature", "stem"]
    assert await changes_of(catalog, done.revision) == {
        (ResourceKind.THEME, DELETE, "music"),
        (ResourceKind.THEME, PUT, "nature"),
        (ResourceKind.SHOW, PUT, 1),
        (ResourceKind.SHOW, PUT, 2),
        (ResourceKind.CATEGORY, PUT, 1),
        (ResourceKind.CATEGORY, PUT, 2),
    }


async def test_categories_select_what_they_did_before_a_merge(vocabularies, catalog):
    await vocabularies.merge(Theme, "music", into="nature", expected_revision=None)

    for slug in ("both", "music"):
        category = (await catalog.category(slug, min_revision=0)).value
        assert [rule.value for rule in category.facts.rules.rules] in (["nature"], [("nature",)])
        assert category.show_count == 2


async def test_merging_platforms_leaves_themes_of_the_same_slug_alone(vocabularies, catalog):
    await catalog.create_entry(Theme(slug="tv", name="TV"))

    done = await vocabularies.merge(Platform, "tv", into="youtube", expected_revision=None)

    assert (done.value.show_count, done.value.category_count) == (2, 1)
    shows = await shows_of(catalog)
    assert shows[1].facts.platforms == shows[2].facts.platforms == ("youtube",)
    assert (await theme_of(catalog, "tv")).name == "TV"


async def test_nothing_is_merged_with_itself_or_with_nothing(vocabularies, catalog):
    head = await catalog.head()
    with pytest.raises(InvalidInputError):
        await vocabularies.merge(Theme, "music", into="music", expected_revision=None)
    for slug, into in (("none", "music"), ("music", "none")):
        with pytest.raises(LabelNotFoundError) as caught:
            await vocabularies.merge(Theme, slug, into=into, expected_revision=None)
        assert caught.value.reason == "THEME_NOT_FOUND"

    assert await catalog.head() == head


async def test_what_is_in_use_stays(catalog):
    with pytest.raises(LabelInUseError) as caught:
        await catalog.delete_entry(Theme, "music", expected_revision=None)

    assert caught.value.facts == {"show_count": "2", "category_count": "2"}
    assert (await theme_of(catalog, "music")).show_count == 2


async def test_what_nothing_refers_to_goes(catalog):
    await catalog.create_entry(Theme(slug="new", name="New"))

    revision = await catalog.delete_entry(Theme, "new", expected_revision=None)

    with pytest.raises(LabelNotFoundError):
        await theme_of(catalog, "new")
    [batch] = await catalog.since(revision - 1, limit=1)
    assert batch.changes == (Change(kind=ResourceKind.THEME, type=DELETE, id=0, slug="new"),)


def test_a_merged_theme_takes_no_more_aliases_than_it_may_have():
    gone = Theme(slug="gone", name="Gone", aliases=tuple(f"g{n}" for n in range(20)))
    into = Theme(slug="into", name="Into", aliases=("gone", *(f"i{n}" for n in range(15))))

    names = merged(gone, into).aliases

    assert names == (*into.aliases, "g0", "g1", "g2", "g3")
