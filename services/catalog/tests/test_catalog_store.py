"""One contract of every store of the catalogue, run against memory and PostgreSQL."""

from __future__ import annotations

import asyncio
import random

import pytest
from tantrum_catalog.domain.change import ChangeType, ResourceKind
from tantrum_catalog.domain.condition import Flag, FlagField, holds
from tantrum_catalog.domain.errors import (
    CatalogueNotEmptyError,
    CategoryChangedError,
    CategoryNotFoundError,
    CategoryOrderChangedError,
    CategoryOrderError,
    FeaturedShowChangedError,
    ImageNotFoundError,
    RequestIdTakenError,
    ResearchChangedError,
    ResearchNotFoundError,
    RevisionNotReachedError,
    RevisionUnavailableError,
    ShowChangedError,
    ShowNotFoundError,
    SlugTakenError,
    UnknownLabelsError,
)
from tantrum_catalog.domain.order import Direction, Ordering, ShowOrder
from tantrum_catalog.domain.ports import RequestKey
from tantrum_catalog.domain.show import Level, Senses

from .make import (
    ids_of,
    make_catalogue,
    make_category,
    make_facts,
    make_new_show,
    make_research,
    make_rules,
)
from .random_catalogue import random_condition, random_shows

EVERY_ORDERING = [
    Ordering(order=order, direction=direction) for order in ShowOrder for direction in Direction
]


async def created(store, name="A Show", *, slug="a-show", request=None, **changes):
    facts = make_facts(name=name, **changes)
    return (await store.create_show(facts, slug=slug, request=request)).value


async def all_changes(store, revision=0):
    return [
        (batch.revision, change.kind, change.type, change.id, change.slug)
        for batch in await store.since(revision, limit=1_000)
        for change in batch.changes
    ]


async def test_a_loaded_catalogue_is_one_revision_that_tells_all_of_it(store):
    catalogue = make_catalogue(
        make_new_show(7, themes=("music", "stem"), platforms=("tv",), legacy={"age_range": "3-6"}),
        make_new_show(3, featured=True),
        categories=[("calm", make_category())],
        research=[("a-study", make_research())],
    )

    revision = await store.load(catalogue)

    assert (revision, await store.head()) == (1, 1)
    changes = await all_changes(store)
    assert len(changes) == 3 + 2 + 2 + 1 + 1
    assert (1, ResourceKind.SHOW, ChangeType.PUT, 7, "show-7") in changes
    assert (1, ResourceKind.THEME, ChangeType.PUT, 0, "music") in changes
    show = (await store.show(7, min_revision=1)).value
    assert show.facts == catalogue.shows[0].facts
    assert [label.name for label in show.themes] == ["Music", "STEM"]
    assert (show.legacy, show.featured, show.revision) == ({"age_range": "3-6"}, False, 1)
    assert (await store.show("show-3", min_revision=0)).value.featured
    with pytest.raises(CatalogueNotEmptyError):
        await store.load(make_catalogue())


async def test_an_empty_catalogue_is_at_revision_0_and_has_nothing(store):
    assert await store.head() == 0
    assert await store.since(0, limit=10) == []
    assert await ids_of(store) == []
    assert (await store.home(shows_per_category=3, min_revision=0)).value == ()
    assert await store.ready()


async def test_a_created_show_is_read_back_by_either_key_at_its_revision(store):
    await store.load(make_catalogue(make_new_show(41)))
    facts = make_facts(
        name="Blue\u2019s Clues",
        aliases=("Blues Clues",),
        max_age=None,
        senses=Senses(dialogue=Level.HIGH, music=Level.LOW_MODERATE),
        animation_style="2D Animation",
        themes=("stem", "music"),
        platforms=("youtube", "tv"),
        episode_minutes=22,
        creator="Somebody",
        release_year=1996,
        end_year=2006,
        seasons=6,
    )

    made = await store.create_show(facts, slug="blues-clues", request=None)

    show = made.value
    assert (made.revision, show.revision, show.id, show.facts) == (2, 2, 42, facts)
    assert [label.slug for label in show.themes] == ["stem", "music"]
    assert [label.name for label in show.platforms] == ["YouTube", "TV"]
    assert (await store.show(42, min_revision=2)).value == show
    assert (await store.show("blues-clues", min_revision=2)).value == show
    assert await all_changes(store, 1) == [
        (2, ResourceKind.SHOW, ChangeType.PUT, 42, "blues-clues")
    ]


