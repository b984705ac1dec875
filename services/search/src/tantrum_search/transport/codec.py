"""Between the contract and the domain. Requests are checked here, field by field."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from tantrum_kit.errors import InvalidInputError
from tvtantrum.catalog.v1 import catalog_service_pb2 as catalog_pb
from tvtantrum.catalog.v1 import show_pb2
from tvtantrum.search.v1 import search_service_pb2 as pb

from tantrum_search.domain.document import Field
from tantrum_search.domain.highlights import Span
from tantrum_search.domain.ports import Change, ResourceKind, Revision
from tantrum_search.domain.query import WantedWord
from tantrum_search.domain.search import Completions, Hit, Hits
from tantrum_search.domain.show import Label, Sense, Show, ShowId, Slug, Theme
from tantrum_search.domain.suggestions import SuggestionKind

_MAX_QUERY_LENGTH: Final = 200
_DEFAULT_PAGE_SIZE: Final = 20
_MAX_PAGE_SIZE: Final = 100
_DEFAULT_SUGGESTIONS: Final = 8
_MAX_SUGGESTIONS: Final = 20

_FIELDS: Final = {
    Field.NAME: pb.HIGHLIGHT_FIELD_NAME,
    Field.ALIAS: pb.HIGHLIGHT_FIELD_ALIAS,
    Field.CREATOR: pb.HIGHLIGHT_FIELD_CREATOR,
    Field.THEME: pb.HIGHLIGHT_FIELD_THEME,
    Field.DESCRIPTION: pb.HIGHLIGHT_FIELD_DESCRIPTION,
}
_SUGGESTION_KINDS: Final = {
    SuggestionKind.SHOW: pb.SUGGESTION_KIND_SHOW,
    SuggestionKind.THEME: pb.SUGGESTION_KIND_THEME,
}
_RESOURCE_KINDS: Final = {
    catalog_pb.RESOURCE_KIND_SHOW: ResourceKind.SHOW,
    catalog_pb.RESOURCE_KIND_THEME: ResourceKind.THEME,
    catalog_pb.RESOURCE_KIND_PLATFORM: ResourceKind.PLATFORM,
}


def query_from_proto(query: str) -> str:
    """Return the query. Raises `InvalidInputError` if it is too long."""
    if len(query) > _MAX_QUERY_LENGTH:
        raise InvalidInputError.of("query", f"must have at most {_MAX_QUERY_LENGTH} characters")
    return query


def page_size_from_proto(size: int) -> int:
    """Return the size meant by *size*. Raises `InvalidInputError` if it is negative."""
    return _size(size, "page_size", default=_DEFAULT_PAGE_SIZE, most=_MAX_PAGE_SIZE)


def limit_from_proto(limit: int) -> int:
    """Return the limit meant by *limit*. Raises `InvalidInputError` if it is negative."""
    return _size(limit, "limit", default=_DEFAULT_SUGGESTIONS, most=_MAX_SUGGESTIONS)


def show_from_proto(show: show_pb2.Show) -> Show:
    """Return what search knows of a show."""
    return Show(
        id=ShowId(show.id),
        slug=Slug(show.slug),
        name=show.name,
        aliases=tuple(show.aliases),
        description=show.description,
        creator=show.creator,
        themes=tuple(Label(slug=Slug(theme.slug), name=theme.name) for theme in show.themes),
        platforms=tuple(Slug(platform.slug) for platform in show.platforms),
        min_age=show.min_age,
        max_age=show.max_age if show.HasField("max_age") else None,
        stimulation=show.stimulation,
        levels=tuple(int(getattr(show.senses, sense.name.lower())) for sense in Sense),
        animation_style=show.animation_style,
        episode_minutes=show.episode_minutes if show.HasField("episode_minutes") else None,
        release_year=show.release_year if show.HasField("release_year") else None,
        ongoing=show.ongoing,
        youtube=show.youtube,
        featured=show.featured,
        payload=show.SerializeToString(),
    )


def theme_from_proto(theme: show_pb2.Theme) -> Theme:
    """Return a theme."""
    return Theme(slug=Slug(theme.slug), name=theme.name, aliases=tuple(theme.aliases))


def revision_from_proto(response: catalog_pb.WatchCatalogResponse) -> Revision:
    """Return a step of the catalogue; kinds that do not matter here are `OTHER`."""
    return Revision(
        response.revision,
        [
            Change(
                _RESOURCE_KINDS.get(change.kind, ResourceKind.OTHER), change.id, Slug(change.slug)
            )
            for change in response.changes
        ],
    )


def hits_to_proto(hits: Hits) -> pb.SearchShowsResponse:
    """Return the answer of `SearchShows`."""
    return pb.SearchShowsResponse(
        hits=map(_hit_to_proto, hits.hits),
        total_size=hits.total_size,
        next_page_token=hits.next_page_token,
        did_you_mean=hits.did_you_mean,
        catalog_revision=hits.revision,
        words=map(_word_to_proto, hits.words),
    )


def completions_to_proto(completions: Completions) -> pb.SuggestShowsResponse:
    """Return the answer of `SuggestShows`."""
    return pb.SuggestShowsResponse(
        suggestions=(
            pb.Suggestion(
                kind=_SUGGESTION_KINDS[suggestion.kind],
                text=suggestion.text,
                slug=suggestion.slug,
                spans=_spans_to_proto(suggestion.spans),
            )
            for suggestion in completions.suggestions
        ),
        catalog_revision=completions.revision,
        words=map(_word_to_proto, completions.words),
    )


def _hit_to_proto(hit: Hit) -> pb.SearchHit:
    result = pb.SearchHit(
        highlights=(
            pb.Highlight(
                field=_FIELDS[highlight.field],
                text=highlight.text,
                spans=_spans_to_proto(highlight.spans),
            )
            for highlight in hit.highlights
        )
    )
    result.show.MergeFromString(hit.payload)
    return result


def _word_to_proto(word: WantedWord) -> pb.QueryWord:
    forms = (
        pb.TermForm(text=form.text, beginning=form.beginning, errors=form.errors)
        for form in word.forms
    )
    return pb.QueryWord(required=word.required, forms=forms)


def _spans_to_proto(spans: Iterable[Span]) -> Iterator[pb.Span]:
    return (pb.Span(start=start, end=end) for start, end in spans)


def _size(value: int, field: str, *, default: int, most: int) -> int:
    if value < 0:
        raise InvalidInputError.of(field, "must not be negative")
    return min(value or default, most)
