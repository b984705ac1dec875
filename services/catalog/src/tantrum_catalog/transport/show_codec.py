"""Shows between protos and the domain."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.struct_pb2 import Struct
from tantrum_kit.errors import InvalidInputError
from tvtantrum.catalog.v1 import show_pb2 as pb

from tantrum_catalog.domain.naming import Slug
from tantrum_catalog.domain.show import (
    Image,
    Json,
    Label,
    Level,
    Sense,
    Senses,
    Show,
    ShowFacts,
)
from tantrum_catalog.domain.vocabulary import Platform, Theme
from tantrum_catalog.transport.codec import masked, optional, timestamp_of


def show_to_proto(show: Show) -> pb.Show:
    """Return a show as it goes out."""
    facts = show.facts
    return pb.Show(
        id=show.id,
        slug=show.slug,
        name=facts.name,
        aliases=facts.aliases,
        description=facts.description,
        min_age=facts.min_age,
        max_age=facts.max_age,
        stimulation=facts.stimulation,
        senses=_senses_to_proto(facts.senses),
        animation_style=facts.animation_style,
        themes=_labels_to_proto(show.themes),
        platforms=_labels_to_proto(show.platforms),
        episode_minutes=facts.episode_minutes,
        creator=facts.creator,
        release_year=facts.release_year,
        end_year=facts.end_year,
        ongoing=facts.ongoing,
        seasons=facts.seasons,
        youtube=facts.youtube,
        featured=show.featured,
        image=None if show.image is None else image_to_proto(show.image),
        legacy=_struct_of(show.legacy) if show.legacy else None,
        revision=show.revision,
        update_time=timestamp_of(show.update_time),
    )


def image_to_proto(image: Image) -> pb.Image:
    """Return what a picture is."""
    return pb.Image(
        id=image.id, media_type=image.media_type, width=image.width, height=image.height
    )


def theme_to_proto(theme: Theme) -> pb.Theme:
    """Return a theme."""
    return pb.Theme(
        slug=theme.slug,
        name=theme.name,
        aliases=theme.aliases,
        show_count=theme.show_count,
        revision=theme.revision,
    )


def platform_to_proto(platform: Platform) -> pb.Platform:
    """Return a platform."""
    return pb.Platform(
        slug=platform.slug,
        name=platform.name,
        url=platform.url,
        icon_url=platform.icon_url,
        show_count=platform.show_count,
        revision=platform.revision,
    )


def facts_of(show: pb.Show) -> ShowFacts:
    """Return what an editor wrote. Raises `InvalidInputError`."""
    return ShowFacts(**{field: decode(show) for field, decode in _FIELDS.items()})


def facts_change_of(show: pb.Show, mask: FieldMask) -> Callable[[ShowFacts], ShowFacts]:
    """Return the change that an editor asks for. Raises `InvalidInputError`."""
    return masked(show, mask, resource="show", decoders=_PATHS)


def level_of(value: int, *, field: str) -> Level | None:
    """Return a level, None for the unspecified one. Raises `InvalidInputError`."""
    try:
        return Level(value) if value else None
    except ValueError as error:
        raise InvalidInputError.of(field, f"there is no level {value}") from error


def _senses_to_proto(senses: Senses) -> pb.Senses:
    return pb.Senses(
        **{sense.value: int(level) for sense in Sense if (level := senses.level(sense))}  # type: ignore[arg-type]  # the stubs want the enum's own type
    )


def _labels_to_proto(labels: Iterable[Label]) -> list[pb.Label]:
    return [pb.Label(slug=label.slug, name=label.name) for label in labels]


def _struct_of(values: Mapping[str, Json]) -> Struct:
    struct = Struct()
    struct.update(values)
    return struct


def _sense_of(sense: Sense) -> Callable[[pb.Show], Level | None]:
    def decode(show: pb.Show) -> Level | None:
        return level_of(getattr(show.senses, sense.value), field=f"show.senses.{sense}")

    return decode


def _senses_of(show: pb.Show) -> Senses:
    return Senses(**{sense.value: decode(show) for sense, decode in _SENSES.items()})


def _plain(field: str) -> Callable[[pb.Show], object]:
    return lambda show: getattr(show, field)


def _optional(field: str) -> Callable[[pb.Show], object]:
    return lambda show: optional(show, field)


def _slugs(field: str) -> Callable[[pb.Show], object]:
    return lambda show: tuple(Slug(label.slug) for label in getattr(show, field))


_SENSES: Final = {sense: _sense_of(sense) for sense in Sense}

_FIELDS: Final[Mapping[str, Callable[[pb.Show], Any]]] = {
    "name": _plain("name"),
    "aliases": lambda show: tuple(show.aliases),
    "description": _plain("description"),
    "min_age": _plain("min_age"),
    "max_age": _optional("max_age"),
    "stimulation": _plain("stimulation"),
    "senses": _senses_of,
    "animation_style": _plain("animation_style"),
    "themes": _slugs("themes"),
    "platforms": _slugs("platforms"),
    "episode_minutes": _optional("episode_minutes"),
    "creator": _plain("creator"),
    "release_year": _optional("release_year"),
    "end_year": _optional("end_year"),
    "ongoing": _plain("ongoing"),
    "seasons": _optional("seasons"),
    "youtube": _plain("youtube"),
}

_PATHS: Final = {
    **_FIELDS,
    **{f"senses.{sense}": decode for sense, decode in _SENSES.items()},
}