async def test_what_is_not_there_is_not_found(store):
    for key in (1, "nothing"):
        with pytest.raises(ShowNotFoundError):
            await store.show(key, min_revision=0)
        with pytest.raises(ShowNotFoundError):
            await store.neighbours(key, calmer=False, limit=5, min_revision=0)
        with pytest.raises(CategoryNotFoundError):
            await store.category(key, min_revision=0)
        with pytest.raises(ResearchNotFoundError):
            await store.research(key, min_revision=0)
    with pytest.raises(ImageNotFoundError):
        await store.image("none")
    with pytest.raises(ShowNotFoundError):
        await store.put_show(1, make_facts(), expected_revision=1)
    with pytest.raises(ShowNotFoundError):
        await store.delete_show(1, expected_revision=None)
    with pytest.raises(ShowNotFoundError):
        await store.set_featured_show(1)
    with pytest.raises(CategoryNotFoundError):
        await store.delete_category(1, expected_revision=None)
    with pytest.raises(ResearchNotFoundError):
        await store.delete_research(1, expected_revision=None)
    assert await store.head() == 0


async def test_a_revision_that_does_not_exist_yet_is_not_reached(store):
    with pytest.raises(RevisionNotReachedError):
        await store.show(1, min_revision=1)
    with pytest.raises(RevisionNotReachedError):
        await store.home(shows_per_category=1, min_revision=1)


async def test_a_put_replaces_the_facts_if_the_revision_is_the_stored_one(store):
    await store.load(make_catalogue(make_new_show(1, themes=("music",), release_year=2001)))
    facts = make_facts(name="New Name", themes=("nature",))

    stored = await store.put_show(1, facts, expected_revision=1)

    assert (stored.value.facts, stored.value.revision, stored.revision) == (facts, 2, 2)
    assert [label.name for label in stored.value.themes] == ["Nature"]
    with pytest.raises(ShowChangedError) as caught:
        await store.put_show(1, make_facts(), expected_revision=1)
    assert caught.value.facts == {"expected_revision": "1", "stored_revision": "2"}
    assert (await store.show(1, min_revision=0)).value == stored.value
    assert await store.head() == 2


async def test_labels_that_do_not_exist_are_refused_with_their_places(store):
    await store.load(make_catalogue(make_new_show(1)))
    facts = make_facts(themes=("music", "nothing"), platforms=("tv",))

    with pytest.raises(UnknownLabelsError) as caught:
        await store.create_show(facts, slug="new", request=None)
    assert [one.field for one in caught.value.violations] == ["show.themes[1]"]
    with pytest.raises(UnknownLabelsError):
        await store.put_show(1, make_facts(platforms=("cinema",)), expected_revision=1)
    assert await store.head() == 1


async def test_a_slug_is_taken_once(store):
    await created(store)

    with pytest.raises(SlugTakenError):
        await created(store, "Another")
    await store.create_category(make_category(), slug="a-show", request=None)
    with pytest.raises(SlugTakenError):
        await store.create_category(make_category(), slug="a-show", request=None)
    await store.create_research(make_research(), slug="a-show", request=None)
    with pytest.raises(SlugTakenError):
        await store.create_research(make_research(), slug="a-show", request=None)
    assert await store.head() == 3


async def test_a_deleted_show_is_gone_and_its_id_is_not_used_again(store):
    show = await created(store)
    with pytest.raises(ShowChangedError):
        await store.delete_show(show.id, expected_revision=show.revision + 1)

    revision = await store.delete_show(show.id, expected_revision=show.revision)

    assert revision == 2
    assert await all_changes(store, 1) == [
        (2, ResourceKind.SHOW, ChangeType.DELETE, show.id, "a-show")
    ]
    with pytest.raises(ShowNotFoundError):
        await store.show(show.id, min_revision=0)
    assert (await created(store)).id > show.id


async def test_a_repeated_request_makes_nothing_and_returns_what_was_made(store):
    request = RequestKey(id="r1", digest=b"1" * 32)
    first = await created(store, request=request)

    again = await created(store, slug="another-slug", request=request)

    assert (again, await store.head()) == (first, 1)
    with pytest.raises(RequestIdTakenError):
        await created(store, slug="third", request=RequestKey(id="r1", digest=b"2" * 32))
    # Each kind of resource has request ids of its own.
    category = await store.create_category(make_category(), slug="calm", request=request)
    research = await store.create_research(make_research(), slug="study", request=request)
    assert (category.revision, research.revision) == (2, 3)
    repeated = await store.create_category(make_category(), slug="other", request=request)
    assert repeated.value == category.value
    repeated = await store.create_research(make_research(), slug="other", request=request)
    assert repeated.value == research.value


