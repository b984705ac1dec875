# ruff: noqa: N802 - methods are named as in the protos
"""
What catalog does for editors, of the tests' own: editors, sessions, API tokens, keys and writes.

Real gRPC servicers over plain dictionaries. They keep the rules that the gateway relies on
(revisions, digests, states of a key), and note the metadata of each call.
"""

from __future__ import annotations

import hashlib
import itertools
from typing import Any

from google.protobuf.struct_pb2 import Struct
from tantrum_kit import errors
from tvtantrum.catalog.v1 import audit_service_pb2 as audit_pb
from tvtantrum.catalog.v1 import (
    audit_service_pb2_grpc,
    category_pb2,
    editor_pb2,
    editor_service_pb2_grpc,
    idempotency_service_pb2_grpc,
    research_pb2,
    show_pb2,
    statistics_service_pb2_grpc,
    vocabulary_service_pb2_grpc,
)
from tvtantrum.catalog.v1 import catalog_service_pb2 as catalog_pb
from tvtantrum.catalog.v1 import editor_service_pb2 as editor_pb
from tvtantrum.catalog.v1 import idempotency_service_pb2 as idempotency_pb
from tvtantrum.catalog.v1 import statistics_service_pb2 as statistics_pb
from tvtantrum.catalog.v1 import vocabulary_service_pb2 as vocabulary_pb

from .fakes import PNG, FakeCatalog, paged

CREDENTIAL = "shared by the services"
EMAIL, PASSWORD = "ada@example.com", "a long enough password"


def digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()


