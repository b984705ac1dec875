"""Who may write over gRPC, and what editors are answered: a real server on loopback."""

from __future__ import annotations

import contextlib
import hashlib
import io

import PIL.Image
import pytest
from google.protobuf.field_mask_pb2 import FieldMask
from grpc import aio
from tantrum_catalog import app
from tantrum_catalog.domain.pictures import SIZE_BYTES_MAX
from tantrum_catalog.storage.stores import memory_stores
from tantrum_kit import errors
from tantrum_kit.status import error_of
from tvtantrum.catalog.v1 import (
    audit_service_pb2,
    audit_service_pb2_grpc,
    catalog_service_pb2,
    catalog_service_pb2_grpc,
    editor_pb2,
    editor_service_pb2,
    editor_service_pb2_grpc,
    idempotency_service_pb2,
    idempotency_service_pb2_grpc,
    research_pb2,
    show_pb2,
    statistics_service_pb2,
    statistics_service_pb2_grpc,
    vocabulary_service_pb2,
    vocabulary_service_pb2_grpc,
)

from .editors.fakes import FakeHasher
from .make import make_catalogue, make_new_show

CREDENTIAL = "a credential of some length"
SERVICE = (("x-service-credential", CREDENTIAL),)
READING = ("Get", "BatchGet", "BatchRead", "List", "Preview", "Watch")
WRITING = ("Create", "Update", "Delete", "Set", "Reorder")
PASSWORD = "a long password"
EMAIL = "mo@example.com"


class Client:
    """Every service of one catalog."""

    def __init__(self, channel):
        self.catalog = catalog_service_pb2_grpc.CatalogServiceStub(channel)
        self.editors = editor_service_pb2_grpc.EditorServiceStub(channel)
        self.vocabularies = vocabulary_service_pb2_grpc.VocabularyServiceStub(channel)
        self.audit = audit_service_pb2_grpc.AuditServiceStub(channel)
        self.statistics = statistics_service_pb2_grpc.StatisticsServiceStub(channel)
        self.requests = idempotency_service_pb2_grpc.IdempotencyServiceStub(channel)


@contextlib.asynccontextmanager
async def served(credential):
    stores = memory_stores()
    await stores.catalog.load(make_catalogue(make_new_show(1, themes=("music",))))
    options = app.Options(
        address="127.0.0.1:0",
        page_token_key=b"only-for-this-test",
        service_credential=credential,
    )
    async with (
        app.serving(stores, FakeHasher(), options) as port,
        aio.insecure_channel(f"127.0.0.1:{port}") as channel,
    ):
        yield Client(channel)


@pytest.fixture
async def client():
    async with served(CREDENTIAL) as client:
        yield client


@pytest.fixture
async def editor(client):
    request = editor_service_pb2.CreateEditorRequest(email=EMAIL, password=PASSWORD, name="Mo")
    return (await client.editors.CreateEditor(request, metadata=SERVICE, timeout=5)).editor


async def failure_of(call):
    with pytest.raises(aio.AioRpcError) as caught:
        await call
    error = error_of(caught.value)
    assert error is not None, caught.value.details()
    return error


def as_editor(editor, **more):
    own = {"x-editor-id": str(editor.id), **more}
    return (*SERVICE, *((name.replace("_", "-"), value) for name, value in own.items()))


def create_show(client, metadata=()):
    show = show_pb2.Show(name="New", description="New.", min_age=3, stimulation=2)
    request = catalog_service_pb2.CreateShowRequest(show=show)
    return client.catalog.CreateShow(request, metadata=metadata, timeout=5)


async def entries(client, **wanted):
    request = audit_service_pb2.ListAuditEntriesRequest(**wanted)
    reply = await client.audit.ListAuditEntries(request, metadata=SERVICE, timeout=5)
    return list(reply.entries)


async def test_reads_of_the_catalogue_need_no_credential(client):
    found = await client.catalog.GetShow(catalog_service_pb2.GetShowRequest(id=1), timeout=5)
    watch = client.catalog.WatchCatalog(catalog_service_pb2.WatchCatalogRequest(), timeout=5)

    assert found.show.slug == "show-1"
    assert (await watch.read()).revision == 1
    watch.cancel()