async def test_at_most_one_show_is_featured(store):
    await store.load(make_catalogue(make_new_show(1, featured=True), make_new_show(2)))

    found = await store.set_featured_show(2)

    assert (found.revision, found.value.id, found.value.featured) == (2, 2, True)
    assert await ids_of(store, Flag(field=FlagField.FEATURED, value=True)) == [2]
    assert {change[3] for change in await all_changes(store, 1)} == {1, 2}
    assert (await store.show(1, min_revision=0)).value.revision == 2
    assert (await store.set_featured_show(2)).revision == 2
    none = await store.set_featured_show(None)
    assert (none.value, none.revision) == (None, 3)
    assert (await store.set_featured_show(None)).revision == 3


async def test_a_show_is_featured_by_who_knows_which_one_is(store):
    await store.load(make_catalogue(make_new_show(1, featured=True), make_new_show(2)))

    await store.set_featured_show(2, expected_id=1)
    for expected_id in (0, 1):
        with pytest.raises(FeaturedShowChangedError):
            await store.set_featured_show(1, expected_id=expected_id)
    await store.set_featured_show(None, expected_id=2)

    assert (await store.set_featured_show(1, expected_id=0)).value.id == 1


async def test_shows_by_id_gives_those_that_exist(store):
    await store.load(make_catalogue(*(make_new_show(number) for number in (1, 5, 9))))

    found = await store.shows_by_id([9, 2, 1], min_revision=1)

    assert {show_id: show.slug for show_id, show in found.value.items()} == {
        1: "show-1",
        9: "show-9",
    }


@pytest.mark.parametrize("ordering", EVERY_ORDERING, ids=str)
async def test_every_order_has_its_ties_by_id_and_the_unknown_last(store, ordering):
    shows = random_shows(random.Random(7), 40)
    await store.load(make_catalogue(*shows))
    stored = [(await store.show(show.id, min_revision=0)).value for show in shows]
    expected = sorted(stored, key=lambda show: ordering.sort_key(ordering.cursor_of(show)))

    for size in (1, 3, 40, 41):
        assert await ids_of(store, ordering=ordering, size=size) == [one.id for one in expected]


async def test_every_condition_selects_exactly_what_holds_says(store):
    chooser = random.Random(20)
    await store.load(make_catalogue(*random_shows(chooser, 80)))
    everything = await store.shows_by_id(range(1, 81), min_revision=0)
    shows = list(everything.value.values())

    for _ in range(300):
        condition = random_condition(chooser)
        expected = {show.id for show in shows if holds(condition, show)}
        ids = await ids_of(store, condition, size=chooser.randint(1, 80))
        assert (set(ids), len(ids)) == (expected, len(expected)), condition


async def test_pages_have_what_was_there_throughout_once_while_shows_are_added(store):
    chooser = random.Random(3)
    before = random_shows(chooser, 30)
    await store.load(make_catalogue(*before))

    for number, ordering in enumerate(EVERY_ORDERING):

        async def add(number=number):
            slug = f"added-{number}-{chooser.random():.12f}".replace(".", "-")
            name = chooser.choice(["Aa", "Mm", "Zz"])
            await created(store, name, slug=slug, stimulation=chooser.randint(1, 5))

        present = {show.id for show in before} | set(await ids_of(store))
        ids = await ids_of(store, ordering=ordering, size=7, between=add)
        assert len(set(ids)) == len(ids)
        assert present <= set(ids)


async def test_neighbours_come_by_themes_in_common_then_stimulation_then_id(store):
    await store.load(
        make_catalogue(
            make_new_show(1, stimulation=3, themes=("music", "nature")),
            make_new_show(2, stimulation=3, themes=("stem",)),
            make_new_show(3, stimulation=1, themes=("nature", "music")),
            make_new_show(4, stimulation=3, themes=("music",)),
            make_new_show(5, stimulation=2, themes=("music", "stem")),
            make_new_show(6, stimulation=2, themes=("nature",)),
        )
    )

    found = await store.neighbours(1, calmer=False, limit=4, min_revision=0)
    calmer = await store.neighbours("show-1", calmer=True, limit=9, min_revision=0)

    assert found.value.show.id == 1
    assert [show.id for show in found.value.others] == [3, 4, 5, 6]
    assert [show.id for show in calmer.value.others] == [3, 5, 6]


