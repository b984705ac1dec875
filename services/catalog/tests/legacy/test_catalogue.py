from tantrum_catalog.domain.naming import slug_valid
from tantrum_catalog.legacy.catalogue import normalise_shows


def test_shows_come_by_id_and_refused_rows_with_their_reason(make_row):
    result = normalise_shows(
        [make_row(id=3, name="C"), make_row(id=1, name="A"), make_row(id=2, age_range="?")]
    )

    assert [show.id for show in result.shows] == [1, 3]
    assert [refusal.show_id for refusal in result.refusals] == [2]


def test_shows_of_one_name_are_told_apart_by_release_year(make_row):
    result = normalise_shows(
        [
            make_row(id=1, name="Same Name", release_year=1999),
            make_row(id=2, name="same name ", release_year=2010),
            make_row(id=3, name="Other"),
        ]
    )

    assert [show.slug for show in result.shows] == ["same-name-1999", "same-name-2010", "other"]


def test_shows_of_one_name_and_year_are_told_apart_by_id(make_row):
    result = normalise_shows(
        [
            make_row(id=1, name="Same", release_year=1999),
            make_row(id=2, name="Same", release_year=1999),
            make_row(id=3, name="Same"),
            make_row(id=4, name="Same", release_year=2001),
            make_row(id=5, name="Same 2001"),
        ]
    )

    slugs = [show.slug for show in result.shows]
    assert slugs == ["same-1", "same-2", "same-3", "same-4", "same-2001"]


def test_reboots_of_the_old_database_get_their_own_years(make_row):
    shared = {
        "name": "Fireman Sam",
        "release_year": 1987,
        "end_year": 2024,
        "seasons": 15,
        "is_ongoing": False,
    }

    original, reboot = normalise_shows([make_row(id=83, **shared), make_row(id=84, **shared)]).shows

    assert (original.slug, original.end_year, original.seasons) == ("fireman-sam-1987", None, None)
    assert (reboot.slug, reboot.end_year, reboot.seasons) == ("fireman-sam-2008", None, None)


def test_an_original_that_ended_before_its_reboot_keeps_its_end(make_row):
    original, _ = normalise_shows(
        [
            make_row(id=1, release_year=1997, end_year=2001, seasons=4),
            make_row(id=2, release_year=2015),
        ]
    ).shows

    assert (original.end_year, original.seasons) == (2001, 4)


def test_years_stay_in_a_name_that_another_show_has_too(make_row):
    result = normalise_shows(
        [
            make_row(id=1, name="Rugrats", release_year=1991),
            make_row(id=2, name="Rugrats (2021 Reboot)"),
            make_row(id=3, name="Bluey (2018)"),
        ]
    )

    assert [show.name for show in result.shows] == ["Rugrats", "Rugrats (2021)", "Bluey"]
    assert [show.slug for show in result.shows] == ["rugrats-1991", "rugrats-2021", "bluey"]
    names = [(c.old, c.new) for c in result.corrections if c.field == "name"]
    assert names == [("Rugrats (2021 Reboot)", "Rugrats (2021)"), ("Bluey (2018)", "Bluey")]


def test_years_that_stay_as_they_were_are_no_correction(make_row):
    result = normalise_shows(
        [make_row(id=1, name="Both (1997-2001)"), make_row(id=2, name="Both (2015-2018)")]
    )

    assert [show.name for show in result.shows] == ["Both (1997-2001)", "Both (2015-2018)"]
    assert {c.field for c in result.corrections} == {"release_year", "end_year", "ongoing"}


def test_a_description_that_three_shows_share_is_generated(make_row):
    filler = "{} is a children's television show with engaging content for kids."
    rows = [
        make_row(id=i, name=n, description=filler.format(n))
        for i, n in enumerate(["Ant", "Bee", "Cat"])
    ]
    real = make_row(id=9, name="Dog", description="Four friends share one bicycle.")

    result = normalise_shows([*rows, real])

    assert [c.show for c in result.corrections if c.field == "description"] == ["Ant", "Bee", "Cat"]
    assert all("engaging content" not in show.description for show in result.shows)
    assert result.shows[-1].description == "Four friends share one bicycle."


def test_a_description_that_two_shows_share_is_left(make_row):
    text = "The twins go to town."

    result = normalise_shows([make_row(id=i, name=f"N{i}", description=text) for i in (1, 2)])

    assert [show.description for show in result.shows] == [text, text]


def test_a_slug_leaves_room_in_its_120_characters(make_row):
    rows = [make_row(id=i, name="long " * 40, release_year=2000 + i) for i in (1, 2)]

    slugs = [show.slug for show in normalise_shows(rows).shows]

    assert all(slug_valid(slug) for slug in slugs)
    assert len(set(slugs)) == 2


def test_a_name_in_another_script_gets_a_slug_from_its_id(make_row):
    assert normalise_shows([make_row(name="\u4e2d\u6587")]).shows[0].slug == "show-7"