class EditedCatalog(FakeCatalog):
    """A catalog that can be written, by whom the metadata names."""

    def __init__(self) -> None:
        super().__init__()
        self.metadata: list[dict[str, str]] = []
        self.themes: dict[str, show_pb2.Theme] = {
            "music": show_pb2.Theme(slug="music", name="Music", revision=1)
        }

    async def note(self, method: str, request: Any, context: Any) -> None:
        self.metadata.append(dict(context.invocation_metadata()))
        await super().note(method, request, context)

    @property
    def last_writer(self) -> dict[str, str]:
        """Who made the last call for an editor; the gateway reads for itself meanwhile."""
        return [one for one in self.metadata if "x-editor-id" in one][-1]

    async def _bump(self) -> None:
        await self.restore(self.revision + 1)

    async def _put(self, items: list[Any], made: Any) -> None:
        await self._bump()
        made.revision = self.revision
        items[:] = sorted([one for one in items if one.id != made.id] + [made], key=lambda o: o.id)

    async def _create(self, method, request, context, items, made):
        await self.note(method, request, context)
        made.id = max((one.id for one in items), default=0) + 1
        made.slug = made.slug or f"made-{made.id}"
        await self._put(items, made)
        return made

    async def _update(self, method, request, context, items, change):
        await self.note(method, request, context)
        made = type(change).FromString(self._stored(items, change).SerializeToString())
        for path in request.update_mask.paths:
            if path == "name" and not change.name:
                raise errors.InvalidInputError.of(f"{change.DESCRIPTOR.name.lower()}.name", "empty")
            target, source, (*outer, field) = made, change, path.split(".")
            for name in outer:
                target, source = getattr(target, name), getattr(source, name)
            target.ClearField(field)
            bare = type(source).FromString(source.SerializeToString())
            for other in bare.DESCRIPTOR.fields:
                if other.name != field:
                    bare.ClearField(other.name)
            target.MergeFrom(bare)
        await self._put(items, made)
        return made

    async def _delete(self, method, request, context, items):
        await self.note(method, request, context)
        items.remove(self._stored(items, request))
        await self._bump()
        return self.revision

    def _stored(self, items, wanted):
        [stored] = [one for one in items if one.id == wanted.id] or [None]
        if stored is None:
            raise errors.NotFoundError(f"no {wanted.id}")
        if wanted.revision not in (0, stored.revision):
            raise errors.ConflictError("written in between")
        return stored

    async def CreateShow(self, request, context):
        made = await self._create("CreateShow", request, context, self.shows, request.show)
        return catalog_pb.CreateShowResponse(show=made, catalog_revision=self.revision)

    async def UpdateShow(self, request, context):
        made = await self._update("UpdateShow", request, context, self.shows, request.show)
        return catalog_pb.UpdateShowResponse(show=made, catalog_revision=self.revision)

    async def DeleteShow(self, request, context):
        revision = await self._delete("DeleteShow", request, context, self.shows)
        return catalog_pb.DeleteShowResponse(catalog_revision=revision)

    async def SetFeaturedShow(self, request, context):
        await self.note("SetFeaturedShow", request, context)
        present = next((one.id for one in self.shows if one.featured), 0)
        if request.HasField("expected_id") and request.expected_id != present:
            raise errors.ConflictError("another show is featured by now")
        await self._bump()
        for show in self.shows:
            show.featured = show.id == request.id
        featured = [show for show in self.shows if show.featured]
        return catalog_pb.SetFeaturedShowResponse(
            show=featured[0] if featured else None, catalog_revision=self.revision
        )

    async def ListShows(self, request, context):
        response = await super().ListShows(request, context)
        if request.filter.HasField("featured"):
            shows = [one for one in self.shows if one.featured]
            return catalog_pb.ListShowsResponse(shows=shows, catalog_revision=self.revision)
        return response

    async def CreateImage(self, request, context):
        await self.note("CreateImage", request, context)
        if request.content != PNG:
            raise errors.InvalidInputError.of("content", "must be a JPEG, PNG, WebP or GIF")
        image = show_pb2.Image(id="picture-1", media_type="image/png", width=8, height=12)
        return catalog_pb.CreateImageResponse(image=image)

    async def SetShowImage(self, request, context):
        await self.note("SetShowImage", request, context)
        show = self._stored(self.shows, request)
        show.ClearField("image")
        if request.image_id:
            show.image.CopyFrom(show_pb2.Image(id=request.image_id, width=8, height=12))
        await self._put(self.shows, show)
        return catalog_pb.SetShowImageResponse(show=show, catalog_revision=self.revision)

    async def CreateCategory(self, request, context):
        made = await self._create(
            "CreateCategory", request, context, self.categories, request.category
        )
        return catalog_pb.CreateCategoryResponse(category=made, catalog_revision=self.revision)

    async def UpdateCategory(self, request, context):
        made = await self._update(
            "UpdateCategory", request, context, self.categories, request.category
        )
        return catalog_pb.UpdateCategoryResponse(category=made, catalog_revision=self.revision)

    async def DeleteCategory(self, request, context):
        revision = await self._delete("DeleteCategory", request, context, self.categories)
        return catalog_pb.DeleteCategoryResponse(catalog_revision=revision)

    async def PreviewCategory(self, request, context):
        await self.note("PreviewCategory", request, context)
        return catalog_pb.PreviewCategoryResponse(
            shows=self.shows[: request.limit or 12], total_size=len(self.shows)
        )

    async def ReorderCategories(self, request, context):
        await self.note("ReorderCategories", request, context)
        if request.expected_ids not in ([], [one.id for one in self.categories]):
            raise errors.ConflictError("the categories are in another order by now")
        by_id: dict[int, category_pb2.Category] = {one.id: one for one in self.categories}
        if sorted(request.ids) != sorted(by_id):
            raise errors.InvalidInputError.of("ids", "must name every category exactly once")
        await self._bump()
        self.categories = [by_id[number] for number in request.ids]
        return catalog_pb.ReorderCategoriesResponse(
            categories=self.categories, catalog_revision=self.revision
        )

    async def CreateResearch(self, request, context):
        made = await self._create(
            "CreateResearch", request, context, self.research, request.research
        )
        return catalog_pb.CreateResearchResponse(research=made, catalog_revision=self.revision)

    async def UpdateResearch(self, request, context):
        made: research_pb2.Research = await self._update(
            "UpdateResearch", request, context, self.research, request.research
        )
        return catalog_pb.UpdateResearchResponse(research=made, catalog_revision=self.revision)

    async def DeleteResearch(self, request, context):
        revision = await self._delete("DeleteResearch", request, context, self.research)
        return catalog_pb.DeleteResearchResponse(catalog_revision=revision)


