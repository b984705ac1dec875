"""Page tokens: what goes in comes out, and nothing else is taken."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tantrum_kit.paging import PageTokenError, PageTokens

TOKENS = PageTokens(b"k" * 16)

cursors = st.lists(
    st.one_of(st.text(), st.integers(-(2**53), 2**53), st.booleans(), st.none()), max_size=4
)


@given(cursors, st.binary())
def test_a_token_opens_to_its_cursor(cursor, question):
    token = TOKENS.seal(cursor, question=question)

    assert TOKENS.open(token, question=question) == cursor
    assert token.isascii()
    assert "=" not in token


@given(cursors, st.binary(), st.binary())
def test_a_token_of_another_question_is_refused(cursor, question, other):
    token = TOKENS.seal(cursor, question=question)

    if question != other:
        with pytest.raises(PageTokenError):
            TOKENS.open(token, question=other)


@given(st.text())
def test_a_made_up_token_is_refused(token):
    with pytest.raises(PageTokenError):
        TOKENS.open(token, question=b"")


@given(cursors, st.data())
def test_a_changed_token_is_refused(cursor, data):
    sealed = bytearray(base64.urlsafe_b64decode(TOKENS.seal(cursor, question=b"q") + "==="))
    position = data.draw(st.integers(0, len(sealed) - 1))
    sealed[position] ^= data.draw(st.integers(1, 255))

    with pytest.raises(PageTokenError):
        TOKENS.open(base64.urlsafe_b64encode(sealed).rstrip(b"=").decode(), question=b"q")


def test_a_token_of_another_key_is_refused():
    token = PageTokens(b"x" * 16).seal([1], question=b"")

    with pytest.raises(PageTokenError) as caught:
        TOKENS.open(token, question=b"")

    assert [violation.field for violation in caught.value.violations] == ["page_token"]


def test_a_short_key_is_refused():
    with pytest.raises(ValueError, match="16 bytes"):
        PageTokens(b"short")
