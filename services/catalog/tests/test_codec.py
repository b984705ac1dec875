"""What goes out comes in again as it was."""

from __future__ import annotations

import pytest
from google.protobuf import json_format
from google.protobuf.field_mask_pb2 import FieldMask
from hypothesis import given
from hypothesis import strategies as st
from tantrum_catalog.domain.catalog import CategoryDraft
from tantrum_catalog.domain.category import Category
from tantrum_catalog.domain.category_rules import RawRules, resolved
from tantrum_catalog.domain.research import Research
from tantrum_catalog.domain.show import Image, Level, Senses
from tantrum_catalog.transport import category_codec, research_codec, show_codec
from tantrum_catalog.transport.filter_codec import filter_of, ordering_of
from tantrum_kit.errors import InvalidInputError
from tvtantrum.catalog.v1 import category_pb2, filter_pb2, research_pb2, show_pb2

from .make import NOW, VOCABULARY, make_category, make_facts, make_research, make_show
from .strategies import facts, research
from .test_category_rules import RULES


@given(facts())
def test_the_facts_of_a_show_survive_the_way_out_and_in(written):
    show = make_show(**{name: getattr(written, name) for name in written.__slots__})

    message = show_pb2.Show.FromString(show_codec.show_to_proto(show).SerializeToString())

    assert show_codec.facts_of(message) == written


def test_a_show_has_what_the_catalogue_adds():
    show = make_show(
        show_id=7,
        slug="a-show",
        themes=("music",),
        featured=True,
        max_age=None,
        legacy={"age_range": "3+", "channel": {"ids": ["a", None]}, "views": 12},
    )
    image = Image(id="abc", media_type="image/jpeg", width=20, height=30)
    message = show_codec.show_to_proto(show.__class__(**_fields(show) | {"image": image}))

    assert json_format.MessageToDict(message) == {
        "id": 7,
        "slug": "a-show",
        "name": "A Show",
        "description": "Something happens.",
        "minAge": 3,
        "stimulation": 2,
        "senses": {},
        "themes": [{"slug": "music", "name": "Music"}],
        "featured": True,
        "image": {"id": "abc", "mediaType": "image/jpeg", "width": 20, "height": 30},
        "legacy": {"age_range": "3+", "channel": {"ids": ["a", None]}, "views": 12},
        "revision": "1",
        "updateTime": "2026-03-01T12:00:00Z",
    }


def _fields(value):
    return {name: getattr(value, name) for name in value.__slots__}


@given(research())
def test_the_facts_of_research_survive_the_way_out_and_in(written):
    one = Research(id=1, slug="s", facts=written, revision=1, create_time=NOW, update_time=NOW)

    message = research_codec.research_to_proto(one)

    assert research_codec.facts_of(message) == written


@given(st.lists(RULES, max_size=6))
def test_a_category_survives_the_way_out_and_in(rules):
    canonical = resolved(RawRules(rules=tuple(rules)), VOCABULARY)
    written = make_category(rules=canonical)
    category = Category(
        id=1,
        slug="s",
        facts=written,
        display_order=1,
        show_count=0,
        revision=1,
        create_time=NOW,
        update_time=NOW,
    )

    draft = category_codec.draft_of(category_codec.category_to_proto(category))

    assert draft == CategoryDraft.of(written)
    assert draft.facts(VOCABULARY) == written


def test_a_mask_changes_what_it_names_and_clears_what_is_not_set():
    stored = make_facts(
        name="Old",
        max_age=6,
        creator="Somebody",
        senses=Senses(music=Level.LOW, dialogue=Level.LOW),
    )
    message = show_pb2.Show(name="New", description="ignored")
    message.senses.music = show_pb2.LEVEL_HIGH

    def changed(*paths):
        return show_codec.facts_change_of(message, FieldMask(paths=paths))(stored)

    assert changed("name", "max_age") == make_facts(
        name="New", max_age=None, creator="Somebody", senses=stored.senses
    )
    assert changed("senses.music").senses == Senses(music=Level.HIGH, dialogue=Level.LOW)
    assert changed("senses").senses == Senses(music=Level.HIGH)
    assert changed("senses.music", "senses.dialogue").senses == Senses(music=Level.HIGH)
    with pytest.raises(InvalidInputError) as caught:
        changed("description", "min_age", "stimulation")
    assert [one.field for one in caught.value.violations] == ["show.stimulation"]