class Part:
    """A servicer beside the catalog's, behind the same credential."""

    def __init__(self, catalog: EditedCatalog) -> None:
        self.catalog = catalog
        self.calls: list[tuple[str, Any]] = []
        self.error: Exception | None = None

    def note(self, method: str, request: Any, context: Any) -> dict[str, str]:
        self.calls.append((method, request))
        metadata = dict(context.invocation_metadata())
        if metadata.get("x-service-credential") != CREDENTIAL:
            refused = errors.UnauthenticatedError("not one of us")
            refused.reason = "SERVICE_CREDENTIAL"
            raise refused
        if self.error is not None:
            raise self.error
        return metadata


class FakeEditors(Part, editor_service_pb2_grpc.EditorServiceServicer):
    def __init__(self, catalog: EditedCatalog) -> None:
        super().__init__(catalog)
        self.editors = {
            1: editor_pb2.Editor(id=1, email=EMAIL, name="Ada", active=True, revision=1)
        }
        self.passwords = {1: PASSWORD}
        self.sessions: dict[bytes, editor_pb2.Session] = {}
        self.api_tokens: dict[bytes, editor_pb2.ApiToken] = {}
        self.client_addresses: list[str] = []
        self._next = itertools.count(1).__next__

    def begin(self, editor: editor_pb2.Editor) -> tuple[editor_pb2.Session, str]:
        number = self._next()
        token = f"session-token-{number:020}"
        self.sessions[digest(token)] = editor_pb2.Session(id=number, editor=editor)
        return self.sessions[digest(token)], token

    async def SignIn(self, request, context):
        self.note("SignIn", request, context)
        self.client_addresses.append(request.client_address)
        for editor in self.editors.values():
            if (editor.email, self.passwords[editor.id]) == (request.email, request.password):
                session, token = self.begin(editor)
                return editor_pb.SignInResponse(editor=editor, session=session, session_token=token)
        raise errors.UnauthenticatedError("the e-mail or the password is wrong")

    async def SignOut(self, request, context):
        self.note("SignOut", request, context)
        self.sessions.pop(request.token_digest, None)
        return editor_pb.SignOutResponse()

    async def GetSession(self, request, context):
        self.note("GetSession", request, context)
        session = self.sessions.get(request.token_digest)
        if session is None:
            raise errors.UnauthenticatedError("the session has ended")
        return editor_pb.GetSessionResponse(session=session)

    async def ListSessions(self, request, context):
        self.note("ListSessions", request, context)
        return editor_pb.ListSessionsResponse(sessions=self.sessions.values())

    async def EndSession(self, request, context):
        self.note("EndSession", request, context)
        ended = [key for key, one in self.sessions.items() if one.id == request.session_id]
        if not ended:
            raise errors.NotFoundError("no such session")
        del self.sessions[ended[0]]
        return editor_pb.EndSessionResponse()

    async def EndOtherSessions(self, request, context):
        self.note("EndOtherSessions", request, context)
        kept = {key: one for key, one in self.sessions.items() if one.id == request.session_id}
        ended_count = len(self.sessions) - len(kept)
        self.sessions = kept
        return editor_pb.EndOtherSessionsResponse(ended_count=ended_count)

    async def CreateEditor(self, request, context):
        self.note("CreateEditor", request, context)
        if any(one.email == request.email for one in self.editors.values()):
            raise errors.AlreadyExistsError("the e-mail has an editor already")
        number = max(self.editors) + 1
        self.editors[number] = editor_pb2.Editor(
            id=number, email=request.email, name=request.name, active=True, revision=1
        )
        self.passwords[number] = request.password
        return editor_pb.CreateEditorResponse(editor=self.editors[number])

    def _editor(self, wanted_id: int, revision: int = 0) -> editor_pb2.Editor:
        if wanted_id not in self.editors:
            raise errors.NotFoundError("no such editor")
        if revision not in (0, self.editors[wanted_id].revision):
            raise errors.ConflictError("written in between")
        return self.editors[wanted_id]

    async def GetEditor(self, request, context):
        self.note("GetEditor", request, context)
        return editor_pb.GetEditorResponse(editor=self._editor(request.id))

    async def ListEditors(self, request, context):
        self.note("ListEditors", request, context)
        editors = list(self.editors.values())
        page, token = paged(editors, request)
        return editor_pb.ListEditorsResponse(
            editors=page, next_page_token=token, total_size=len(editors)
        )

    async def UpdateEditor(self, request, context):
        self.note("UpdateEditor", request, context)
        editor = self._editor(request.editor.id, request.editor.revision)
        for path in request.update_mask.paths:
            setattr(editor, path, getattr(request.editor, path))
        editor.revision += 1
        if not editor.active:
            self.sessions.clear()
        return editor_pb.UpdateEditorResponse(editor=editor)

    async def ChangePassword(self, request, context):
        self.note("ChangePassword", request, context)
        if request.current_password != self.passwords[1]:
            raise errors.UnauthenticatedError("the e-mail or the password is wrong")
        self.passwords[1] = request.new_password
        self.sessions.clear()
        self.api_tokens.clear()
        session, token = self.begin(self.editors[1])
        return editor_pb.ChangePasswordResponse(
            editor=self.editors[1], session=session, session_token=token
        )

    async def ResetPassword(self, request, context):
        metadata = self.note("ResetPassword", request, context)
        if metadata["x-editor-id"] == str(request.editor_id):
            raise errors.PreconditionFailedError("not for oneself")
        editor = self._editor(request.editor_id, request.revision)
        editor.revision += 1
        self.passwords[editor.id] = request.new_password
        return editor_pb.ResetPasswordResponse(editor=editor)

    async def CreateApiToken(self, request, context):
        self.note("CreateApiToken", request, context)
        if not request.scopes:
            raise errors.InvalidInputError.of("scopes", "at least one is required")
        number = self._next()
        token = f"tvt_api-token-{number:020}"
        made = editor_pb2.ApiToken(
            id=number, editor_id=request.editor_id, name=request.name, scopes=request.scopes
        )
        self.api_tokens[digest(token)] = made
        return editor_pb.CreateApiTokenResponse(api_token=made, token=token)

    async def ListApiTokens(self, request, context):
        self.note("ListApiTokens", request, context)
        return editor_pb.ListApiTokensResponse(api_tokens=self.api_tokens.values())

    async def RevokeApiToken(self, request, context):
        self.note("RevokeApiToken", request, context)
        for key, one in list(self.api_tokens.items()):
            if one.id == request.api_token_id:
                del self.api_tokens[key]
                return editor_pb.RevokeApiTokenResponse()
        raise errors.NotFoundError("no such API token")

    async def GetApiToken(self, request, context):
        self.note("GetApiToken", request, context)
        found = self.api_tokens.get(request.token_digest)
        if found is None:
            raise errors.UnauthenticatedError("the API token is not valid")
        return editor_pb.GetApiTokenResponse(api_token=found, editor=self.editors[found.editor_id])


