import pytest
from tantrum_catalog.domain.show import Level, Senses
from tantrum_catalog.legacy.normalise import Normalised, normalise_show
from tantrum_catalog.legacy.row import LegacyShow, MalformedRowError
from tantrum_catalog.legacy.show import Refusal


def normalised(row):
    result = normalise_show(row)
    assert isinstance(result, Normalised)
    return result


def corrected(row):
    """What was corrected, as {field: (old, new)}."""
    return {c.field: (c.old, c.new) for c in normalised(row).corrections}


def test_a_row_in_order_needs_no_correction(make_row):
    result = normalised(make_row(description="Two friends solve a problem a day."))

    assert result.corrections == ()
    assert not result.described
    assert result.show.slug == "a-show"
    assert result.show.legacy == {"age_range": "3-6", "episode_length": 11}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"name": "  "}, "it has no name"),
        ({"age_range": "teens"}, "its ages cannot be read: 'teens'"),
        ({"stimulation_score": 6}, "its stimulation is not 1 to 5: 6"),
        ({"stimulation_score": None}, "its stimulation is not 1 to 5: None"),
    ],
)
def test_a_row_without_what_a_show_needs_is_refused_with_the_reason(make_row, changes, reason):
    result = normalise_show(make_row(**changes))

    assert isinstance(result, Refusal)
    assert result.reason == reason


def test_trailing_spaces_of_a_name_are_a_correction(make_row):
    assert corrected(make_row(name="A Show ")) == {"name": ("A Show ", "A Show")}


def test_medium_is_moderate_and_an_unknown_word_is_no_level(make_row):
    row = make_row(sound_effects_level="Medium", music_tempo="Presto", dialogue_intensity="High")

    assert corrected(row) == {
        "senses.sound_effects": ("Medium", "moderate"),
        "senses.music_tempo": ("Presto", ""),
    }
    senses = normalised(row).show.senses
    assert senses == Senses(dialogue=Level.HIGH, sound_effects=Level.MODERATE)


@pytest.mark.parametrize(
    ("old", "sheet", "minutes"),
    [
        pytest.param(30, 11, 11, id="the spreadsheet goes before"),
        pytest.param(30, None, 30, id="no spreadsheet"),
        pytest.param(3, 3, 3, id="short in both"),
        pytest.param(30, 3, 30, id="the spreadsheet's is below its range"),
        pytest.param(30, 121, 30, id="the spreadsheet's is above its range"),
        pytest.param(120, None, 120, id="longest"),
        pytest.param(121, None, None, id="too long"),
        pytest.param(759, None, None, id="7:59 without its colon"),
        pytest.param(0, None, None, id="nothing"),
        pytest.param(759, 7, 7, id="the spreadsheet knows better"),
        pytest.param(None, None, None, id="unknown"),
    ],
)
def test_episode_minutes(make_row, old, sheet, minutes):
    row = make_row(episode_length=old, episode_length_sheet_minutes=sheet)

    assert normalised(row).show.episode_minutes == minutes
    assert ("episode_minutes" in corrected(row)) == (old != minutes)


def test_an_ended_show_is_not_ongoing(make_row):
    row = make_row(release_year=2001, end_year=2005)

    assert corrected(row) == {"ongoing": ("true", "false")}
    assert not normalised(row).show.ongoing


def test_an_end_before_the_release_is_dropped(make_row):
    row = make_row(release_year=2005, end_year=2001)

    assert corrected(row) == {"end_year": ("2001", "")}
    assert normalised(row).show.ongoing


def test_impossible_years_are_dropped(make_row):
    assert corrected(make_row(release_year=20, end_year=3000)) == {
        "release_year": ("20", ""),
        "end_year": ("3000", ""),
    }


@pytest.mark.parametrize(
    ("seasons", "kept"), [(1500, None), (101, None), (100, 100), (1, 1), (0, None)]
)
def test_seasons_above_100_count_something_else(make_row, seasons, kept):
    assert normalised(make_row(seasons=seasons)).show.seasons == kept


def test_stated_years_go_before_those_of_another_version(make_row):
    row = make_row(
        sheet_name="A Show (2015-2018)",
        release_year=1997,
        end_year=2015,
        seasons=21,
        is_ongoing=False,
    )

    show = normalised(row).show

    assert (show.release_year, show.end_year, show.seasons) == (2015, 2018, None)
    assert set(corrected(row)) == {"release_year", "end_year", "seasons"}


