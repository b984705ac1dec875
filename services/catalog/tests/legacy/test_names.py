import pytest
from tantrum_catalog.legacy.names import Years, mend_name, with_years, without_years


@pytest.mark.parametrize(
    ("old", "title"),
    [
        ("Peppa pig", "Peppa Pig"),
        ("  Bluey ", "Bluey"),
        ("Paw  patrol", "PAW Patrol"),
        ("Gecko\u2019s Garage", "Gecko's Garage"),
        ("Franklin and Friends (2011)", "Franklin and Friends"),
        ("Lucas the spider(2021)", "Lucas the Spider"),
        ("Sesame Street (1969-present)", "Sesame Street"),
        ("Rugrats (2021 Reboot)", "Rugrats"),
        ("Noddy Original Series (1998)", "Noddy"),
        ("CoasterFan2105", "CoasterFan2105"),
        ("An Editor's New Show", "An Editor's New Show"),
        ("Mission 2000", "Mission 2000"),
        ("(1999)", "(1999)"),
    ],
)
def test_a_name_is_mended_without_the_spreadsheet(old, title):
    assert mend_name(1, old).title == title


def test_a_misspelling_that_parents_type_becomes_an_alias():
    assert mend_name(252, "The Berenstein Bears", "The Bernstein Bears").aliases == (
        "The Berenstein Bears",
        "The Bernstein Bears",
    )


@pytest.mark.parametrize(
    ("sheet_name", "years"),
    [
        ("Adventure Time (2010-2018)", Years(start=2010, end=2018)),
        ("Postman Pat (1981\u20132008)", Years(start=1981, end=2008)),
        ("Clifford the Big Red Dog (2019)", Years(start=2019)),
        ("Bluey 2018-present", Years(start=2018, present=True)),
        ("Peter Rabbit(2012-2016)", Years(start=2012, end=2016)),
        ("The Little Mermaid 1992 series", Years(start=1992)),
        ("The Crocodile Hunter (1996-2007):", Years(start=1996, end=2007)),
        ("The Clangers (BBC)", None),
        ("In the Night Garden (07-09)", None),
    ],
)
def test_years_are_read_from_the_spreadsheets_name(sheet_name, years):
    name = mend_name(1, "A Show", sheet_name)

    assert name.title == "A Show"
    assert name.years == years
    assert not name.years_in_name


def test_years_in_the_name_itself_go_before_the_spreadsheets():
    name = mend_name(1, "A Show (2001)", "A Show (1999)")

    assert name.years == Years(start=2001)
    assert name.years_in_name


def test_the_years_of_known_reboots_need_no_spreadsheet():
    assert mend_name(33, "Bob the Builder ").years == Years(start=2015, end=2018)
    assert mend_name(34, "Bob the Builder").years is None


def test_years_are_written_and_taken_off_again():
    assert with_years("Teletubbies", Years(start=1997, end=2001)) == "Teletubbies (1997-2001)"
    assert without_years("Teletubbies (1997-2001)") == "Teletubbies"
