from dataclasses import replace

import pytest
from tantrum_catalog.domain.show import Level, Senses
from tantrum_catalog.legacy.describe import describe
from tantrum_catalog.legacy.normalise import normalise_show
from tantrum_catalog.legacy.styles import Making, making_of


@pytest.fixture
def show(make_row):
    return normalise_show(make_row(animation_style="3D CGI animation")).show


def described(show, **changes):
    """Descriptions of *show* in many shapes, since the slug chooses the shape."""
    return [describe(replace(show, slug=f"slug-{i}", **changes)) for i in range(200)]


def test_the_same_show_is_described_in_the_same_words(show):
    assert describe(show) == describe(replace(show, description="something else"))


def test_shows_are_described_in_many_shapes(show):
    assert len(set(described(show))) > 50


@pytest.mark.parametrize("score", [1, 2, 3, 4, 5])
@pytest.mark.parametrize("level", [None, *Level])
def test_a_description_has_a_decent_length_and_ends_its_sentences(show, score, level):
    senses = Senses(dialogue=level, scene_frequency=level, music=level, interactivity=level)

    for text in described(show, stimulation=score, senses=senses):
        assert 60 <= len(text) <= 300
        assert text.endswith(".")
        assert "  " not in text
        assert "{" not in text
        assert text[0].isupper()


def test_an_open_age_is_said_to_be_open(show):
    for text in described(show, min_age=8, max_age=None):
        assert "8 and up" in text


def test_all_ages_are_named_as_such(show):
    for text in described(show, min_age=0, max_age=None):
        assert "all ages" in text.lower()


def test_babies_have_no_age_of_zero(show):
    for text in described(show, min_age=0, max_age=3):
        assert "up to age 3" in text


def test_articles_fit_their_words(show):
    for text in described(show, animation_style="Animated stories"):
        assert "an animated" in text.lower()
        assert " a animated" not in text.lower()
    for text in described(show, animation_style=None):
        assert "a series" in text.lower() or "a show" in text.lower()


def test_cautions_are_kept_when_room_is_short(make_row):
    themes = ["Mild Peril", "Mild Fantasy Violence", "Cultural & Social", "Community Service"]
    row = make_row(name="A Rather Long Name " * 4, themes=[*themes, "Religious Teachings"])
    show = normalise_show(row).show

    for text in described(show):
        assert "mild peril and mild fantasy violence" in text


def test_a_default_length_is_not_stated(show):
    for minutes in (15, 30, None):
        assert not any("minutes" in text for text in described(show, episode_minutes=minutes))
    assert all("about 7 minutes" in text for text in described(show, episode_minutes=7))


def test_the_years_of_a_name_are_not_part_of_a_sentence(show):
    assert "(1997-2001)" not in describe(replace(show, name="Teletubbies (1997-2001)"))


def test_an_extremely_long_name_is_still_described(show):
    text = describe(replace(show, name="Very long " * 40))

    assert "stimulation" in text or "calm" in text or "gentle" in text


def test_braces_in_a_name_are_only_letters(show):
    assert all("{x} and {0}" in text for text in described(show, name="{x} and {0}"))


@pytest.mark.parametrize(
    ("style", "making"),
    [
        ("Traditional Stop-Motion (claymation)", Making.STOP_MOTION),
        ("Live-action puppetry with colorful characters.", Making.PUPPETRY),
        ("Live-Action with Puppetry and Props", Making.LIVE_ACTION),
        ("Live action, Digital 2D animation", Making.LIVE_ACTION_AND_ANIMATION),
        ("2D and 3D Animation with Bright Colors", Making.ANIMATION),
        ("3D CGI", Making.COMPUTER_ANIMATION),
        ("Traditional hand-drawn", Making.DRAWN_ANIMATION),
        ("Hand-drawn 2D style combining stop-motion elements.", Making.DRAWN_ANIMATION),
        ("Illustrations or Minimal Animation", Making.ANIMATION),
        ("Real Props No Animations", Making.UNKNOWN),
        (None, Making.UNKNOWN),
    ],
)
def test_the_making_is_told_by_the_words_of_the_style(style, making):
    assert making_of(style) is making