def test_stated_years_of_the_same_version_leave_its_seasons(make_row):
    row = make_row(sheet_name="A Show (2016-2019)", release_year=2015, end_year=2019, seasons=2)

    show = normalised(row).show

    assert (show.release_year, show.end_year, show.seasons) == (2016, 2019, 2)


def test_present_fills_a_release_year_and_contradicts_none(make_row):
    unknown = make_row(sheet_name="A Show (2016-present)")
    known = make_row(sheet_name="A Show (2016-present)", release_year=2018, end_year=2021)

    assert normalised(unknown).show.release_year == 2016
    assert normalised(unknown).show.ongoing
    assert normalised(known).show.release_year == 2018
    assert normalised(known).show.end_year == 2021


def test_an_end_that_only_the_name_tells_ends_the_show(make_row):
    show = normalised(make_row(name="A Show (2005-2009)")).show

    assert (show.name, show.release_year, show.end_year) == ("A Show", 2005, 2009)
    assert not show.ongoing


@pytest.mark.parametrize("creator", ["N/A", " n/a ", "", "Unknown"])
def test_a_creator_that_names_nobody_is_dropped(make_row, creator):
    assert normalised(make_row(creator=creator)).show.creator is None


def test_doubled_themes_are_one_after_their_mending(make_row):
    row = make_row(themes=["Animal Behavior", "Stop-Motion", "Animal Behaviour"])

    result = normalised(row)

    assert [theme.slug for theme in result.show.themes] == ["animal-behaviour"]
    assert [(c.old, c.new) for c in result.corrections] == [
        ("Animal Behavior", "Animal Behaviour"),
        ("Stop-Motion", ""),
        ("Animal Behaviour", ""),
    ]


def test_platforms_keep_their_order_and_lose_their_doubles(make_row):
    row = make_row(available_on=["youtube", "TV", "YouTube"])

    assert [p.slug for p in normalised(row).show.platforms] == ["youtube", "tv"]
    assert [c.old for c in normalised(row).corrections] == ["youtube", "YouTube"]


def test_an_animation_style_is_tidied(make_row):
    row = make_row(animation_style="traditional 2D  animation. DIgital later ")

    assert normalised(row).show.animation_style == "Traditional 2D animation. Digital later"
    assert normalised(make_row(animation_style=" ")).show.animation_style is None


def test_a_long_animation_style_keeps_its_first_sentences(make_row):
    row = make_row(animation_style=f"2D animation. {'Bright ' * 20}colours. {'Soft ' * 20}shapes.")

    style = normalised(row).show.animation_style

    assert style.startswith("2D animation. Bright")
    assert style.endswith("colours.")
    assert len(normalised(make_row(animation_style="word " * 99)).show.animation_style) <= 200


@pytest.mark.parametrize("description", ["", "No description available.", "N/A", "Coming soon!"])
def test_a_description_that_says_nothing_is_generated(make_row, description):
    row = make_row(description=description)

    assert normalised(row).described
    assert corrected(row) == {"description": (description, "(generated)")}


def test_a_missing_description_is_generated_without_a_correction(make_row):
    assert normalised(make_row()).described
    assert corrected(make_row()) == {}


def test_what_only_the_old_api_needs_is_kept_as_it_was(make_row):
    row = make_row(age_range="8+", episode_length=759, subscriber_count="12", has_omdb_data=False)

    assert normalised(row).show.legacy == {
        "age_range": "8+",
        "subscriber_count": "12",
        "episode_length": 759,
        "has_omdb_data": False,
    }


@pytest.mark.parametrize(
    "changes",
    [
        {"id": None},
        {"name": 5},
        {"episode_length": "11"},
        {"seasons": True},
        {"is_ongoing": 1},
        {"themes": "Nature"},
        {"themes": ["Nature", None]},
    ],
)
def test_a_value_of_a_wrong_type_is_named(changes):
    columns = {"id": 1, "name": "A Show", "age_range": "3-6", "episode_length": 11}

    with pytest.raises(MalformedRowError):
        LegacyShow.from_mapping(columns | changes)