@pytest.mark.parametrize(
    "metadata",
    [
        pytest.param((), id="none"),
        pytest.param((("x-editor-id", "1"),), id="an editor alone"),
        pytest.param((("x-service-credential", CREDENTIAL[:-1]),), id="a part of it"),
        pytest.param((("x-service-credential", ""),), id="an empty one"),
    ],
)
async def test_whatever_writes_or_is_about_editors_needs_the_credential(client, metadata):
    calls = (
        create_show(client, metadata),
        client.catalog.DeleteShow(
            catalog_service_pb2.DeleteShowRequest(id=1), metadata=metadata, timeout=5
        ),
        client.editors.SignIn(
            editor_service_pb2.SignInRequest(email=EMAIL, password=PASSWORD),
            metadata=metadata,
            timeout=5,
        ),
        client.vocabularies.GetTheme(
            vocabulary_service_pb2.GetThemeRequest(slug="music"), metadata=metadata, timeout=5
        ),
        client.audit.ListAuditEntries(
            audit_service_pb2.ListAuditEntriesRequest(), metadata=metadata, timeout=5
        ),
        client.statistics.GetStatistics(
            statistics_service_pb2.GetStatisticsRequest(), metadata=metadata, timeout=5
        ),
        client.requests.BeginRequest(
            idempotency_service_pb2.BeginRequestRequest(), metadata=metadata, timeout=5
        ),
    )
    for call in calls:
        error = await failure_of(call)
        assert isinstance(error, errors.UnauthenticatedError)
        assert error.reason == "SERVICE_CREDENTIAL"
    assert len(await entries(client)) == 1


async def test_every_method_that_is_no_read_of_the_catalogue_is_guarded(client):
    channel_methods = {
        name: method
        for stub in vars(client).values()
        for name, method in vars(stub).items()
        if callable(method)
    }
    catalog_reads = {name for name in vars(client.catalog) if name.startswith(READING)}
    for name, method in channel_methods.items():
        if name in catalog_reads:
            continue
        error = await failure_of(method(_empty_request(method), timeout=5))
        assert error.reason == "SERVICE_CREDENTIAL", name


def _empty_request(method):
    return next(
        message()
        for module in (
            *(audit_service_pb2, catalog_service_pb2, editor_service_pb2),
            *(idempotency_service_pb2, statistics_service_pb2, vocabulary_service_pb2),
        )
        for name, message in vars(module).items()
        if name == f"{method._method.decode().rpartition('/')[2]}Request"
    )


async def test_a_read_with_any_verb_of_the_catalogue_is_let_in(client):
    for name, method in vars(client.catalog).items():
        # A verb that is new here has to be told to `callers` too, if it reads.
        assert name.startswith((*READING, *WRITING)), name
        if name.startswith(READING) and name != "WatchCatalog":
            call = method(_empty_request(method), timeout=5)
            # Most want an argument, and so they were let in.
            assert "service credential" not in (await call.details() or ""), name


async def test_without_a_credential_services_write_and_editors_do_not():
    async with served("") as client:
        made = await create_show(client, (("x-service-credential", "any"),))
        error = await failure_of(create_show(client, (("x-editor-id", "1"),)))
        [entry, _] = await entries(client)

    assert error.reason == "SERVICE_CREDENTIAL"
    assert entry.actor_kind == audit_service_pb2.ACTOR_KIND_SERVICE
    assert entry.resource_id == str(made.show.id)


async def test_an_editors_write_is_logged_with_all_that_came_with_it(client, editor):
    made = await create_show(
        client, as_editor(editor, x_request_id="a request", x_api_token_id="7")
    )

    [entry] = await entries(client, editor_id=editor.id)
    assert (entry.actor_kind, entry.editor_email) == (
        audit_service_pb2.ACTOR_KIND_EDITOR,
        EMAIL,
    )
    assert (entry.request_id, entry.api_token_id) == ("a request", 7)
    assert entry.catalog_revision == made.catalog_revision
    assert not entry.HasField("before")
    assert entry.after["name"] == "New"


