"""What the admin API answers with, as JSON has it, besides what the public API has."""

from __future__ import annotations

from typing import Any, Literal

from tantrum_gateway.admin.inputs import ScopeName
from tantrum_gateway.resources import Platform, Resource, Show, Theme


class Image(Resource, frozen=True):
    """An uploaded picture; width and height are in pixels."""

    id: str
    url: str
    media_type: str
    width: int
    height: int


class EditedShow(Show, frozen=True):
    """A show with what only editors see."""

    aliases: list[str]
    image: Image | None


class EditedShowPage(Resource, frozen=True):
    """A page of shows; `nextPageToken` is empty on the last one."""

    shows: list[EditedShow]
    next_page_token: str
    total_size: int


class FeaturedShow(Resource, frozen=True):
    """The featured show; null when there is none."""

    show: EditedShow | None


class CategoryPreview(Resource, frozen=True):
    """The first shows that rules select, and how many they select."""

    shows: list[Show]
    total_size: int


class CategoryOrder(Resource, frozen=True):
    """The numbers of all categories in their order, inactive ones too."""

    ids: list[int]


class EditedTheme(Theme, frozen=True):
    """A theme with its revision."""

    revision: int


class EditedPlatform(Platform, frozen=True):
    """A platform with its revision."""

    revision: int


class EditedThemePage(Resource, frozen=True):
    """A page of themes, by name."""

    themes: list[EditedTheme]
    next_page_token: str
    total_size: int


class EditedPlatformPage(Resource, frozen=True):
    """A page of platforms, by name."""

    platforms: list[EditedPlatform]
    next_page_token: str
    total_size: int


class MergedTheme(Resource, frozen=True):
    """The theme that stays, and what was changed for that."""

    theme: EditedTheme
    changed_show_count: int
    changed_category_count: int


class MergedPlatform(Resource, frozen=True):
    """The platform that stays, and what was changed for that."""

    platform: EditedPlatform
    changed_show_count: int
    changed_category_count: int


class Editor(Resource, frozen=True):
    """A person who may change the catalogue."""

    id: int
    email: str
    name: str
    active: bool
    revision: int
    create_time: str
    password_time: str


class EditorPage(Resource, frozen=True):
    """A page of editors by number."""

    editors: list[Editor]
    next_page_token: str
    total_size: int


class Session(Resource, frozen=True):
    """A time that an editor is signed in for; `expireTime` moves as long as it is used."""

    id: int
    create_time: str
    use_time: str
    expire_time: str
    user_agent: str


class SessionList(Resource, frozen=True):
    """The editor's own sessions, the last used first."""

    sessions: list[Session]


class EndedSessions(Resource, frozen=True):
    """How many sessions ended."""

    ended_count: int


class ApiToken(Resource, frozen=True):
    """Lets a program write as an editor, within its scopes. `prefix` is to tell it by."""

    id: int
    name: str
    scopes: list[ScopeName]
    prefix: str
    create_time: str
    expire_time: str
    use_time: str | None


class ApiTokenList(Resource, frozen=True):
    """The editor's own API tokens that have not expired, the newest first."""

    api_tokens: list[ApiToken]


class IssuedApiToken(Resource, frozen=True):
    """
    An API token as it was made; `token` is told once, and null in a repetition.

    Nobody keeps it, only its digest. Whoever missed the first answer makes another token.
    """

    api_token: ApiToken
    token: str | None


class Identity(Resource, frozen=True):
    """
    Who asks: an editor, signed in for a `session` or by an `apiToken`.

    `csrfToken` is what unsafe requests of the session have to carry in `X-CSRF-Token`.
    """

    editor: Editor
    session: Session | None
    csrf_token: str | None
    api_token: ApiToken | None


class Actor(Resource, frozen=True):
    """Who wrote: an editor, a service by itself, or a command on the server."""

    kind: Literal["editor", "service", "command"]
    editor_id: int | None
    editor_email: str | None
    api_token_id: int | None


AuditAction = Literal[
    "create", "update", "delete", "feature", "reorder", "merge", "set-password", "load", "sign-in",
    "other",
]  # fmt: skip
AuditedKind = Literal[
    "show", "category", "research", "theme", "platform", "image", "editor", "api-token",
    "catalogue", "other",
]  # fmt: skip


class AuditEntry(Resource, frozen=True):
    """One resource that a write made, changed or removed, before and after."""

    id: int
    write_time: str
    actor: Actor
    request_id: str | None
    action: AuditAction
    kind: AuditedKind
    resource_id: str
    resource_name: str
    before: dict[str, Any] | None
    after: dict[str, Any] | None
    catalog_revision: int | None


class AuditPage(Resource, frozen=True):
    """A page of the audit log, newest first."""

    entries: list[AuditEntry]
    next_page_token: str


class StimulationCount(Resource, frozen=True):
    """Number of shows of one stimulation score."""

    stimulation: int
    show_count: int


class MissingFact(Resource, frozen=True):
    """Number of shows that lack a fact, such as `senses.music` or `image`."""

    field: str
    show_count: int


class ShowName(Resource, frozen=True):
    """Names a show."""

    id: int
    slug: str
    name: str


class DatabaseState(Resource, frozen=True):
    """How the database is; `replicaRevision` is null without a replica that answers."""

    server_version: str
    size_bytes: int
    connection_count: int
    max_connection_count: int
    replica_configured: bool
    replica_revision: int | None


class Statistics(Resource, frozen=True):
    """Counts of all that there is."""

    show_count: int
    stimulation_counts: list[StimulationCount]
    platforms: list[EditedPlatform]
    themes: list[EditedTheme]
    missing_facts: list[MissingFact]
    category_count: int
    active_category_count: int
    research_count: int
    image_count: int
    editor_count: int
    active_editor_count: int
    featured_show: ShowName | None
    catalog_revision: int
    last_write_time: str | None
    database: DatabaseState
