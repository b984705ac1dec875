"""What can go wrong with the catalogue that is the caller's business."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from tantrum_kit import errors
from tantrum_kit.errors import Violation

from tantrum_catalog.domain.change import ResourceKind, Revision


class ShowNotFoundError(errors.NotFoundError):
    """There is no such show."""

    reason = "SHOW_NOT_FOUND"

    def __init__(self, key: int | str) -> None:
        super().__init__(f"no show {key!r}", show=key)


class CategoryNotFoundError(errors.NotFoundError):
    """There is no such category."""

    reason = "CATEGORY_NOT_FOUND"

    def __init__(self, key: int | str) -> None:
        super().__init__(f"no category {key!r}", category=key)


class ResearchNotFoundError(errors.NotFoundError):
    """There is no such research summary."""

    reason = "RESEARCH_NOT_FOUND"

    def __init__(self, key: int | str) -> None:
        super().__init__(f"no research {key!r}", research=key)


class LabelNotFoundError(errors.NotFoundError):
    """There is no such theme, or no such platform."""

    def __init__(self, kind: ResourceKind, slug: str) -> None:
        super().__init__(f"no {kind} {slug!r}", **{kind: slug})
        self.reason = f"{kind.upper()}_NOT_FOUND"


class ImageNotFoundError(errors.NotFoundError):
    """There is no such picture."""

    reason = "IMAGE_NOT_FOUND"

    def __init__(self, image_id: str) -> None:
        super().__init__(f"no image {image_id!r}", image=image_id)


class ResourceChangedError(errors.ConflictError):
    """Somebody else wrote the resource in between; the present revision is a fact."""

    reason = "RESOURCE_CHANGED"

    def __init__(self, what: str, *, expected: Revision, stored: Revision) -> None:
        super().__init__(
            f"{what} is at revision {stored}, not {expected}",
            expected_revision=expected,
            stored_revision=stored,
        )


class ShowChangedError(ResourceChangedError):
    """Somebody else wrote the show in between."""

    reason = "SHOW_CHANGED"

    def __init__(self, show_id: int, *, expected: Revision, stored: Revision) -> None:
        super().__init__(f"show {show_id}", expected=expected, stored=stored)


class CategoryChangedError(ResourceChangedError):
    """Somebody else wrote the category in between."""

    reason = "CATEGORY_CHANGED"

    def __init__(self, category_id: int, *, expected: Revision, stored: Revision) -> None:
        super().__init__(f"category {category_id}", expected=expected, stored=stored)


class FeaturedShowChangedError(errors.ConflictError):
    """Somebody else featured a show in between, or none."""

    reason = "FEATURED_SHOW_CHANGED"

    def __init__(self) -> None:
        super().__init__("another show is featured by now")


class CategoryOrderChangedError(errors.ConflictError):
    """Somebody else reordered the categories in between, or made or removed one."""

    reason = "CATEGORY_ORDER_CHANGED"

    def __init__(self) -> None:
        super().__init__("the categories are in another order by now")


class ResearchChangedError(ResourceChangedError):
    """Somebody else wrote the research summary in between."""

    reason = "RESEARCH_CHANGED"

    def __init__(self, research_id: int, *, expected: Revision, stored: Revision) -> None:
        super().__init__(f"research {research_id}", expected=expected, stored=stored)


class LabelChangedError(ResourceChangedError):
    """Somebody else wrote the theme or platform in between."""

    def __init__(
        self, kind: ResourceKind, slug: str, *, expected: Revision, stored: Revision
    ) -> None:
        super().__init__(f"{kind} {slug!r}", expected=expected, stored=stored)
        self.reason = f"{kind.upper()}_CHANGED"


class LabelInUseError(errors.PreconditionFailedError):
    """A theme or platform cannot go while something refers to it."""

    reason = "LABEL_IN_USE"

    def __init__(
        self, kind: ResourceKind, slug: str, *, show_count: int, category_count: int
    ) -> None:
        super().__init__(
            f"{show_count} shows and the rules of {category_count} categories "
            f"refer to {kind} {slug!r}: merge it into another, or take it from them first",
            show_count=show_count,
            category_count=category_count,
        )


class NameTakenError(errors.AlreadyExistsError):
    """Another theme or platform has the name."""

    reason = "NAME_TAKEN"

    def __init__(self, name: str) -> None:
        super().__init__(f"the name {name!r} is taken", name=name)


class SlugTakenError(errors.AlreadyExistsError):
    """Another resource of the kind has the slug."""

    reason = "SLUG_TAKEN"

    def __init__(self, slug: str) -> None:
        super().__init__(f"the slug {slug!r} is taken", slug=slug)


class RequestIdTakenError(errors.AlreadyExistsError):
    """The request id came with another payload before."""

    reason = "REQUEST_ID_TAKEN"

    def __init__(self, request_id: str) -> None:
        super().__init__(
            f"request id {request_id!r} was used with another payload", request_id=request_id
        )


class UnknownLabelsError(errors.InvalidInputError):
    """A show names themes or platforms that do not exist."""

    reason = "UNKNOWN_LABELS"

    def __init__(self, field: str, slugs: Sequence[str], known: Collection[str]) -> None:
        """About *slugs*, the value of *field* (such as `show.themes`), not all of them *known*."""
        violations = [
            Violation(field=f"{field}[{index}]", description=f"{slug!r} does not exist")
            for index, slug in enumerate(slugs)
            if slug not in known
        ]
        super().__init__(
            "; ".join(f"{v.field}: {v.description}" for v in violations), violations=violations
        )


class CategoryOrderError(errors.InvalidInputError):
    """An order does not name every category exactly once."""

    reason = "CATEGORY_ORDER"

    def __init__(self) -> None:
        description = "must name every category exactly once"
        super().__init__(
            f"ids: {description}", violations=[Violation(field="ids", description=description)]
        )


class CatalogueNotEmptyError(errors.PreconditionFailedError):
    """A bulk load needs an empty catalogue."""

    reason = "CATALOGUE_NOT_EMPTY"

    def __init__(self) -> None:
        super().__init__("the catalogue is not empty")


class RevisionUnavailableError(errors.PreconditionFailedError):
    """The feed cannot go on from a revision: list again, then watch from there."""

    reason = "REVISION_UNAVAILABLE"

    def __init__(self, revision: Revision, *, head: Revision) -> None:
        super().__init__(
            f"the changes after revision {revision} are not kept; the head is {head}",
            revision=revision,
            head=head,
        )


class RevisionNotReachedError(errors.UnavailableError):
    """No server that could be asked has the revision that was asked for."""

    reason = "REVISION_NOT_REACHED"

    def __init__(self, wanted: Revision) -> None:
        super().__init__(f"revision {wanted} is not reached yet", wanted_revision=wanted)


class CatalogUnavailableError(errors.UnavailableError):
    """The catalogue's database does not answer just now."""

    reason = "CATALOG_UNAVAILABLE"

    def __init__(self) -> None:
        super().__init__("the catalogue database did not answer")
