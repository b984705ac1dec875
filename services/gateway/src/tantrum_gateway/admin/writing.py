"""From what a body gives a value to, to protobuf with the mask of what it changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, TypeVar

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.message import Message
from tvtantrum.catalog.v1 import category_pb2, filter_pb2, show_pb2

from tantrum_gateway.admin.inputs import LabelInput, RuleInput, RuleRangeInput, RulesInput
from tantrum_gateway.codec import LEVELS

MessageT = TypeVar("MessageT", bound=Message)

_FIELD_BY_PATH: Final = {"ages.min": "min_age", "ages.max": "max_age"}
_SENSES: Final = "senses."


def filled(message: MessageT, values: Mapping[str, Any]) -> MessageT:
    """Return *message* after giving it *values*; None leaves a field unset."""
    for path, value in values.items():
        if value is not None:
            _put(message, _FIELD_BY_PATH.get(path, path), value)
    return message


def mask_of(values: Mapping[str, Any]) -> FieldMask:
    """Return the paths that *values* change."""
    return FieldMask(paths=[_FIELD_BY_PATH.get(path, path) for path in values])


def rules_of(rules: RulesInput) -> category_pb2.CategoryRules:
    """Return the rules of a category."""
    return category_pb2.CategoryRules(
        logic=filter_pb2.MATCH_ANY if rules.logic == "OR" else filter_pb2.MATCH_ALL,
        rules=[_rule_of(one) for one in rules.rules],
    )


def _put(message: Message, path: str, value: Any) -> None:
    if path.startswith(_SENSES):
        setattr(message.senses, path.removeprefix(_SENSES), LEVELS.index(value))  # type: ignore[attr-defined]  # shows only have senses
    elif isinstance(value, RulesInput):
        getattr(message, path).CopyFrom(rules_of(value))
    elif isinstance(value, list):
        getattr(message, path).extend(
            show_pb2.Label(slug=one.slug) if isinstance(one, LabelInput) else one for one in value
        )
    else:
        setattr(message, path, value)


def _rule_of(rule: RuleInput) -> category_pb2.CategoryRule:
    message = category_pb2.CategoryRule(field=rule.field, operator=rule.operator)
    match rule.value:
        case bool() as flag:
            message.flag = flag
        case str() as text:
            message.text = text
        case RuleRangeInput() as bounds:
            message.range.CopyFrom(category_pb2.CategoryRuleRange(min=bounds.min, max=bounds.max))
        case texts:
            message.texts.values.extend(texts)
    return message
