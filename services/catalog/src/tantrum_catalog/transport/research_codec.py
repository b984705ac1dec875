"""Research between protos and the domain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from typing import Any, Final

from google.protobuf.field_mask_pb2 import FieldMask
from tvtantrum.catalog.v1 import research_pb2 as pb

from tantrum_catalog.domain.research import Research, ResearchFacts
from tantrum_catalog.transport.codec import masked, timestamp_of

_LISTS: Final = ("key_findings", "authors")


def research_to_proto(research: Research) -> pb.Research:
    """Return a summary as it goes out."""
    facts = research.facts
    return pb.Research(
        id=research.id,
        slug=research.slug,
        title=facts.title,
        headline=facts.headline,
        sub_headline=facts.sub_headline,
        summary=facts.summary,
        key_findings=facts.key_findings,
        detail=facts.detail,
        category=facts.category,
        authors=facts.authors,
        source=facts.source,
        publish_date=facts.publish_date,
        doi=facts.doi,
        original_url=facts.original_url,
        image_url=facts.image_url,
        revision=research.revision,
        create_time=timestamp_of(research.create_time),
        update_time=timestamp_of(research.update_time),
    )


def facts_of(research: pb.Research) -> ResearchFacts:
    """Return what an editor wrote. Raises `InvalidInputError`."""
    return ResearchFacts(**{field: decode(research) for field, decode in _FIELDS.items()})


def facts_change_of(
    research: pb.Research, mask: FieldMask
) -> Callable[[ResearchFacts], ResearchFacts]:
    """Return the change that an editor asks for. Raises `InvalidInputError`."""
    return masked(research, mask, resource="research summary", decoders=_FIELDS)


def _decoder(field: str) -> Callable[[pb.Research], Any]:
    if field in _LISTS:
        return lambda research: tuple(getattr(research, field))
    return lambda research: getattr(research, field)


# The domain has the protos' names for all that editors write.
_FIELDS: Final = {field.name: _decoder(field.name) for field in fields(ResearchFacts)}