async def test_home_has_active_categories_in_order_with_counts_and_first_shows(store):
    await store.load(
        make_catalogue(
            make_new_show(1, name="b", stimulation=1),
            make_new_show(2, name="a", stimulation=2),
            make_new_show(3, name="c", stimulation=2, featured=True),
            make_new_show(4, name="d", stimulation=5, themes=("music",)),
            categories=[
                ("musical", make_category(rules=make_rules(("themes", "contains", "music")))),
                ("hidden", make_category(active=False)),
                ("calm", make_category(rules=make_rules(("stimulation", "range", "1-2")))),
                ("empty", make_category(rules=make_rules(("creator", "contains", "x")))),
            ],
        )
    )

    rows = (await store.home(shows_per_category=2, min_revision=1)).value

    assert [(row.category.slug, row.category.show_count) for row in rows] == [
        ("musical", 1),
        ("calm", 3),
        ("empty", 0),
    ]
    assert [[show.id for show in row.shows] for row in rows] == [[4], [3, 2], []]


async def test_categories_are_paged_in_order_and_counted(store):
    await store.load(
        make_catalogue(
            make_new_show(1),
            categories=[
                ("one", make_category(name="One")),
                ("two", make_category(name="Two", active=False)),
                ("three", make_category(name="Three", rules=make_rules(("text", "contains", "x")))),
            ],
        )
    )

    async def slugs(*, include_inactive):
        found, after = [], None
        while True:
            page = await store.page_of_categories(
                include_inactive=include_inactive, after=after, limit=1, min_revision=0
            )
            found += [(one.slug, one.show_count) for one in page.value.items]
            if not page.value.has_more:
                return page.value.total, found
            after = page.value.items[-1].cursor

    assert await slugs(include_inactive=True) == (3, [("one", 1), ("two", 1), ("three", 0)])
    assert await slugs(include_inactive=False) == (2, [("one", 1), ("three", 0)])


async def test_categories_are_made_last_changed_reordered_and_removed(store):
    await store.load(make_catalogue(categories=[("a", make_category()), ("b", make_category())]))
    made = await store.create_category(make_category(name="C"), slug="c", request=None)
    assert (made.value.display_order, made.value.revision) == (3, 2)

    changed = await store.put_category(
        made.value.id, make_category(name="D", active=False), expected_revision=2
    )
    assert (changed.value.facts.name, changed.value.display_order, changed.revision) == ("D", 3, 3)
    assert (await store.category("c", min_revision=3)).value == changed.value
    with pytest.raises(CategoryChangedError):
        await store.put_category(made.value.id, make_category(), expected_revision=2)
    with pytest.raises(CategoryChangedError):
        await store.delete_category(made.value.id, expected_revision=2)

    reordered = await store.reorder_categories([3, 2, 1])
    assert [(one.id, one.display_order) for one in reordered.value] == [(3, 1), (2, 2), (1, 3)]
    # The one in the middle stayed where it was.
    assert {change[3] for change in await all_changes(store, 3)} == {1, 3}
    assert (await store.reorder_categories([3, 2, 1])).revision == 4

    assert await store.delete_category(3, expected_revision=None) == 5
    with pytest.raises(CategoryNotFoundError):
        await store.category(3, min_revision=0)


async def test_categories_are_reordered_by_who_knows_their_order(store):
    await store.load(make_catalogue(categories=[("a", make_category()), ("b", make_category())]))

    await store.reorder_categories([2, 1], expected_ids=[1, 2])
    with pytest.raises(CategoryOrderChangedError):
        await store.reorder_categories([1, 2], expected_ids=[1, 2])

    assert (await store.reorder_categories([1, 2], expected_ids=[2, 1])).value[0].id == 1


@pytest.mark.parametrize("ids", [[1], [1, 1], [1, 2, 2], [1, 2, 3], []])
async def test_an_order_names_every_category_exactly_once(store, ids):
    await store.load(make_catalogue(categories=[("a", make_category()), ("b", make_category())]))

    with pytest.raises(CategoryOrderError):
        await store.reorder_categories(ids)
    assert await store.head() == 1


