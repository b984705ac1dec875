"""The audit log: every write is in it, by whom, with what was and what is, in every store."""

from __future__ import annotations

import dataclasses

import pytest
from tantrum_catalog.domain.actor import ActorKind
from tantrum_catalog.domain.api_tokens import ApiTokens, Scope
from tantrum_catalog.domain.audit import AuditAction, AuditedKind, AuditFilter
from tantrum_catalog.domain.editor import EditorId, EditorInactiveError
from tantrum_catalog.domain.editors import Editors
from tantrum_catalog.domain.errors import ShowChangedError, SlugTakenError
from tantrum_catalog.domain.ports import RequestKey
from tantrum_catalog.domain.sessions import Lifetime, Sessions
from tantrum_catalog.domain.show import Image, StoredImage
from tantrum_catalog.domain.vocabulary import Theme
from tantrum_kit.errors import InvalidInputError

from ..make import (
    make_catalogue,
    make_category,
    make_facts,
    make_new_show,
    make_research,
)
from .fakes import START, FakeHasher
from .people import PASSWORD, acting_as, actions, add_editor, logged

PICTURE = StoredImage(
    image=Image(id=64 * "a", media_type="image/png", width=2, height=1), content=b"png"
)


@pytest.fixture
async def editor(stores, clock):
    return await add_editor(stores, clock)


@pytest.fixture
async def catalog(stores, editor):
    """A catalogue with two shows, which a command has filled."""
    await stores.catalog.load(
        make_catalogue(
            make_new_show(1, themes=("music",)),
            make_new_show(2, featured=True),
            categories=[("calm", make_category())],
            research=[("a-study", make_research())],
        )
    )
    return stores.catalog


async def last(stores):
    return (await logged(stores))[-1]


async def test_a_write_says_who_when_and_by_which_request(stores, catalog, editor, clock):
    clock.advance(minutes=5)

    with acting_as(editor, api_token_id=7, request_id="a request"):
        made = await catalog.create_show(make_facts(name="New"), slug="new", request=None)

    entry = await last(stores)
    assert (entry.actor.kind, entry.actor.editor_id) == (ActorKind.EDITOR, editor.id)
    assert (entry.actor.api_token_id, entry.actor.request_id) == (7, "a request")
    assert entry.editor_email == "mo@example.com"
    assert entry.write_time == clock.now()
    assert entry.revision == made.revision
    record = entry.record
    assert (record.action, record.kind) == (AuditAction.CREATE, AuditedKind.SHOW)
    assert (record.resource_id, record.resource_name) == (str(made.value.id), "New")


async def test_a_filled_catalogue_is_one_entry_with_its_numbers(stores, catalog):
    [entry] = await logged(stores, kind=AuditedKind.CATALOGUE)

    assert entry.actor.kind is ActorKind.COMMAND
    assert entry.editor_email == ""
    assert entry.record.before is None
    assert entry.record.after == {
        "shows": 2,
        "themes": 3,
        "platforms": 2,
        "categories": 1,
        "research": 1,
    }


async def test_a_show_is_logged_as_it_was_and_as_it_is(stores, catalog, editor):
    with acting_as(editor):
        facts = make_facts(name="Renamed", themes=("music",), max_age=None)
        await catalog.put_show(1, facts, expected_revision=1)

    record = (await last(stores)).record
    assert record.action is AuditAction.UPDATE
    changed = {
        name: (record.before[name], value)
        for name, value in record.after.items()
        if record.before[name] != value
    }
    assert changed == {"name": ("A Show", "Renamed"), "max_age": (6, None)}
    assert record.after["themes"] == ["music"]
    assert record.after["senses"]["music"] is None


