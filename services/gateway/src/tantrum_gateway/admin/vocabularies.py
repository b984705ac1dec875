"""The controlled vocabularies, themes and platforms, which are edited alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from tantrum_kit import errors
from tvtantrum.catalog.v1 import catalog_service_pb2, show_pb2
from tvtantrum.catalog.v1 import vocabulary_service_pb2 as pb

from tantrum_gateway import reads, resources
from tantrum_gateway.admin import answers, answers_codec, inputs, writing
from tantrum_gateway.admin.operations import (
    PAGED,
    PREFIX,
    READ,
    VOCABULARIES,
    Call,
    Operation,
    Outcome,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Vocabulary:
    """What differs between the two; protos and messages are named after `name`."""

    name: str
    message: Any
    new: type[inputs.Input]
    changed: type[inputs.Input]
    answer: type[resources.Resource]
    page: type[resources.Resource]
    merged: type[resources.Resource]

    async def list(self, call: Call) -> Outcome:
        request = getattr(catalog_service_pb2, f"List{self.name}sRequest")
        response = await call.desk.ask(
            getattr(call.desk.upstreams.catalog, f"List{self.name}s"),
            request(min_revision=call.min_revision, **call.page),
        )
        page = self.page(
            **{self._plural: [self._answered(one) for one in getattr(response, self._plural)]},
            next_page_token=response.next_page_token,
            total_size=response.total_size,
        )
        return Outcome(answer=page, catalog_revision=response.catalog_revision)

    async def create(self, call: Call) -> Outcome:
        made = writing.filled(self.message(), call.values)
        return self._outcome(await self._ask(call, "Create", **{self._field: made}), made=True)

    async def get(self, call: Call) -> Outcome:
        return self._outcome(await self._ask(call, "Get", slug=_slug(call)))

    async def update(self, call: Call) -> Outcome:
        async def write(revision: int) -> Any:
            written = writing.filled(self.message(slug=_slug(call), revision=revision), call.values)
            mask = writing.mask_of(call.values)
            return await self._ask(call, "Update", update_mask=mask, **{self._field: written})

        return self._outcome(await call.if_match.at(write))

    async def merge(self, call: Call) -> Outcome:
        async def write(revision: int) -> Any:
            names = {"slug": _slug(call), "into_slug": call.body.into}
            return await self._ask(call, "Merge", suffix="s", revision=revision, **names)

        response = await call.if_match.at(write)
        merged = self.merged(
            **{self._field: self._answered(getattr(response, self._field))},
            changed_show_count=response.changed_show_count,
            changed_category_count=response.changed_category_count,
        )
        return Outcome(answer=merged, catalog_revision=response.catalog_revision)

    async def delete(self, call: Call) -> Outcome:
        async def write(revision: int) -> Any:
            return await self._ask(call, "Delete", slug=_slug(call), revision=revision)

        response = await call.if_match.at(write)
        return Outcome(catalog_revision=response.catalog_revision)

    def operations(self) -> tuple[Operation, ...]:
        """Return the six operations."""
        name, several = self._field, f"/{self._plural}"
        one = f"{several}/{{slug}}"
        return (
            Operation(
                name=f"list{self.name}s",
                method="GET",
                path=several,
                summary=f"List the {self._plural}",
                tag="Vocabularies",
                run=self.list,
                answer=self.page,
                scope=READ,
                parameters=PAGED,
            ),
            Operation(
                name=f"create{self.name}",
                method="POST",
                path=several,
                summary=f"Make a {name}",
                tag="Vocabularies",
                run=self.create,
                answer=self.answer,
                status=201,
                scope=VOCABULARIES,
                body=self.new,
            ),
            Operation(
                name=f"get{self.name}",
                method="GET",
                path=one,
                summary=f"Get a {name}",
                tag="Vocabularies",
                run=self.get,
                answer=self.answer,
                scope=READ,
            ),
            Operation(
                name=f"update{self.name}",
                method="PATCH",
                path=one,
                summary=f"Change a {name}, and with it all shows that have it",
                tag="Vocabularies",
                run=self.update,
                answer=self.answer,
                scope=VOCABULARIES,
                body=self.changed,
                guarded=True,
            ),
            Operation(
                name=f"delete{self.name}",
                method="DELETE",
                path=one,
                summary=f"Remove a {name} that no show and no category has",
                tag="Vocabularies",
                run=self.delete,
                status=204,
                scope=VOCABULARIES,
                guarded=True,
            ),
            Operation(
                name=f"merge{self.name}",
                method="POST",
                path=f"{one}/merge",
                summary=f"Make a {name} part of another one, in all shows and categories",
                tag="Vocabularies",
                run=self.merge,
                answer=self.merged,
                scope=VOCABULARIES,
                body=inputs.Merge,
                guarded=True,
            ),
        )

    @property
    def _field(self) -> str:
        return self.name.lower()

    @property
    def _plural(self) -> str:
        return f"{self._field}s"

    async def _ask(self, call: Call, verb: str, *, suffix: str = "", **fields: Any) -> Any:
        method = f"{verb}{self.name}{suffix}"
        return await call.desk.ask(
            getattr(call.desk.upstreams.vocabularies, method),
            getattr(pb, f"{method}Request")(**fields),
        )

    def _answered(self, message: Any) -> Any:
        return getattr(answers_codec, self._field)(message)

    def _outcome(self, response: Any, *, made: bool = False) -> Outcome:
        message = getattr(response, self._field)
        return Outcome(
            answer=self._answered(message),
            tag=str(message.revision),
            catalog_revision=response.catalog_revision,
            location=f"{PREFIX}/{self._plural}/{message.slug}" if made else "",
        )


def _slug(call: Call) -> str:
    if not reads.SLUG.fullmatch(call.key):
        raise errors.NotFoundError("Nothing is at this address.")
    return call.key


_THEMES: Final = _Vocabulary(
    name="Theme",
    message=show_pb2.Theme,
    new=inputs.NewTheme,
    changed=inputs.ThemeInput,
    answer=answers.EditedTheme,
    page=answers.EditedThemePage,
    merged=answers.MergedTheme,
)
_PLATFORMS: Final = _Vocabulary(
    name="Platform",
    message=show_pb2.Platform,
    new=inputs.NewPlatform,
    changed=inputs.PlatformInput,
    answer=answers.EditedPlatform,
    page=answers.EditedPlatformPage,
    merged=answers.MergedPlatform,
)

OPERATIONS: Final = (*_THEMES.operations(), *_PLATFORMS.operations())
