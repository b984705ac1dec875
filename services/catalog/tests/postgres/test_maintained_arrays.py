from __future__ import annotations

import dataclasses
import random

import pytest
from tantrum_catalog.domain.errors import UnknownLabelsError
from tantrum_catalog.storage.generate import generate

from ..make import make_catalogue, make_facts
from ..random_catalogue import random_shows

pytestmark = pytest.mark.integration

DIFFERENT = """
SELECT show.slug
FROM catalog.show
WHERE theme_slugs <> ARRAY(
    SELECT theme_slug FROM catalog.show_theme WHERE show_id = show.id ORDER BY position
) OR platform_slugs <> ARRAY(
    SELECT platform_slug FROM catalog.show_platform WHERE show_id = show.id ORDER BY position
)
UNION ALL
SELECT 'of no show' FROM catalog.show_theme
WHERE show_id NOT IN (SELECT id FROM catalog.show)
"""


async def test_the_arrays_say_what_the_join_tables_say_after_any_writes(store, pool):
    chooser = random.Random(7)
    await store.load(make_catalogue(*random_shows(chooser, 30)))
    revisions = dict.fromkeys(range(1, 31), 1)
    for number in range(150):
        themes = chooser.sample(["music", "nature", "stem", "nothing"], chooser.randint(0, 3))
        facts = make_facts(themes=tuple(themes), platforms=chooser.choice([(), ("tv",)]))
        show_id = chooser.choice(list(revisions))
        try:
            match chooser.randint(0, 5):
                case 0:
                    made = await store.create_show(facts, slug=f"made-{number}", request=None)
                    revisions[made.value.id] = made.revision
                case 1:
                    await store.delete_show(show_id, expected_revision=None)
                    del revisions[show_id]
                case _:
                    put = await store.put_show(show_id, facts, expected_revision=revisions[show_id])
                    revisions[show_id] = put.revision
        except UnknownLabelsError:
            assert "nothing" in themes

    assert await pool.fetch(DIFFERENT) == []


async def test_generated_shows_keep_it_too_and_can_be_read(store, pool):
    await store.load(make_catalogue(*random_shows(random.Random(8), 30)))

    await generate(pool, shows=400, categories=20)
    revision = await generate(pool, shows=100, seed=2)

    assert await pool.fetch(DIFFERENT) == []
    assert await store.head() == revision
    counts = await pool.fetch("SELECT count(*) FROM catalog.show")
    assert counts[0]["count"] == 530
    ids = [row["id"] for row in await pool.fetch("SELECT id FROM catalog.show")]
    shows = (await store.shows_by_id(ids, min_revision=revision)).value
    assert all(dataclasses.replace(show.facts) == show.facts for show in shows.values())