@pytest.mark.parametrize("value", ["", "x", "-1", "1" * 40])
async def test_an_id_that_is_none_is_refused(client, value):
    error = await failure_of(create_show(client, (*SERVICE, ("x-editor-id", value))))

    assert isinstance(error, errors.InvalidInputError)


async def test_signing_in_changing_the_password_and_out(client, editor):
    def call(method, request):
        return method(request, metadata=SERVICE, timeout=5)

    pb = editor_service_pb2
    signed_in = await call(
        client.editors.SignIn,
        pb.SignInRequest(email=EMAIL, password=PASSWORD, client_address="::1", user_agent="x"),
    )
    changed = await call(
        client.editors.ChangePassword,
        pb.ChangePasswordRequest(
            email=EMAIL, current_password=PASSWORD, new_password="another password"
        ),
    )
    old, new = (
        hashlib.sha256(token.encode()).digest()
        for token in (signed_in.session_token, changed.session_token)
    )

    error = await failure_of(
        call(client.editors.GetSession, pb.GetSessionRequest(token_digest=old))
    )
    assert (type(error), error.reason) == (errors.UnauthenticatedError, "SESSION_ENDED")
    got = await call(client.editors.GetSession, pb.GetSessionRequest(token_digest=new))
    assert got.session.editor == changed.editor
    assert got.session.expire_time.seconds - got.session.use_time.seconds == 2 * 60 * 60
    listed = await call(client.editors.ListSessions, pb.ListSessionsRequest(editor_id=editor.id))
    assert [one.id for one in listed.sessions] == [changed.session.id]
    ended = await call(
        client.editors.EndOtherSessions,
        pb.EndOtherSessionsRequest(editor_id=editor.id, session_id=changed.session.id),
    )
    assert ended.ended_count == 0
    await call(client.editors.SignOut, pb.SignOutRequest(token_digest=new))
    error = await failure_of(
        call(
            client.editors.EndSession,
            pb.EndSessionRequest(editor_id=editor.id, session_id=changed.session.id),
        )
    )
    assert error.reason == "SESSION_NOT_FOUND"


async def test_an_api_token_comes_back_with_all_fields(client, editor):
    pb = editor_service_pb2
    wanted = [editor_pb2.API_TOKEN_SCOPE_READ, editor_pb2.API_TOKEN_SCOPE_SHOWS_WRITE]
    request = pb.CreateApiTokenRequest(editor_id=editor.id, name="import", scopes=wanted)
    new = await client.editors.CreateApiToken(request, metadata=SERVICE, timeout=5)
    digest = hashlib.sha256(new.token.encode()).digest()

    got = await client.editors.GetApiToken(
        pb.GetApiTokenRequest(token_digest=digest), metadata=SERVICE, timeout=5
    )

    assert got.api_token.scopes == wanted
    assert (got.api_token.name, got.editor) == ("import", editor)
    assert new.api_token == got.api_token
    await client.editors.RevokeApiToken(
        pb.RevokeApiTokenRequest(editor_id=editor.id, api_token_id=new.api_token.id),
        metadata=SERVICE,
        timeout=5,
    )
    listed = await client.editors.ListApiTokens(
        pb.ListApiTokensRequest(editor_id=editor.id), metadata=SERVICE, timeout=5
    )
    assert list(listed.api_tokens) == []
    for scope in (0, 99):
        bad = pb.CreateApiTokenRequest(editor_id=editor.id, name="x", scopes=[scope])
        error = await failure_of(client.editors.CreateApiToken(bad, metadata=SERVICE, timeout=5))
        assert isinstance(error, errors.InvalidInputError)


