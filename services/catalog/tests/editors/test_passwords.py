from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tantrum_catalog.domain import passwords
from tantrum_kit.errors import InvalidInputError


@pytest.mark.parametrize(
    "password",
    [
        pytest.param("", id="empty"),
        pytest.param("elevenchars", id="one character short"),
        pytest.param("x" * 1025, id="one byte long"),
        pytest.param("é" * 513, id="bytes count, not characters"),
        pytest.param("twelve\x00chars!", id="control character"),
        pytest.param("twelve chars\ud800", id="half a character"),
    ],
)
def test_a_bad_new_password_is_refused_without_being_told(password):
    with pytest.raises(InvalidInputError) as caught:
        passwords.check_new(password, field="new_password")

    assert [v.field for v in caught.value.violations] == ["new_password"]
    assert caught.value.__cause__ is None
    assert not password or password not in str(caught.value)


@pytest.mark.parametrize(
    "password",
    [
        "x" * 12,
        "x" * 1024,
        "correct horse battery staple",
        "пароль-подлиннее",
        12 * "🐖",
    ],
)
def test_a_long_enough_password_of_any_characters_is_good(password):
    passwords.check_new(password, field="password")


def test_length_is_counted_after_normalising():
    eleven_typed_as_twelve = "e\N{COMBINING ACUTE ACCENT}" + "x" * 10

    with pytest.raises(InvalidInputError):
        passwords.check_new(eleven_typed_as_twelve, field="password")


def test_the_same_text_from_other_keyboards_is_one_password():
    assert passwords.normalised("cafe\N{COMBINING ACUTE ACCENT}") == passwords.normalised("café")
    assert passwords.normalised("\uff21\uff22\uff23") == "ABC"


@given(st.text())
def test_normalising_again_changes_nothing(password):
    once = passwords.normalised(password)

    assert passwords.normalised(once) == once


def test_a_short_password_from_elsewhere_may_still_sign_in():
    passwords.check_given("short", field="password")