@pytest.mark.parametrize(
    ("change", "message", "paths", "told"),
    [
        (show_codec.facts_change_of, show_pb2.Show(), [], "update_mask: is required"),
        (show_codec.facts_change_of, show_pb2.Show(), ["id"], "'id' cannot be changed"),
        (show_codec.facts_change_of, show_pb2.Show(), ["slug"], "'slug' cannot be changed"),
        (show_codec.facts_change_of, show_pb2.Show(), ["featured"], "cannot be changed"),
        (show_codec.facts_change_of, show_pb2.Show(), ["nam"], "'nam' is no field of a show"),
        (show_codec.facts_change_of, show_pb2.Show(), ["*"], "'*' is no field of a show"),
        (
            category_codec.draft_change_of,
            category_pb2.Category(),
            ["name", "display_order"],
            "update_mask.paths[1]: 'display_order' cannot be changed",
        ),
        (research_codec.facts_change_of, research_pb2.Research(), ["revision"], "cannot be"),
    ],
)
def test_a_path_that_is_not_for_editors_is_refused(change, message, paths, told):
    with pytest.raises(InvalidInputError) as caught:
        change(message, FieldMask(paths=paths))

    assert told in caught.value.message


def test_every_field_of_the_filter_proto_reaches_the_domain():
    message = filter_pb2.ShowFilter(
        text="t",
        min_age=0,
        max_age=9,
        min_stimulation=1,
        max_stimulation=5,
        themes=["a", "a"],
        theme_match=filter_pb2.MATCH_ANY,
        platforms=["tv"],
        senses=[
            filter_pb2.SenseCondition(
                sense=show_pb2.SENSE_MUSIC,
                levels=[show_pb2.LEVEL_UNSPECIFIED, show_pb2.LEVEL_HIGH],
            )
        ],
        animation_styles=["2D"],
        creators=["x"],
        min_release_year=1,
        max_release_year=2,
        min_episode_minutes=3,
        max_episode_minutes=4,
        ongoing=False,
        youtube=True,
        featured=False,
    )
    assert {field.name for field, _ in message.ListFields()} == set(
        filter_pb2.ShowFilter.DESCRIPTOR.fields_by_name
    )

    found = filter_of(message)

    empty = filter_of(filter_pb2.ShowFilter())
    for name in found.__slots__:
        assert getattr(found, name) != getattr(empty, name), name
    assert (found.themes, found.min_age, found.ongoing) == (("a",), 0, False)
    assert found.senses[0].levels == {Level.HIGH}
    assert found.senses[0].unknown


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda: ordering_of(99, 0), "order_by"),
        (lambda: ordering_of(0, 99), "direction"),
        (lambda: filter_of(filter_pb2.ShowFilter(theme_match=99)), "filter.theme_match"),
        (
            lambda: filter_of(
                filter_pb2.ShowFilter(senses=[filter_pb2.SenseCondition(sense=0, levels=[1])])
            ),
            "filter.senses[0].sense",
        ),
        (
            lambda: filter_of(
                filter_pb2.ShowFilter(senses=[filter_pb2.SenseCondition(sense=1, levels=[9])])
            ),
            "filter.senses[0].levels",
        ),
        (
            lambda: show_codec.facts_of(show_pb2.Show(senses=show_pb2.Senses(music=9))),
            "show.senses.music",
        ),
    ],
)
def test_a_number_that_no_enum_has_is_refused(call, field):
    with pytest.raises(InvalidInputError) as caught:
        call()

    assert [violation.field for violation in caught.value.violations] == [field]


def test_research_has_the_protos_field_names():
    names = set(make_research().__slots__)

    assert names <= set(research_pb2.Research.DESCRIPTOR.fields_by_name)
