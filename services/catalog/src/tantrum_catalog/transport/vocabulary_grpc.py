"""VocabularyService over gRPC: decode, call one use case, encode."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf.field_mask_pb2 import FieldMask
from tantrum_kit.grpc_server import Context
from tvtantrum.catalog.v1 import show_pb2, vocabulary_service_pb2_grpc
from tvtantrum.catalog.v1 import vocabulary_service_pb2 as pb

from tantrum_catalog.domain.change import NO_REVISION, ResourceKind
from tantrum_catalog.domain.errors import LabelNotFoundError
from tantrum_catalog.domain.naming import Slug, slug_valid
from tantrum_catalog.domain.ports import VocabularyWriter
from tantrum_catalog.domain.vocabularies import Vocabularies
from tantrum_catalog.domain.vocabulary import Platform, Theme
from tantrum_catalog.transport.codec import expected_revision_of, masked, present
from tantrum_catalog.transport.show_codec import platform_to_proto, theme_to_proto


class VocabularyServicer(vocabulary_service_pb2_grpc.VocabularyServiceServicer):
    def __init__(self, vocabularies: Vocabularies, store: VocabularyWriter) -> None:
        self._vocabularies = vocabularies
        self._store = store

    async def CreateTheme(
        self, request: pb.CreateThemeRequest, context: Context
    ) -> pb.CreateThemeResponse:
        theme = present(request, "theme", request.theme)
        made = await self._vocabularies.create(
            lambda slug: Theme(slug=slug, name=theme.name.strip(), aliases=_aliases_of(theme)),
            name=theme.name,
            slug=theme.slug,
            kind="theme",
        )
        return pb.CreateThemeResponse(
            theme=theme_to_proto(made.value), catalog_revision=made.revision
        )

    async def GetTheme(self, request: pb.GetThemeRequest, context: Context) -> pb.GetThemeResponse:
        found = await self._store.entry(Theme, _theme(request.slug), min_revision=NO_REVISION)
        return pb.GetThemeResponse(
            theme=theme_to_proto(found.value), catalog_revision=found.revision
        )

    async def UpdateTheme(
        self, request: pb.UpdateThemeRequest, context: Context
    ) -> pb.UpdateThemeResponse:
        theme = present(request, "theme", request.theme)
        stored = await self._vocabularies.update(
            Theme,
            _theme(theme.slug),
            _theme_change_of(theme, request.update_mask),
            expected_revision=expected_revision_of(theme.revision, field="theme.revision"),
        )
        return pb.UpdateThemeResponse(
            theme=theme_to_proto(stored.value), catalog_revision=stored.revision
        )

    async def MergeThemes(
        self, request: pb.MergeThemesRequest, context: Context
    ) -> pb.MergeThemesResponse:
        merged = await self._vocabularies.merge(
            Theme,
            _theme(request.slug),
            into=_theme(request.into_slug),
            expected_revision=expected_revision_of(request.revision, field="revision"),
        )
        return pb.MergeThemesResponse(
            theme=theme_to_proto(merged.value.entry),
            changed_show_count=merged.value.show_count,
            changed_category_count=merged.value.category_count,
            catalog_revision=merged.revision,
        )

    async def DeleteTheme(
        self, request: pb.DeleteThemeRequest, context: Context
    ) -> pb.DeleteThemeResponse:
        revision = await self._store.delete_entry(
            Theme,
            _theme(request.slug),
            expected_revision=expected_revision_of(request.revision, field="revision"),
        )
        return pb.DeleteThemeResponse(catalog_revision=revision)

    async def CreatePlatform(
        self, request: pb.CreatePlatformRequest, context: Context
    ) -> pb.CreatePlatformResponse:
        platform = present(request, "platform", request.platform)
        made = await self._vocabularies.create(
            lambda slug: Platform(
                slug=slug,
                name=platform.name.strip(),
                url=platform.url.strip(),
                icon_url=platform.icon_url.strip(),
            ),
            name=platform.name,
            slug=platform.slug,
            kind="platform",
        )
        return pb.CreatePlatformResponse(
            platform=platform_to_proto(made.value), catalog_revision=made.revision
        )

    async def GetPlatform(
        self, request: pb.GetPlatformRequest, context: Context
    ) -> pb.GetPlatformResponse:
        found = await self._store.entry(Platform, _platform(request.slug), min_revision=NO_REVISION)
        return pb.GetPlatformResponse(
            platform=platform_to_proto(found.value), catalog_revision=found.revision
        )

    async def UpdatePlatform(
        self, request: pb.UpdatePlatformRequest, context: Context
    ) -> pb.UpdatePlatformResponse:
        platform = present(request, "platform", request.platform)
        stored = await self._vocabularies.update(
            Platform,
            _platform(platform.slug),
            _platform_change_of(platform, request.update_mask),
            expected_revision=expected_revision_of(platform.revision, field="platform.revision"),
        )
        return pb.UpdatePlatformResponse(
            platform=platform_to_proto(stored.value), catalog_revision=stored.revision
        )

    async def MergePlatforms(
        self, request: pb.MergePlatformsRequest, context: Context
    ) -> pb.MergePlatformsResponse:
        merged = await self._vocabularies.merge(
            Platform,
            _platform(request.slug),
            into=_platform(request.into_slug),
            expected_revision=expected_revision_of(request.revision, field="revision"),
        )
        return pb.MergePlatformsResponse(
            platform=platform_to_proto(merged.value.entry),
            changed_show_count=merged.value.show_count,
            changed_category_count=merged.value.category_count,
            catalog_revision=merged.revision,
        )

    async def DeletePlatform(
        self, request: pb.DeletePlatformRequest, context: Context
    ) -> pb.DeletePlatformResponse:
        revision = await self._store.delete_entry(
            Platform,
            _platform(request.slug),
            expected_revision=expected_revision_of(request.revision, field="revision"),
        )
        return pb.DeletePlatformResponse(catalog_revision=revision)


def _theme(slug: str) -> Slug:
    return _slug_of(ResourceKind.THEME, slug)


def _platform(slug: str) -> Slug:
    return _slug_of(ResourceKind.PLATFORM, slug)


def _slug_of(kind: ResourceKind, slug: str) -> Slug:
    """Return a slug; what cannot be one never reaches a store."""
    if not slug_valid(slug):
        raise LabelNotFoundError(kind, slug)
    return Slug(slug)


def _theme_change_of(theme: show_pb2.Theme, mask: FieldMask) -> Callable[[Theme], Theme]:
    decoders: dict[str, Callable[[Any], object]] = {
        "name": lambda message: message.name.strip(),
        "aliases": _aliases_of,
    }
    return masked(theme, mask, resource="theme", decoders=decoders)


def _platform_change_of(
    platform: show_pb2.Platform, mask: FieldMask
) -> Callable[[Platform], Platform]:
    decoders: dict[str, Callable[[Any], object]] = {
        "name": lambda message: message.name.strip(),
        "url": lambda message: message.url.strip(),
        "icon_url": lambda message: message.icon_url.strip(),
    }
    return masked(platform, mask, resource="platform", decoders=decoders)


def _aliases_of(theme: show_pb2.Theme) -> tuple[str, ...]:
    return tuple(alias.strip() for alias in theme.aliases)