async def test_editors_are_listed_and_changed_by_mask(client, editor):
    pb = editor_service_pb2
    await client.editors.CreateEditor(
        pb.CreateEditorRequest(email="jo@example.com", password=PASSWORD),
        metadata=SERVICE,
        timeout=5,
    )
    page = await client.editors.ListEditors(
        pb.ListEditorsRequest(page_size=1), metadata=SERVICE, timeout=5
    )
    rest = await client.editors.ListEditors(
        pb.ListEditorsRequest(page_token=page.next_page_token), metadata=SERVICE, timeout=5
    )
    assert [*page.editors] == [editor]
    assert ([one.email for one in rest.editors], rest.total_size) == (["jo@example.com"], 2)

    [other] = rest.editors
    other.active = False
    request = pb.UpdateEditorRequest(editor=other, update_mask=FieldMask(paths=["active"]))
    changed = await client.editors.UpdateEditor(request, metadata=as_editor(editor), timeout=5)
    assert (changed.editor.active, changed.editor.email) == (False, "jo@example.com")
    error = await failure_of(
        client.editors.UpdateEditor(request, metadata=as_editor(editor), timeout=5)
    )
    assert (type(error), error.reason) == (errors.ConflictError, "EDITOR_CHANGED")
    error = await failure_of(create_show(client, as_editor(other)))
    assert (type(error), error.reason) == (errors.UnauthenticatedError, "EDITOR_INACTIVE")


async def test_themes_and_platforms_are_written(client):
    pb = vocabulary_service_pb2

    def call(method, request):
        return method(request, metadata=SERVICE, timeout=5)

    stub = client.vocabularies
    made = await call(stub.CreateTheme, pb.CreateThemeRequest(theme=show_pb2.Theme(name=" Space ")))
    assert (made.theme.slug, made.theme.name) == ("space", "Space")
    theme = made.theme
    theme.aliases[:] = ["Cosmos"]
    changed = await call(
        stub.UpdateTheme,
        pb.UpdateThemeRequest(theme=theme, update_mask=FieldMask(paths=["aliases"])),
    )
    assert changed.theme.revision == changed.catalog_revision
    merged = await call(stub.MergeThemes, pb.MergeThemesRequest(slug="music", into_slug="space"))
    assert (merged.changed_show_count, merged.changed_category_count) == (1, 0)
    assert list(merged.theme.aliases) == ["Cosmos", "Music", "Songs"]
    error = await failure_of(call(stub.DeleteTheme, pb.DeleteThemeRequest(slug="space")))
    assert (type(error), error.reason) == (errors.PreconditionFailedError, "LABEL_IN_USE")
    await call(stub.DeleteTheme, pb.DeleteThemeRequest(slug="stem"))
    error = await failure_of(call(stub.GetTheme, pb.GetThemeRequest(slug="NUL\x00")))
    assert error.reason == "THEME_NOT_FOUND"

    made = await call(
        stub.CreatePlatform,
        pb.CreatePlatformRequest(platform=show_pb2.Platform(name="Radio", slug="fm")),
    )
    renamed = await call(
        stub.UpdatePlatform,
        pb.UpdatePlatformRequest(
            platform=show_pb2.Platform(slug="fm", name="FM"),
            update_mask=FieldMask(paths=["name"]),
        ),
    )
    got = await call(stub.GetPlatform, pb.GetPlatformRequest(slug="fm"))
    assert got.platform == renamed.platform
    await call(stub.MergePlatforms, pb.MergePlatformsRequest(slug="tv", into_slug="fm"))
    await call(stub.DeletePlatform, pb.DeletePlatformRequest(slug="youtube"))


def picture(image_format="PNG", size=(4, 3)):
    stream = io.BytesIO()
    PIL.Image.new("RGB", size, "teal").save(stream, image_format)
    return stream.getvalue()


async def test_a_picture_is_known_by_its_content_and_given_to_a_show(client, editor):
    pb = catalog_service_pb2

    def call(method, request):
        return method(request, metadata=as_editor(editor), timeout=20)

    content = picture("JPEG")
    made = await call(client.catalog.CreateImage, pb.CreateImageRequest(content=content))
    again = await call(client.catalog.CreateImage, pb.CreateImageRequest(content=content))
    assert (made.image.media_type, made.image.width, made.image.height) == ("image/jpeg", 4, 3)
    assert again == made
    given = await call(
        client.catalog.SetShowImage,
        pb.SetShowImageRequest(id=1, image_id=made.image.id, revision=1),
    )
    assert given.show.image == made.image
    assert given.show.revision == given.catalog_revision
    got = await client.catalog.GetImage(pb.GetImageRequest(id=made.image.id), timeout=5)
    assert got.content == content
    taken = await call(client.catalog.SetShowImage, pb.SetShowImageRequest(id=1))
    assert not taken.show.HasField("image")
    images = await entries(client, kind=audit_service_pb2.AUDITED_KIND_IMAGE)
    assert [entry.resource_id for entry in images] == [made.image.id]


