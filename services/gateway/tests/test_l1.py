"""The cache in the process, by itself."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tantrum_gateway.answers import FOREVER, Answer, State
from tantrum_gateway.dependencies import Change, Dependencies
from tantrum_gateway.l1 import L1
from tantrum_gateway.negotiation import Coding


def make_answer(*, size_bytes: int = 1_000, catalog_revision: int = 1, **changes) -> Answer:
    return Answer(
        **{
            "body": b"x" * size_bytes,
            "media_type": "text/plain",
            "cache_control": "no-store",
            "catalog_revision": catalog_revision,
            "expires_monotonic": 100.0,
            "stored_monotonic": 1.0,
            **changes,
        }
    )


def raw_key(path: str):
    return ("GET", path.encode(), b"", b"gzip")


@pytest.fixture(scope="module")
def threads():
    with ThreadPoolExecutor(1) as pool:
        yield pool


async def test_an_answer_is_found_by_both_ways_until_it_is_dropped(threads):
    l1 = L1(size_bytes=1_000_000)
    answer = make_answer()
    l1.put("a", answer)
    form = await answer.form(Coding.GZIP, threads=threads)
    l1.alias(raw_key("/a"), "a", form)

    assert l1.get("a") is answer
    assert l1.ready[raw_key("/a")] is form

    l1.drop_catalogue()

    assert l1.get("a") is None
    assert not l1.ready
    assert l1.size_bytes == 0


async def test_the_ways_to_one_answer_are_few(threads):
    l1 = L1(size_bytes=1_000_000)
    answer = make_answer()
    l1.put("a", answer)
    form = await answer.form(Coding.IDENTITY, threads=threads)

    for number in range(1_000):
        l1.alias(raw_key(f"/{number}"), "a", form)

    assert len(l1.ready) == 32


async def test_a_form_of_an_answer_that_is_gone_gets_no_way(threads):
    l1 = L1(size_bytes=1_000_000)
    answer = make_answer()
    form = await answer.form(Coding.IDENTITY, threads=threads)
    l1.alias(raw_key("/a"), "a", form)
    l1.put("a", make_answer())
    l1.alias(raw_key("/a"), "a", form)

    assert not l1.ready


def test_only_older_revisions_are_outdated():
    l1 = L1(size_bytes=1_000_000)
    for revision in (1, 2, 3, FOREVER):
        l1.put(str(revision), make_answer(catalog_revision=revision))

    touched = l1.apply(Change(revision=3, everything=True), now_monotonic=9.0)

    assert [l1.get(key) is not None for key in ("1", "2", "3", str(FOREVER))] == [
        False, False, True, True,
    ]  # fmt: skip
    assert sorted(key for key, _ in touched) == ["1", "2"]
    assert l1.kept("1").left_fresh_monotonic == 9.0
    assert l1.invalidations == 2


async def test_a_change_outdates_what_has_one_of_its_tags_and_leaves_the_rest(threads):
    l1 = L1(size_bytes=1_000_000)
    for key, tags in (("a", {"show:1", "theme:x"}), ("b", {"show:2"}), ("c", set())):
        answer = make_answer(depends=Dependencies(tags=frozenset(tags)))
        l1.put(key, answer)
        l1.alias(raw_key(key), key, await answer.form(Coding.GZIP, threads=threads))

    touched = l1.apply(Change(revision=2, tags=frozenset({"show:1"})), now_monotonic=9.0)

    assert [key for key, _ in touched] == ["a"]
    assert l1.ready.keys() == {raw_key("b"), raw_key("c")}
    [(way, former)] = touched[0][1].ways
    assert (way, former.coding) == (raw_key("a"), Coding.GZIP)


def test_a_newer_answer_is_never_replaced_by_an_older_one():
    l1 = L1(size_bytes=1_000_000)
    newer = make_answer(catalog_revision=5)
    l1.put("a", newer)
    l1.put("a", make_answer(catalog_revision=4))

    assert l1.get("a") is newer


async def test_a_better_form_takes_over_the_ways_and_the_count(threads):
    l1 = L1(size_bytes=1_000_000)
    answer = make_answer()
    l1.put("a", answer)
    quick = await answer.form(Coding.BR, threads=threads)
    l1.alias(raw_key("a"), "a", quick)
    quick.hits += 3

    best = answer.polished(Coding.BR)
    l1.replace("a", answer, Coding.BR, best)

    assert l1.ready[raw_key("a")] is best
    assert l1.sent()["", 200] == 3
    assert best.etag != quick.etag
    assert best.matching(quick.etag, weak=True) == quick.etag
    assert quick.matching(best.etag, weak=True) == best.etag
    assert not answer.polishable(Coding.BR)


def test_what_expires_goes_and_what_replaced_it_stays():
    l1 = L1(size_bytes=1_000_000)
    l1.put("a", make_answer(expires_monotonic=10.0))
    l1.put("a", make_answer(expires_monotonic=20.0))
    l1.put("b", make_answer(expires_monotonic=10.0))

    l1.expire(15.0)

    assert (l1.get("a") is None, l1.get("b") is None) == (False, True)


def test_what_expires_is_kept_for_a_while_for_want_of_a_newer_one():
    l1 = L1(size_bytes=1_000_000, stale_seconds=20.0)
    l1.put("a", make_answer(expires_monotonic=10.0))

    l1.expire(15.0)
    assert l1.get("a") is None
    assert l1.kept("a").state is State.EXPIRED

    l1.expire(31.0)
    assert l1.kept("a") is None


def test_many_tags_are_told_to_a_cdn_by_their_kinds():
    few = Dependencies(tags=frozenset({"show:1", "theme:a", "categories"}))
    many = Dependencies(tags=few.tags | {f"show:{number}" for number in range(300)})

    assert make_answer(depends=few).cdn_tags == ["categories", "show:1", "theme:a"]
    assert make_answer(depends=many).cdn_tags == ["categories", "shows", "themes"]


def test_unwatched_only_the_young_and_the_unchanging_stay():
    l1 = L1(size_bytes=1_000_000)
    l1.put("old", make_answer(stored_monotonic=5.0))
    l1.put("young", make_answer(stored_monotonic=50.0))
    l1.put("picture", make_answer(stored_monotonic=5.0, catalog_revision=FOREVER))

    l1.outdate_stored_before(40.0, now_monotonic=60.0)

    assert [key for key in ("old", "young", "picture") if l1.get(key)] == ["young", "picture"]


async def test_what_was_sent_gets_a_second_chance(threads):
    l1 = L1(size_bytes=16_000)
    for key in "abcd":
        l1.put(key, make_answer())
    sent = l1.get("a")
    (await sent.form(Coding.IDENTITY, threads=threads)).hits += 1

    for key in "efgh":
        l1.put(key, make_answer())

    assert l1.get("a") is sent
    assert l1.get("b") is None
    assert l1.evictions >= 1


def test_one_answer_never_takes_more_than_a_quarter():
    l1 = L1(size_bytes=40_000)
    l1.put("large", make_answer(size_bytes=9_000))
    l1.put("small", make_answer(size_bytes=7_000))

    assert (l1.get("large"), l1.get("small") is not None) == (None, True)


async def test_hits_are_counted_by_route_and_status_even_after_the_answer_is_gone(threads):
    l1 = L1(size_bytes=1_000_000)
    answer = make_answer(route="/v1/shows")
    l1.put("a", answer)
    form = await answer.form(Coding.IDENTITY, threads=threads)
    form.hits += 3
    form.not_modified += 2

    before = l1.sent()
    l1.drop_catalogue()

    assert before == l1.sent() == {("/v1/shows", 200): 3, ("/v1/shows", 304): 2}


@settings(deadline=None)
@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("put"), st.integers(0, 20), st.integers(1, 6_000)),
            st.tuples(st.just("drop"), st.integers(0, 5), st.just(0)),
            st.tuples(st.just("expire"), st.integers(0, 200), st.just(0)),
        ),
        max_size=60,
    )
)
def test_the_bytes_always_add_up(steps):
    l1 = L1(size_bytes=40_000)
    for number, (what, key, size_bytes) in enumerate(steps):
        match what:
            case "put":
                answer = make_answer(
                    size_bytes=size_bytes,
                    catalog_revision=number % 6,
                    expires_monotonic=float(number * 7 % 200),
                )
                l1.put(str(key), answer)
            case "drop":
                l1.apply(Change(revision=key, everything=True), now_monotonic=0.0)
            case _:
                l1.expire(float(key))

        kept = [l1.kept(str(key)) for key in range(21)]
        assert l1.size_bytes == sum(one.size_bytes for one in kept if one)
        assert l1.size_bytes <= 40_000
