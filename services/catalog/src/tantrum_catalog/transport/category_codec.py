"""Categories and their rules between protos and the domain."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from google.protobuf.field_mask_pb2 import FieldMask
from tvtantrum.catalog.v1 import category_pb2 as pb

from tantrum_catalog.domain.catalog import CategoryDraft
from tantrum_catalog.domain.category import Category
from tantrum_catalog.domain.category_rules import CategoryRule, CategoryRules, RawRule, RawRules
from tantrum_catalog.domain.rule_fields import RuleValue, ValueRange
from tantrum_catalog.transport.codec import masked, optional, timestamp_of
from tantrum_catalog.transport.filter_codec import match_of, match_to_proto


def category_to_proto(category: Category) -> pb.Category:
    """Return a category as it goes out."""
    return pb.Category(
        id=category.id,
        slug=category.slug,
        name=category.facts.name,
        description=category.facts.description,
        display_order=category.display_order,
        active=category.facts.active,
        rules=_rules_to_proto(category.facts.rules),
        show_count=category.show_count,
        revision=category.revision,
        create_time=timestamp_of(category.create_time),
        update_time=timestamp_of(category.update_time),
    )


def draft_of(category: pb.Category) -> CategoryDraft:
    """Return what an editor wrote. Raises `InvalidInputError`."""
    return CategoryDraft(**{field: decode(category) for field, decode in _FIELDS.items()})


def draft_change_of(
    category: pb.Category, mask: FieldMask
) -> Callable[[CategoryDraft], CategoryDraft]:
    """Return the change that an editor asks for. Raises `InvalidInputError`."""
    return masked(category, mask, resource="category", decoders=_FIELDS)


def raw_rules_of(rules: pb.CategoryRules, *, path: str = "rules") -> RawRules:
    """Return rules as they came. Raises `InvalidInputError`."""
    return RawRules(
        logic=match_of(rules.logic, field=f"{path}.logic"),
        rules=tuple(
            RawRule(field=rule.field, operator=rule.operator, value=_value_of(rule))
            for rule in rules.rules
        ),
    )


def _value_of(rule: pb.CategoryRule) -> RuleValue | None:
    match rule.WhichOneof("value"):
        case "text":
            return rule.text
        case "texts":
            return tuple(rule.texts.values)
        case "range":
            return ValueRange(
                minimum=optional(rule.range, "min"), maximum=optional(rule.range, "max")
            )
        case "flag":
            return rule.flag
        case _:
            return None


def _rules_to_proto(rules: CategoryRules) -> pb.CategoryRules:
    return pb.CategoryRules(
        logic=match_to_proto(rules.logic), rules=[_rule_to_proto(rule) for rule in rules.rules]
    )


def _rule_to_proto(rule: CategoryRule) -> pb.CategoryRule:
    message = pb.CategoryRule(field=rule.field.value, operator=rule.operator.value)
    match rule.value:
        case str() as text:
            message.text = text
        case bool() as flag:
            message.flag = flag
        case ValueRange(minimum=minimum, maximum=maximum):
            message.range.CopyFrom(pb.CategoryRuleRange(min=minimum, max=maximum))
        case texts:
            message.texts.values.extend(texts)
    return message


_FIELDS: Final[Mapping[str, Callable[[pb.Category], Any]]] = {
    "name": lambda category: category.name,
    "description": lambda category: category.description,
    "active": lambda category: category.active,
    "rules": lambda category: raw_rules_of(category.rules, path="category.rules"),
}
