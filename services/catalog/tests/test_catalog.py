"""The use cases, over a store in memory."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tantrum_catalog.domain.catalog import Catalog, CategoryDraft
from tantrum_catalog.domain.category_rules import raw_rules_of
from tantrum_catalog.domain.errors import (
    CategoryChangedError,
    ShowChangedError,
    ShowNotFoundError,
    SlugTakenError,
)
from tantrum_catalog.domain.order import Ordering
from tantrum_catalog.domain.ports import RequestKey
from tantrum_catalog.storage.memory import MemoryCatalogStore
from tantrum_kit.errors import InvalidInputError

from .make import (
    ids_of,
    make_catalogue,
    make_category,
    make_facts,
    make_new_show,
    make_research,
    make_rules,
)
from .random_catalogue import random_shows
from .strategies import filters, orderings


class ContendedStore(MemoryCatalogStore):
    """Somebody else writes right before each of the first *writes* puts."""

    writes = 0

    async def put_show(self, show_id, facts, *, expected_revision):
        if self.writes:
            self.writes -= 1
            other = make_facts(name=f"Other {self.writes}", stimulation=5)
            await super().put_show(show_id, other, expected_revision=expected_revision)
        return await super().put_show(show_id, facts, expected_revision=expected_revision)


@pytest.fixture
async def store():
    store = ContendedStore()
    shows = [
        make_new_show(1, name="One", stimulation=3, themes=("music",)),
        make_new_show(2, name="Two", stimulation=1, themes=("music",)),
        make_new_show(3, name="Three", stimulation=3, themes=("music", "stem")),
        make_new_show(4, name="Four", stimulation=2, themes=("nature",)),
    ]
    musical = make_category(rules=make_rules(("themes", "contains", "music")))
    await store.load(make_catalogue(*shows, categories=[("musical", musical)]))
    return store


@pytest.fixture
def catalog(store):
    return Catalog(store)


async def test_an_empty_slug_is_made_from_the_name_and_numbered_when_taken(catalog):
    made = [
        (await catalog.create_show(make_facts(name="Bluey!"), slug="", request=None)).value.slug
        for _ in range(3)
    ]

    assert made == ["bluey", "bluey-2", "bluey-3"]


async def test_a_given_slug_is_taken_as_it_is_or_refused(catalog):
    made = await catalog.create_show(make_facts(), slug="given", request=None)
    assert made.value.slug == "given"

    with pytest.raises(SlugTakenError):
        await catalog.create_show(make_facts(), slug="given", request=None)
    with pytest.raises(InvalidInputError) as caught:
        await catalog.create_show(make_facts(), slug="Not A Slug", request=None)
    assert caught.value.violations[0].field == "show.slug"


async def test_a_repeated_create_with_a_made_up_slug_makes_nothing(catalog, store):
    request = RequestKey(id="r", digest=b"d")

    first = await catalog.create_show(make_facts(), slug="", request=request)
    again = await catalog.create_show(make_facts(), slug="", request=request)

    assert (again.value, await store.head()) == (first.value, 2)


async def test_an_update_without_a_revision_is_made_again_on_what_others_wrote(catalog, store):
    store.writes = 3

    stored = await catalog.update_show(
        1, lambda facts: make_facts(name="Mine", stimulation=facts.stimulation),
        expected_revision=None,
    )  # fmt: skip

    assert (stored.value.facts.name, stored.value.facts.stimulation) == ("Mine", 5)


async def test_an_update_gives_up_on_too_much_contention(catalog, store):
    store.writes = 100

    with pytest.raises(ShowChangedError):
        await catalog.update_show(1, lambda facts: facts, expected_revision=None)


async def test_an_update_at_a_revision_fails_when_others_wrote(catalog, store):
    store.writes = 1

    with pytest.raises(ShowChangedError):
        await catalog.update_show(1, lambda facts: facts, expected_revision=1)
    with pytest.raises(ShowNotFoundError):
        await catalog.update_show(99, lambda facts: facts, expected_revision=None)


async def test_what_a_change_refuses_is_not_written(catalog, store):
    def change(facts):
        return make_facts(name="")

    with pytest.raises(InvalidInputError):
        await catalog.update_show(1, change, expected_revision=None)
    assert await store.head() == 1


async def test_a_category_is_written_with_rules_in_any_form(catalog):
    old = {"rules": [{"field": "themes", "operator": "contains", "value": "Songs"}]}
    draft = CategoryDraft(name="Songs", active=True, rules=raw_rules_of(old))

    made = await catalog.create_category(draft, slug="", request=None)

    assert (made.value.slug, made.value.show_count) == ("songs", 3)
    assert made.value.facts.rules == make_rules(("themes", "contains", "music"))
    renamed = await catalog.update_category(
        made.value.id,
        lambda draft: CategoryDraft(name="New", rules=draft.rules),
        expected_revision=made.value.revision,
    )
    assert (renamed.value.facts.name, renamed.value.facts.rules) == (
        "New",
        made.value.facts.rules,
    )
    with pytest.raises(CategoryChangedError):
        await catalog.update_category(
            made.value.id, lambda draft: draft, expected_revision=made.value.revision
        )


async def test_rules_that_are_wrong_are_told_under_the_category(catalog):
    rules = raw_rules_of({"rules": [{"field": "themes", "operator": "in", "value": "none"}]})

    with pytest.raises(InvalidInputError) as caught:
        await catalog.create_category(CategoryDraft(name="X", rules=rules), slug="", request=None)

    assert caught.value.violations[0].field == "category.rules.rules[0].value"


async def test_research_is_made_and_changed(catalog):
    made = await catalog.create_research(make_research(title="A Study"), slug="", request=None)

    changed = await catalog.update_research(
        made.value.id, lambda facts: make_research(title="B"), expected_revision=None
    )

    assert (made.value.slug, changed.value.slug, changed.value.facts.title) == (
        "a-study",
        "a-study",
        "B",
    )


async def test_a_category_gives_its_shows(catalog):
    found = await catalog.category_shows(
        "musical",
        include_inactive=False,
        ordering=Ordering(),
        after=None,
        limit=2,
        min_revision=1,
    )

    assert [show.id for show in found.value.items] == [1, 3]
    assert (found.value.total, found.value.has_more) == (3, True)


async def test_a_preview_stores_nothing(catalog, store):
    rules = raw_rules_of({"rules": [{"field": "stimulation", "operator": "range", "value": "1-2"}]})

    found = await catalog.preview_category(rules, limit=1, min_revision=1)

    assert ([show.id for show in found.value.items], found.value.total) == ([4], 2)
    assert await store.head() == 1


async def test_similar_shows_are_paged_and_never_the_show_itself(catalog):
    async def pages(key, *, calmer, limit):
        ids, after = [], None
        while True:
            found = await catalog.similar_shows(
                key, calmer=calmer, after=after, limit=limit, min_revision=0
            )
            ids += [similar.show.id for similar in found.value.items]
            if not found.value.has_more:
                assert found.value.total == len(ids)
                return ids
            after = found.value.items[-1].cursor

    assert await pages("show-1", calmer=False, limit=1) == [2, 3, 4]
    assert await pages(1, calmer=False, limit=9) == [2, 3, 4]
    assert await pages(1, calmer=True, limit=1) == [2, 4]


@given(filters(), orderings(), st.integers(1, 30), st.randoms(use_true_random=False))
async def test_any_filter_and_page_size_give_every_show_once(wanted, ordering, size, chooser):
    store = MemoryCatalogStore()
    await store.load(make_catalogue(*random_shows(random.Random(1), 25)))
    condition = wanted.condition()
    before = await ids_of(store, condition)
    catalog = Catalog(store)

    async def add():
        # Not for ever, or a list whose end keeps growing would have none.
        if await store.head() > 20:
            return
        name = chooser.choice(["A", "m", "Z"])
        await catalog.create_show(make_facts(name=name), slug="", request=None)

    ids = await ids_of(store, condition, ordering=ordering, size=size, between=add)

    assert len(set(ids)) == len(ids)
    assert set(before) <= set(ids)
