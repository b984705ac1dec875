import pytest
from tantrum_catalog.domain.naming import slug_of
from tantrum_catalog.domain.show import Label
from tantrum_catalog.legacy import phrases
from tantrum_catalog.legacy.vocabulary import (
    parse_platform,
    parse_theme,
    platforms,
    theme_aliases,
    themes,
)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Enviromental Awareness", "Environmental Awareness"),
        ("Mischievious Behaviour", "Mischievous Behaviour"),
        ("Communiction & Expression", "Communication & Expression"),
        ("Communication and Expression", "Communication & Expression"),
        ("Slapstic Comedy", "Slapstick Comedy"),
        ("Positve Mindset", "Positive Mindset"),
        ("Marine Bioligy", "Marine Biology"),
        ("Politcal Leanings", "Political Leanings"),
        ("Animal Behavior", "Animal Behaviour"),
        ("Complex & Emotional Themes", "Complex Emotional Themes"),
        ("MineCraft", "Minecraft"),
    ],
)
def test_an_old_theme_name_is_mended_and_still_found(old, new):
    theme = parse_theme(old)

    assert theme == Label(slug=slug_of(new, fallback="theme"), name=new)
    folded = {name.casefold() for name in (theme.name, *theme_aliases(theme))}
    assert old.casefold() in folded


def test_a_theme_is_read_whatever_its_case_and_spaces():
    assert parse_theme(" problem  SOLVING ") == Label(
        slug="problem-solving", name="Problem Solving"
    )


def test_stop_motion_is_a_style_and_no_theme():
    assert parse_theme("Stop-Motion") is None


def test_a_theme_that_an_editor_made_since_is_kept():
    assert parse_theme("Space  Travel") == Label(slug="space-travel", name="Space Travel")


def test_themes_in_another_script_are_told_apart():
    slugs = {parse_theme(name).slug for name in ("\u97f3\u697d", "\u81ea\u7136")}

    assert len(slugs) == 2
    assert all(slug.startswith("theme-") for slug in slugs)


def test_a_theme_without_a_letter_is_none():
    assert parse_theme(" - ") is None


def test_the_themes_have_slugs_and_names_of_their_own():
    slugs = [theme.slug for theme in themes()]

    assert len(slugs) == 190
    assert slugs == sorted(set(slugs))
    assert len({theme.name.casefold() for theme in themes()}) == 190


def test_no_alias_is_the_name_or_alias_of_another_theme():
    names = [name.casefold() for t in themes() for name in (t.name, *theme_aliases(t))]

    assert len(names) == len(set(names))


def test_each_theme_has_its_words_in_a_description_or_is_silent():
    spoken = [*phrases.TOPICS, *phrases.CAUTIONS, *phrases.SILENT]

    assert sorted(spoken) == [theme.slug for theme in themes()]


def test_platforms_are_read_whatever_their_case():
    assert [p.slug for p in platforms()] == ["tv", "youtube"]
    assert parse_platform(" youtube") == Label(slug="youtube", name="YouTube")
    assert parse_platform("Disney+") == Label(slug="disney", name="Disney+")
    assert parse_platform(" ") is None
