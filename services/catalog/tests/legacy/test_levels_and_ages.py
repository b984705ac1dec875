import pytest
from tantrum_catalog.domain.show import Level
from tantrum_catalog.legacy.ages import Ages, parse_ages, plain_spelling
from tantrum_catalog.legacy.levels import old_spelling, parse_level


@pytest.mark.parametrize(
    ("text", "level"),
    [
        ("Low", Level.LOW),
        ("Low-Moderate", Level.LOW_MODERATE),
        ("Moderate-Low", Level.LOW_MODERATE),
        ("Moderate", Level.MODERATE),
        ("Medium", Level.MODERATE),
        (" medium\t", Level.MODERATE),
        ("MODERATE - HIGH", Level.MODERATE_HIGH),
        ("Medium\u2013High", Level.MODERATE_HIGH),
        ("high", Level.HIGH),
    ],
)
def test_a_level_is_read_whatever_its_case_spaces_and_dashes(text, level):
    assert parse_level(text) is level


@pytest.mark.parametrize("text", ["", "Any", "Not specified", "High-Low", "5"])
def test_what_is_no_level_is_none(text):
    assert parse_level(text) is None


@pytest.mark.parametrize("level", Level)
def test_the_old_spelling_of_a_level_is_read_as_that_level(level):
    assert parse_level(old_spelling(level)) is level


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("3-6", 3, 6),
        (" 3 - 6 ", 3, 6),
        ("3 to 6", 3, 6),
        ("10\u201314", 10, 14),
        ("3-8 years", 3, 8),
        ("4-4", 4, 4),
        ("5", 5, 5),
        ("0-13+", 0, None),
        ("8+", 8, None),
        ("12+ years", 12, None),
        ("7-12, 12+", 7, None),
        ("6-12, 12+", 6, None),
        ("2-4, 6-8", 2, 8),
        ("10-18", 10, 18),
        ("10-99", 10, None),
    ],
)
def test_ages_are_read_as_whole_years(text, low, high):
    assert parse_ages(text) == Ages(min_age=low, max_age=high)


@pytest.mark.parametrize("text", ["", "all", "6-3", "19+", "3-6-9", "3-6,", "-3", "3-6 months"])
def test_ages_that_cannot_be_are_none(text):
    assert parse_ages(text) is None


@pytest.mark.parametrize("text", ["3-6", "0+", "12+"])
def test_a_plain_spelling_stays_as_it_is(text):
    ages = parse_ages(text)

    assert ages is not None
    assert plain_spelling(ages) == text