async def test_every_write_of_the_catalogue_is_logged(stores, catalog, editor):
    with acting_as(editor):
        show = (await catalog.create_show(make_facts(), slug="s", request=None)).value
        await catalog.put_show(show.id, make_facts(name="B"), expected_revision=show.revision)
        await catalog.put_image(PICTURE)
        await catalog.set_show_image(show.id, PICTURE.image.id, expected_revision=None)
        await catalog.set_featured_show(show.id)
        await catalog.delete_show(show.id, expected_revision=None)
        category = (
            await catalog.create_category(make_category(name="B"), slug="b", request=None)
        ).value
        await catalog.put_category(
            category.id, make_category(name="C"), expected_revision=category.revision
        )
        await catalog.reorder_categories([category.id, 1])
        await catalog.delete_category(category.id, expected_revision=None)
        study = (await catalog.create_research(make_research(), slug="r", request=None)).value
        await catalog.put_research(
            study.id, make_research(title="T"), expected_revision=study.revision
        )
        await catalog.delete_research(study.id, expected_revision=None)

    create, update, delete = AuditAction.CREATE, AuditAction.UPDATE, AuditAction.DELETE
    assert sorted(await actions(stores, editor_id=editor.id)) == sorted(
        [
            *((one, AuditedKind.SHOW) for one in (create, update, update, delete)),
            # One ceased to be featured.
            *((one, AuditedKind.SHOW) for one in (AuditAction.FEATURE, AuditAction.FEATURE)),
            (create, AuditedKind.IMAGE),
            *((one, AuditedKind.CATEGORY) for one in (create, update, delete)),
            *((one, AuditedKind.CATEGORY) for one in (AuditAction.REORDER, AuditAction.REORDER)),
            *((one, AuditedKind.RESEARCH) for one in (create, update, delete)),
        ]
    )
    head = await catalog.head()
    assert [entry.revision for entry in await logged(stores, action=delete)][-1] == head


async def test_what_is_removed_is_logged_as_it_was(stores, catalog, editor):
    with acting_as(editor):
        await catalog.delete_show(1, expected_revision=None)

    record = (await last(stores)).record
    assert record.after is None
    assert (record.before["slug"], record.before["themes"]) == ("show-1", ["music"])


async def test_every_write_of_editors_is_logged_without_any_secret(stores, clock, editor):
    hasher = FakeHasher()
    editors = Editors(stores.editors, hasher, now=clock.now)
    sessions = Sessions(stores.sessions, editors, lifetime=Lifetime(), now=clock.now)
    tokens = ApiTokens(stores.api_tokens, now=clock.now)
    with acting_as(editor):
        other = await editors.create(email="jo@example.com", password="hunter2-hunter2")
        await editors.update(
            other.id, lambda one: dataclasses.replace(one, name="Jo"), expected_revision=None
        )
        await editors.reset_password(other.id, new="hunter3-hunter3", expected_revision=None)
        new = await tokens.create(editor.id, name="import", scopes=[Scope.READ], expire_time=None)
        await tokens.revoke(editor.id, new.api_token.id)
    signed_in = await sessions.sign_in("mo@example.com", PASSWORD, client_address="", user_agent="")

    entries = await logged(stores, editor_id=editor.id)
    assert [(one.record.action, one.record.kind) for one in entries] == [
        (AuditAction.CREATE, AuditedKind.EDITOR),
        (AuditAction.UPDATE, AuditedKind.EDITOR),
        (AuditAction.SET_PASSWORD, AuditedKind.EDITOR),
        (AuditAction.CREATE, AuditedKind.API_TOKEN),
        (AuditAction.DELETE, AuditedKind.API_TOKEN),
        (AuditAction.SIGN_IN, AuditedKind.EDITOR),
    ]
    assert entries[1].record.after == {**entries[1].record.before, "name": "Jo"}
    assert entries[3].record.after["scopes"] == ["read"]
    secrets = ("hunter", "$new", new.token, signed_in.token)
    assert not any(secret in str(entries) for secret in secrets)