class FakeIdempotency(Part, idempotency_service_pb2_grpc.IdempotencyServiceServicer):
    def __init__(self, catalog: EditedCatalog) -> None:
        super().__init__(catalog)
        self.kept: dict[tuple[int, str], tuple[bytes, idempotency_pb.StoredResponse | None]] = {}
        self.complete_error: Exception | None = None

    async def BeginRequest(self, request, context):
        self.note("BeginRequest", request, context)
        known = self.kept.get((request.editor_id, request.key))
        if known is None:
            self.kept[request.editor_id, request.key] = (request.payload_digest, None)
            return idempotency_pb.BeginRequestResponse(
                state=idempotency_pb.REQUEST_STATE_BEGUN, attempt_id=request.attempt_id
            )
        payload_digest, response = known
        if payload_digest != request.payload_digest:
            state = idempotency_pb.REQUEST_STATE_OTHER_PAYLOAD
        elif response is None:
            state = idempotency_pb.REQUEST_STATE_RUNNING
        else:
            state = idempotency_pb.REQUEST_STATE_COMPLETED
        return idempotency_pb.BeginRequestResponse(state=state, response=response)

    async def CompleteRequest(self, request, context):
        self.note("CompleteRequest", request, context)
        if self.complete_error is not None:
            raise self.complete_error
        key = (request.editor_id, request.key)
        self.kept[key] = (self.kept[key][0], request.response)
        return idempotency_pb.CompleteRequestResponse()

    async def AbandonRequest(self, request, context):
        self.note("AbandonRequest", request, context)
        self.kept.pop((request.editor_id, request.key), None)
        return idempotency_pb.AbandonRequestResponse()


