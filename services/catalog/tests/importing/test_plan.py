"""What an import may do with a row."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tantrum_catalog.importing.plan import (
    Action,
    Imported,
    Kind,
    Present,
    Wanted,
    checksum_of,
    decide,
    digest_of,
)

WANTED = Wanted(
    kind=Kind.SHOW, key="1", label="show 1", source_digest=b"there", row={"id": 1, "name": "new"}
)
SAME = {"id": 1, "name": "new", "revision": 5}
OTHER = {"id": 1, "name": "old", "revision": 5}


def present(row, stamp="5"):
    return Present(row=row, stamp=stamp)


def imported(stamp="5", source_digest=b"there"):
    return Imported(source_digest=source_digest, stamp=stamp)


@pytest.mark.parametrize(
    ("here", "before", "action", "reason"),
    [
        pytest.param(None, None, Action.INSERT, "", id="new"),
        pytest.param(present(SAME), None, Action.LEAVE, "", id="here and the same"),
        pytest.param(present(SAME), imported("4"), Action.LEAVE, "", id="edited into the same"),
        pytest.param(present(OTHER), imported(), Action.UPDATE, "", id="nobody wrote it"),
        pytest.param(
            present(OTHER), None, Action.KEEP, "it was made here, not by an import", id="made here"
        ),
        pytest.param(
            present(OTHER), imported("4"), Action.KEEP, "it was edited here", id="edited here"
        ),
        pytest.param(
            present(OTHER),
            imported("4", b"before"),
            Action.KEEP,
            "it was edited here, and changed in the source as well",
            id="edited on both sides",
        ),
        pytest.param(None, imported(), Action.KEEP, "it was deleted here", id="deleted here"),
    ],
)
def test_nothing_that_was_written_here_is_overwritten(here, before, action, reason):
    decision = decide(WANTED, here, before)

    assert (decision.action, decision.reason) == (action, reason)


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text() | st.datetimes(timezones=st.just(dt.UTC)),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=5,
)
ROWS = st.dictionaries(st.text(), VALUES, max_size=5)


@given(ROWS)
def test_a_digest_does_not_depend_on_the_order_of_columns(row):
    assert digest_of(row) == digest_of(dict(reversed(row.items())))


@given(ROWS, st.text(), st.text())
def test_a_digest_tells_any_two_values_of_a_column_apart(row, one, other):
    same = digest_of({**row, "c": one}) == digest_of({**row, "c": other})

    assert same == (one == other)


def test_a_time_is_the_same_in_every_zone():
    there = dt.timezone(dt.timedelta(hours=5))
    noon = dt.datetime(2026, 3, 1, 12, tzinfo=dt.UTC)

    assert digest_of({"time": noon}) == digest_of({"time": noon.astimezone(there)})


def test_a_checksum_depends_on_keys_and_rows_and_not_on_their_order():
    first, second = digest_of({"a": 1}), digest_of({"a": 2})

    assert checksum_of({"1": first, "2": second}) == checksum_of({"2": second, "1": first})
    assert checksum_of({"1": first, "2": second}) != checksum_of({"1": second, "2": first})