async def test_themes_and_platforms_are_paged_by_name_with_counts(store):
    await store.load(
        make_catalogue(
            make_new_show(1, themes=("music", "stem"), platforms=("tv",)),
            make_new_show(2, themes=("music",)),
        )
    )

    first = (await store.page_of_themes(after=None, limit=2, min_revision=0)).value
    second = (await store.page_of_themes(after=("nature", "nature"), limit=2, min_revision=0)).value
    platforms = (await store.page_of_platforms(after=None, limit=9, min_revision=0)).value

    assert [(one.slug, one.name, one.aliases, one.show_count) for one in first.items] == [
        ("music", "Music", ("Songs",), 2),
        ("nature", "Nature", (), 0),
    ]
    assert (first.has_more, first.total) == (True, 3)
    assert [(one.slug, one.show_count) for one in second.items] == [("stem", 1)]
    assert (second.has_more, second.total) == (False, 3)
    assert [(one.slug, one.url, one.show_count) for one in platforms.items] == [
        ("tv", "", 1),
        ("youtube", "https://www.youtube.com", 0),
    ]


async def test_the_vocabulary_finds_slugs_names_and_aliases(store):
    await store.load(make_catalogue())

    vocabulary = (await store.vocabulary(min_revision=1)).value

    assert [vocabulary.theme(text) for text in ("stem", "MUSIC", "songs", "no")] == [
        "stem",
        "music",
        "music",
        None,
    ]
    assert vocabulary.platform("YouTube") == "youtube"


async def test_research_is_listed_newest_first_and_the_undated_last(store):
    dates = ["2011", "", "2011-09", "2020-01-31", "2011"]
    await store.load(
        make_catalogue(
            research=[
                (f"study-{n}", make_research(publish_date=date, category="AB"[n % 2]))
                for n, date in enumerate(dates, start=1)
            ]
        )
    )

    async def ids(category):
        found, after = [], None
        while True:
            page = await store.page_of_research(
                category=category, after=after, limit=2, min_revision=0
            )
            found += [one.id for one in page.value.items]
            if not page.value.has_more:
                assert page.value.total == len(found)
                return found
            after = page.value.items[-1].cursor

    assert await ids("") == [4, 3, 1, 5, 2]
    assert await ids("B") == [3, 1, 5]
    assert await ids("b") == []


async def test_research_is_made_changed_and_removed(store):
    facts = make_research(key_findings=("One.", "Two."), authors=("A. Person",), doi="10.1000/x")
    made = await store.create_research(facts, slug="a-study", request=None)
    assert (await store.research("a-study", min_revision=1)).value == made.value
    assert (made.value.facts, made.value.revision) == (facts, 1)

    changed = await store.put_research(made.value.id, make_research(title="B"), expected_revision=1)
    assert (changed.value.facts.title, changed.value.create_time) == ("B", made.value.create_time)
    with pytest.raises(ResearchChangedError):
        await store.put_research(made.value.id, facts, expected_revision=1)
    with pytest.raises(ResearchChangedError):
        await store.delete_research(made.value.id, expected_revision=1)
    assert await store.delete_research(made.value.id, expected_revision=2) == 3
    assert [change[2] for change in await all_changes(store)] == [
        ChangeType.PUT,
        ChangeType.PUT,
        ChangeType.DELETE,
    ]


async def test_the_feed_gives_batches_in_order_without_gaps(store):
    for number in range(5):
        await created(store, slug=f"show-{number + 1}")

    assert [batch.revision for batch in await store.since(0, limit=100)] == [1, 2, 3, 4, 5]
    assert [batch.revision for batch in await store.since(2, limit=2)] == [3, 4]
    assert await store.since(5, limit=1) == []
    with pytest.raises(RevisionUnavailableError):
        await store.since(6, limit=1)


async def test_concurrent_writers_take_revisions_without_gaps(store):
    shows = await asyncio.gather(
        *(created(store, slug=f"show-{number + 1}") for number in range(16))
    )

    assert sorted(show.revision for show in shows) == list(range(1, 17))
    assert {change[0]: change[4] for change in await all_changes(store)} == {
        show.revision: show.slug for show in shows
    }


async def test_of_concurrent_puts_at_one_revision_one_wins(store):
    show = await created(store)

    results = await asyncio.gather(
        *(
            store.put_show(show.id, make_facts(name=f"Name {n}"), expected_revision=show.revision)
            for n in range(8)
        ),
        return_exceptions=True,
    )

    refused = [result for result in results if isinstance(result, ShowChangedError)]
    assert len(refused) == 7
    assert await store.head() == 2