async def test_what_is_no_picture_is_refused(client):
    pb = catalog_service_pb2
    for content in (b"", b"<svg/>", b"\x89PNG\r\n\x1a\n", picture() + bytes(SIZE_BYTES_MAX)):
        error = await failure_of(
            client.catalog.CreateImage(
                pb.CreateImageRequest(content=content), metadata=SERVICE, timeout=20
            )
        )
        assert [one.field for one in error.violations] == ["content"]
    error = await failure_of(
        client.catalog.SetShowImage(
            pb.SetShowImageRequest(id=1, image_id="none"), metadata=SERVICE, timeout=5
        )
    )
    assert [one.field for one in error.violations] == ["image_id"]


async def test_requests_are_begun_completed_and_replayed(client, editor):
    pb = idempotency_service_pb2

    def begin(payload=bytes(32)):
        request = pb.BeginRequestRequest(editor_id=editor.id, key="k", payload_digest=payload)
        return client.requests.BeginRequest(request, metadata=SERVICE, timeout=5)

    begun = await begin()
    assert (await begin()).state == pb.REQUEST_STATE_RUNNING
    answer = pb.StoredResponse(status=201, headers={"etag": '"1"'}, body=b"{}")
    request = pb.CompleteRequestRequest(
        editor_id=editor.id, key="k", attempt_id=begun.attempt_id, response=answer
    )
    await client.requests.CompleteRequest(request, metadata=SERVICE, timeout=5)

    assert (await begin()).response == answer
    assert (await begin(b"x" * 32)).state == pb.REQUEST_STATE_OTHER_PAYLOAD
    error = await failure_of(client.requests.CompleteRequest(request, metadata=SERVICE, timeout=5))
    assert error.reason == "REQUEST_LOST"
    await client.requests.AbandonRequest(
        pb.AbandonRequestRequest(editor_id=editor.id, key="k", attempt_id=begun.attempt_id),
        metadata=SERVICE,
        timeout=5,
    )
    assert (await begin()).state == pb.REQUEST_STATE_COMPLETED


async def test_the_audit_log_is_paged_and_a_page_fits_into_a_reply(client):
    for _ in range(5):
        await create_show(client, SERVICE)
    for _ in range(25):
        await client.catalog.CreateResearch(
            catalog_service_pb2.CreateResearchRequest(research=_long_study()),
            metadata=SERVICE,
            timeout=5,
        )

    seen, token = [], ""
    while True:
        reply = await client.audit.ListAuditEntries(
            audit_service_pb2.ListAuditEntriesRequest(page_size=100, page_token=token),
            metadata=SERVICE,
            timeout=5,
        )
        assert reply.ByteSize() < 3 * 1024 * 1024
        seen += [entry.id for entry in reply.entries]
        token = reply.next_page_token
        if not token:
            break

    assert seen == list(range(31, 0, -1))


def _long_study():
    return research_pb2.Research(
        title="Long", summary="Long.", category="c", detail=50_000 * "\N{PIG}"
    )


async def test_statistics_come_back_with_all_numbers(client, editor):
    found = await client.statistics.GetStatistics(
        statistics_service_pb2.GetStatisticsRequest(), metadata=SERVICE, timeout=5
    )

    assert (found.show_count, found.editor_count, found.catalog_revision) == (1, 1, 1)
    assert [one.stimulation for one in found.stimulation_counts] == [1, 2, 3, 4, 5]
    assert {one.field: one.show_count for one in found.missing_facts}["senses.music"] == 1
    assert not found.HasField("featured_show")
    assert found.HasField("last_write_time")
