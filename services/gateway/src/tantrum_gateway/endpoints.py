"""
The public API as one table, from which requests are parsed and `/v1/openapi.json` is made.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import Final

import msgspec

from tantrum_gateway import filters, reads, resources
from tantrum_gateway.concurrency import Priority
from tantrum_gateway.parameters import (
    Ids,
    Names,
    Order,
    PageSize,
    Parameter,
    Query,
    Text,
    Token,
    Truth,
)


class Lifetime(Enum):
    """How long an answer may be kept, as the settings of the same names say."""

    SHOWS = "shows"
    CATEGORIES = "categories"
    SEARCH = "search"
    VOCABULARIES = "vocabularies"
    FOREVER = "forever"
    """The address names the content, so that another content has another address."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """One path, or one for each key where it ends in or holds `{…}`."""

    path: str
    summary: str
    tag: str
    read: reads.Read
    lifetime: Lifetime
    answer: type[resources.Resource] | None = None
    """Shape of the JSON; None for what is not JSON."""
    media_type: str = "application/json"
    parameters: tuple[Parameter, ...] = ()
    key_doc: str = ""
    priority: Priority = Priority.READ
    """What is shed first where there is too much to do; suggestions have less time, too."""
    fallback: reads.Read | None = None
    """What answers, worse, in place of `read` where that has no upstream."""
    lenient: bool = False
    """Whether its query strings are read leniently; see `queries.read`."""
    parameter_by_field: dict[str, str] = field(init=False, compare=False)
    """Names of parameters by the proto field that they become."""

    def __post_init__(self) -> None:
        names = {parameter.field: parameter.name for parameter in self.parameters}
        object.__setattr__(self, "parameter_by_field", names)


_SHOW_FIELDS: Final = tuple(one.encode_name for one in msgspec.structs.fields(resources.Show))

_FIELDS: Final = Parameter(
    name="fields",
    kind=Names(names=_SHOW_FIELDS),
    default=_SHOW_FIELDS,
    field="fields",
    doc=(
        "Comma list of the fields of a show that are wanted: the shows of the answer then have "
        "only those. They have all without it."
    ),
)
_TOKEN: Final = Parameter(
    name="pageToken",
    kind=Token(),
    default="",
    field="page_token",
    doc="`nextPageToken` of the page before, with all else the same.",
)


def _paged(default_size: int = 20) -> tuple[Parameter, ...]:
    size = Parameter(
        name="pageSize",
        kind=PageSize(default=default_size),
        default=default_size,
        field="page_size",
        doc=f"Most items wanted; {default_size} without it or with 0, and never above 100.",
    )
    return (size, _TOKEN)


def _ordered(default: str) -> Parameter:
    return Parameter(
        name="orderBy",
        kind=Order(names=tuple(reads.ORDERS), aliases=(("releaseYear", "release_year"),)),
        default=(default, ""),
        field="order_by",
        doc=(
            f"What to order by, `{default}` without it. Release years naturally descend, all else "
            "ascends; ` asc` or ` desc` behind it says otherwise. What is unknown comes last."
        ),
    )


def _query(doc: str) -> Parameter:
    return Parameter(name="q", kind=Query(), default="", field="query", doc=doc)


_ID_OR_SLUG: Final = "Number or slug."

ENDPOINTS: Final = (
    Endpoint(
        path="/v1/shows",
        summary="List the shows that all conditions select",
        tag="Shows",
        read=reads.list_shows,
        lifetime=Lifetime.SHOWS,
        answer=resources.ShowPage,
        parameters=(*_paged(), _ordered("name"), _FIELDS, filters.TEXT, *filters.CONDITIONS),
    ),
    Endpoint(
        path="/v1/shows/{idOrSlug}",
        summary="Get a show",
        tag="Shows",
        read=reads.get_show,
        lifetime=Lifetime.SHOWS,
        answer=resources.Show,
        parameters=(_FIELDS,),
        key_doc=_ID_OR_SLUG,
    ),
    Endpoint(
        path="/v1/shows/{idOrSlug}/similar",
        summary="List shows that are like one, the most alike first",
        tag="Shows",
        read=reads.list_similar_shows,
        lifetime=Lifetime.SHOWS,
        answer=resources.ShowPage,
        parameters=(
            Parameter(
                name="calmer",
                kind=Truth(),
                default=False,
                field="calmer",
                doc="Whether only shows of lower stimulation are wanted.",
            ),
            *_paged(default_size=6),
            _FIELDS,
        ),
        key_doc=_ID_OR_SLUG,
    ),
    Endpoint(
        path="/v1/compare",
        summary="Compare up to four shows",
        tag="Shows",
        read=reads.compare_shows,
        lifetime=Lifetime.SHOWS,
        answer=resources.Comparison,
        parameters=(
            Parameter(
                name="ids",
                kind=Ids(at_most=4),
                required=True,
                field="ids",
                doc="Comma list of 1 to 4 different ids, in the order to show them in.",
            ),
        ),
    ),
    Endpoint(
        path="/v1/home",
        summary="Get the home page: all active categories, each with its first 12 shows",
        tag="Categories",
        read=reads.get_home,
        lifetime=Lifetime.CATEGORIES,
        answer=resources.Home,
        parameters=(_FIELDS,),
    ),
    Endpoint(
        path="/v1/categories",
        summary="List the active categories in order",
        tag="Categories",
        read=reads.list_categories,
        lifetime=Lifetime.CATEGORIES,
        answer=resources.CategoryPage,
        parameters=_paged(),
    ),
    Endpoint(
        path="/v1/categories/{id}",
        summary="Get a category",
        tag="Categories",
        read=reads.get_category,
        lifetime=Lifetime.CATEGORIES,
        answer=resources.Category,
        key_doc=_ID_OR_SLUG,
    ),
    Endpoint(
        path="/v1/categories/{id}/shows",
        summary="List the shows of a category",
        tag="Categories",
        read=reads.list_category_shows,
        lifetime=Lifetime.CATEGORIES,
        answer=resources.ShowPage,
        parameters=(*_paged(), _ordered("popularity"), _FIELDS),
        key_doc=_ID_OR_SLUG,
    ),
    Endpoint(
        path="/v1/themes",
        summary="List the themes",
        tag="Vocabularies",
        read=reads.list_themes,
        lifetime=Lifetime.VOCABULARIES,
        answer=resources.ThemePage,
        parameters=_paged(),
    ),
    Endpoint(
        path="/v1/platforms",
        summary="List the platforms",
        tag="Vocabularies",
        read=reads.list_platforms,
        lifetime=Lifetime.VOCABULARIES,
        answer=resources.PlatformPage,
        parameters=_paged(),
    ),
    Endpoint(
        path="/v1/research",
        summary="List research summaries, newest first",
        tag="Research",
        read=reads.list_research,
        lifetime=Lifetime.SHOWS,
        answer=resources.ResearchPage,
        parameters=(
            Parameter(
                name="category",
                kind=Text(at_most=100),
                field="category",
                doc="Only this category, such as `Media Effects`.",
            ),
            *_paged(),
        ),
    ),
    Endpoint(
        path="/v1/research/{slug}",
        summary="Get a research summary",
        tag="Research",
        read=reads.get_research,
        lifetime=Lifetime.SHOWS,
        answer=resources.Research,
        key_doc=_ID_OR_SLUG,
    ),
    Endpoint(
        path="/v1/search",
        summary="Find shows by what people type, best first",
        tag="Search",
        read=reads.search_shows,
        lifetime=Lifetime.SEARCH,
        answer=resources.HitPage,
        parameters=(
            _query("What was typed. Words may hold typing errors; the last may be unfinished."),
            *_paged(),
            _FIELDS,
            *filters.CONDITIONS,
        ),
        priority=Priority.SEARCH,
        fallback=reads.search_names,
    ),
    Endpoint(
        path="/v1/suggest",
        summary="Complete what somebody is typing, with up to 8 shows and themes",
        tag="Search",
        read=reads.suggest_shows,
        lifetime=Lifetime.SEARCH,
        answer=resources.Suggestions,
        parameters=(_query("What was typed so far."),),
        priority=Priority.SUGGEST,
        fallback=reads.suggest_nothing,
    ),
    Endpoint(
        path="/covers/{slug}.svg",
        summary="Get the drawn cover of a show",
        tag="Pictures",
        read=reads.get_cover,
        lifetime=Lifetime.SHOWS,
        media_type="image/svg+xml",
        key_doc="Slug of the show.",
    ),
    Endpoint(
        path="/images/{id}",
        summary="Get an uploaded picture",
        tag="Pictures",
        read=reads.get_image,
        lifetime=Lifetime.FOREVER,
        media_type="image/*",
        key_doc="Id of the picture.",
    ),
)