async def test_a_rehash_is_no_write(stores, clock, editor):
    before = await logged(stores)

    await stores.editors.set_password(
        editor.id, password_hash="$2", replaces=f"$new:{PASSWORD}", password_time=None
    )

    assert await logged(stores) == before


async def test_what_fails_or_changes_nothing_is_not_logged(stores, catalog, editor):
    request = RequestKey(id="once", digest=bytes(32))
    with acting_as(editor):
        await catalog.create_show(make_facts(), slug="new", request=request)
        before = await logged(stores)
        with pytest.raises(SlugTakenError):
            await catalog.create_show(make_facts(), slug="show-1", request=None)
        with pytest.raises(ShowChangedError):
            await catalog.put_show(1, make_facts(), expected_revision=99)
        await catalog.create_show(make_facts(), slug="new", request=request)
        await catalog.set_featured_show(2)
        await catalog.reorder_categories([1])

    assert await logged(stores) == before


async def test_an_editor_who_is_not_active_writes_nothing(stores, catalog, editor, clock):
    other = await add_editor(stores, clock, "jo@example.com")
    inactive = await stores.editors.put(
        dataclasses.replace(other, active=False), expected_revision=other.revision
    )
    head, before = await catalog.head(), await logged(stores)
    nobody = dataclasses.replace(inactive, id=EditorId(99))
    writes = (
        lambda: catalog.create_show(make_facts(), slug="new", request=None),
        lambda: catalog.delete_show(1, expected_revision=None),
        lambda: catalog.put_image(PICTURE),
        lambda: catalog.create_entry(Theme(slug="new", name="New")),
        lambda: stores.editors.put(editor, expected_revision=editor.revision),
        lambda: add_editor(stores, clock, "new@example.com"),
    )

    for who in (inactive, nobody):
        for write in writes:
            with acting_as(who), pytest.raises(EditorInactiveError):
                await write()

    assert await catalog.head() == head
    assert await logged(stores) == before


async def test_entries_are_found_by_all_that_is_asked_for(stores, catalog, editor, clock):
    with acting_as(editor):
        await catalog.create_show(make_facts(), slug="new", request=None)
        clock.advance(minutes=1)
        await catalog.put_show(1, make_facts(name="B"), expected_revision=1)
        await catalog.put_category(1, make_category(name="B"), expected_revision=1)

    async def count(**wanted):
        return len(await logged(stores, **wanted))

    assert await count(editor_id=editor.id) == 3
    assert await count(kind=AuditedKind.SHOW) == 2
    assert await count(kind=AuditedKind.SHOW, resource_id="1") == 1
    assert await count(editor_id=editor.id, action=AuditAction.UPDATE) == 2
    assert await count(editor_id=editor.id, from_time=clock.now()) == 2
    assert await count(editor_id=editor.id, to_time=clock.now()) == 1
    assert await count(from_time=START, to_time=START) == 0
    with pytest.raises(InvalidInputError):
        AuditFilter(resource_id="1")


async def test_pages_are_newest_first_and_lose_nothing_to_later_writes(stores, clock):
    for number in range(5):
        await add_editor(stores, clock, f"mo{number}@example.com")

    seen, before = [], None
    while page := await stores.audit.newest(AuditFilter(), before=before, limit=2):
        seen += [entry.record.resource_name for entry in page]
        before = page[-1].id
        await add_editor(stores, clock, f"later{len(seen)}@example.com")

    assert seen == [f"mo{number}@example.com" for number in reversed(range(5))]


@pytest.mark.integration
async def test_what_is_logged_cannot_be_rewritten(postgres_stores, clock):
    await add_editor(postgres_stores, clock)
    database = postgres_stores.editors._database

    for sql in ("UPDATE catalog.audit SET kind = 'x'", "DELETE FROM catalog.audit"):
        with pytest.raises(Exception, match="append-only"):
            await database.fetch(sql)

    assert await actions(postgres_stores) == [(AuditAction.CREATE, AuditedKind.EDITOR)]