class FakeAudit(Part, audit_service_pb2_grpc.AuditServiceServicer):
    async def ListAuditEntries(self, request, context):
        self.note("ListAuditEntries", request, context)
        before, after = Struct(), Struct()
        before.update(
            {"name": "Old", "stimulation": 2, "themes": ["music"], "senses": {"music": 1}}
        )
        after.update({"name": "New", "stimulation": 2.5, "ongoing": True, "creator": None})
        entry = audit_pb.AuditEntry(
            id=7,
            actor_kind=audit_pb.ACTOR_KIND_EDITOR,
            editor_id=1,
            editor_email=EMAIL,
            request_id="r-1",
            action=audit_pb.AUDIT_ACTION_UPDATE,
            kind=audit_pb.AUDITED_KIND_SHOW,
            resource_id="17",
            resource_name="New",
            before=before,
            after=after,
            catalog_revision=9,
        )
        return audit_pb.ListAuditEntriesResponse(entries=[entry], next_page_token="more")


class FakeStatistics(Part, statistics_service_pb2_grpc.StatisticsServiceServicer):
    async def GetStatistics(self, request, context):
        self.note("GetStatistics", request, context)
        return statistics_pb.GetStatisticsResponse(
            show_count=302,
            stimulation_counts=[statistics_pb.StimulationCount(stimulation=1, show_count=9)],
            missing_facts=[statistics_pb.MissingFact(field="image", show_count=302)],
            database=statistics_pb.DatabaseState(server_version="17.6", connection_count=3),
        )


class FakeVocabularies(Part, vocabulary_service_pb2_grpc.VocabularyServiceServicer):
    def _theme(self, slug: str, revision: int = 0) -> show_pb2.Theme:
        theme = self.catalog.themes.get(slug)
        if theme is None:
            raise errors.NotFoundError(f"no theme {slug!r}")
        if revision not in (0, theme.revision):
            raise errors.ConflictError("written in between")
        return theme

    def _put(self, theme: show_pb2.Theme) -> Any:
        self.catalog.revision += 1
        theme.revision = self.catalog.revision
        self.catalog.themes[theme.slug] = theme
        return {"theme": theme, "catalog_revision": theme.revision}

    async def CreateTheme(self, request, context):
        self.note("CreateTheme", request, context)
        theme = request.theme
        theme.slug = theme.slug or theme.name.lower()
        return vocabulary_pb.CreateThemeResponse(**self._put(theme))

    async def GetTheme(self, request, context):
        self.note("GetTheme", request, context)
        return vocabulary_pb.GetThemeResponse(theme=self._theme(request.slug))

    async def UpdateTheme(self, request, context):
        self.note("UpdateTheme", request, context)
        theme = self._theme(request.theme.slug, request.theme.revision)
        theme.name = request.theme.name
        return vocabulary_pb.UpdateThemeResponse(**self._put(theme))

    async def MergeThemes(self, request, context):
        self.note("MergeThemes", request, context)
        into = self._theme(request.into_slug)
        self._theme(request.slug, request.revision)
        del self.catalog.themes[request.slug]
        return vocabulary_pb.MergeThemesResponse(changed_show_count=3, **self._put(into))

    async def DeleteTheme(self, request, context):
        self.note("DeleteTheme", request, context)
        self._theme(request.slug, request.revision)
        del self.catalog.themes[request.slug]
        return vocabulary_pb.DeleteThemeResponse(catalog_revision=self.catalog.revision)
