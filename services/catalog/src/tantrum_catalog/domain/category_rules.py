"""
The rule language of categories: what it accepts, its canonical form, its meaning.

Rules come in as `RawRules`, from JSON or from a proto, in the old application's
words or the new ones (`docs/category-rules.md` lists both). `resolved` turns them
into `CategoryRules`, which have one form for one meaning; that form's JSON is
what a store keeps, and reads back to an equal value.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final, TypeAlias

from tantrum_kit.errors import InvalidInputError, Violation

from tantrum_catalog.domain.condition import Condition, all_of, any_of
from tantrum_catalog.domain.filter import Match
from tantrum_catalog.domain.naming import Slug
from tantrum_catalog.domain.rule_fields import (
    FIELDS,
    Operator,
    RuleField,
    RuleValue,
    ValueRange,
    field_called,
)
from tantrum_catalog.domain.vocabulary import Vocabulary

RULES_MAX: Final = 50

RuleJson: TypeAlias = "dict[str, RuleJson] | list[RuleJson] | str | int | bool | None"


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRule:
    """A rule as somebody wrote it."""

    field: str
    operator: str
    value: RuleValue | None
    """None when there is no value of any kind that a rule can have."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RawRules:
    """Rules as somebody wrote them."""

    logic: Match = Match.ALL
    rules: tuple[RawRule, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryRule:
    """One rule in canonical form. Made by `resolved` and `CategoryRules.from_json` alone."""

    field: RuleField
    operator: Operator
    value: RuleValue


@dataclass(frozen=True, slots=True, kw_only=True)
class CategoryRules:
    """Selects shows: rules on different fields all hold, those on one field by *logic*."""

    logic: Match = Match.ALL
    rules: tuple[CategoryRule, ...] = ()

    def condition(self) -> Condition:
        """Return the condition that shows have to meet; no rules select every show."""
        by_field: dict[RuleField, list[Condition]] = {}
        for rule in self.rules:
            condition = FIELDS[rule.field].condition(rule.operator, rule.value, self.logic)
            by_field.setdefault(rule.field, []).append(condition)
        combined = all_of if self.logic is Match.ALL else any_of
        return all_of(combined(conditions) for conditions in by_field.values())

    def raw(self) -> RawRules:
        """Return the canonical form as if somebody had written it."""
        return RawRules(
            logic=self.logic,
            rules=tuple(
                RawRule(field=rule.field, operator=rule.operator, value=rule.value)
                for rule in self.rules
            ),
        )

    def relabelled(self, field: RuleField, old: Slug, new: Slug) -> CategoryRules:
        """Return the rules with *new* wherever those on *field* name *old*."""

        def changed(rule: CategoryRule) -> CategoryRule:
            if rule.field is not field or not isinstance(rule.value, str | tuple):
                return rule
            if isinstance(rule.value, str):
                return replace(rule, value=new) if rule.value == old else rule
            slugs = (new if slug == old else slug for slug in rule.value)
            return replace(rule, value=tuple(dict.fromkeys(slugs)))

        return replace(self, rules=tuple(changed(rule) for rule in self.rules))

    def names_label(self, field: RuleField, slug: Slug) -> bool:
        """Say whether a rule on *field* names *slug*."""
        return any(
            rule.field is field
            and (rule.value == slug or (isinstance(rule.value, tuple) and slug in rule.value))
            for rule in self.rules
        )

    def to_json(self) -> dict[str, RuleJson]:
        """Return the canonical form, fit for `json.dumps`."""
        return {
            "logic": "AND" if self.logic is Match.ALL else "OR",
            "rules": [
                {
                    "field": rule.field.value,
                    "operator": rule.operator.value,
                    "value": _value_to_json(rule.value),
                }
                for rule in self.rules
            ],
        }

    @classmethod
    def from_json(cls, stored: object) -> CategoryRules:
        """Read what `to_json` made; needs no vocabulary, since it holds slugs."""
        return resolved(raw_rules_of(stored), None)


NO_RULES: Final = CategoryRules()
"""Selects every show."""


def raw_rules_of(config: object, *, path: str = "rules") -> RawRules:
    """
    Read rules from JSON, parsed or as text. None and an empty text have no rules.

    Raises `InvalidInputError` with paths under *path* where the shape is wrong.
    """
    if isinstance(config, str) and config.strip():
        try:
            config = json.loads(config)
        except ValueError as error:
            raise InvalidInputError.of(path, "is not JSON") from error
    if config is None or config == "":
        return RawRules()
    if not isinstance(config, Mapping):
        raise InvalidInputError.of(path, "must be an object with logic and rules")
    listed = config.get("rules")
    if listed is not None and not isinstance(listed, list):
        raise InvalidInputError.of(f"{path}.rules", "must be a list")
    return RawRules(
        logic=_logic_of(config.get("logic"), path=f"{path}.logic"),
        rules=tuple(
            _raw_rule_of(item, path=f"{path}.rules[{index}]")
            for index, item in enumerate(listed or [])
        ),
    )


def resolved(raw: RawRules, vocabulary: Vocabulary | None, *, path: str = "rules") -> CategoryRules:
    """
    Return the rules in canonical form.

    Names of themes and platforms become slugs by *vocabulary*; with None they
    have to be slugs already. A rule that wants "Any" is left out.

    Raises:
        InvalidInputError: with every violation, under *path*.
    """
    violations: list[Violation] = []
    if len(raw.rules) > RULES_MAX:
        violations.append(
            Violation(field=f"{path}.rules", description=f"must have at most {RULES_MAX} rules")
        )
    rules: list[CategoryRule] = []
    for index, rule in enumerate(raw.rules[:RULES_MAX]):
        try:
            canonical = _resolved_rule(rule, vocabulary)
        except InvalidInputError as error:
            violations += _under(f"{path}.rules[{index}]", error.violations)
        else:
            rules += [canonical] if canonical is not None else []
    if violations:
        raise InvalidInputError.listing(violations)
    return CategoryRules(logic=raw.logic, rules=tuple(rules))


def _resolved_rule(rule: RawRule, vocabulary: Vocabulary | None) -> CategoryRule | None:
    field = field_called(rule.field)
    if field is None:
        raise InvalidInputError.of("field", f"there is no field {rule.field!r}")
    rules_of_field = FIELDS[field]
    if rule.operator not in rules_of_field.operators:
        allowed = ", ".join(rules_of_field.operators)
        raise InvalidInputError.of("operator", f"{field} knows {allowed}, not {rule.operator!r}")
    if rule.value is None:
        raise InvalidInputError.of("value", "is required")
    operator = Operator(rule.operator)
    canonical = rules_of_field.canonical(operator, rule.value, vocabulary)
    if canonical is None:
        return None
    return CategoryRule(field=field, operator=canonical[0], value=canonical[1])


def _under(path: str, violations: Sequence[Violation]) -> list[Violation]:
    return [
        Violation(field=f"{path}.{violation.field}", description=violation.description)
        for violation in violations
    ]


def _logic_of(value: object, *, path: str) -> Match:
    match value.upper() if isinstance(value, str) else value:
        case None | "" | "AND":
            return Match.ALL
        case "OR":
            return Match.ANY
    raise InvalidInputError.of(path, "must be AND or OR")


def _raw_rule_of(item: object, *, path: str) -> RawRule:
    if not isinstance(item, Mapping):
        raise InvalidInputError.of(path, "must be an object with field, operator and value")
    field, operator = item.get("field"), item.get("operator")
    if not isinstance(field, str) or not isinstance(operator, str):
        raise InvalidInputError.of(path, "must have a field and an operator, both texts")
    return RawRule(
        field=field, operator=operator, value=_value_of(item.get("value"), path=f"{path}.value")
    )


def _value_of(value: object, *, path: str) -> RuleValue | None:
    match value:
        case None | str() | bool():
            return value
        case int() | float():
            return str(int(value)) if value == int(value) else str(value)
        case Mapping():
            return ValueRange(
                minimum=_end_of(value.get("min"), path=f"{path}.min"),
                maximum=_end_of(value.get("max"), path=f"{path}.max"),
            )
        case list() if all(isinstance(text, str) for text in value):
            return tuple(value)
    raise InvalidInputError.of(path, "must be a text, a list of texts, a range or a truth value")


def _end_of(value: object, *, path: str) -> int | None:
    if isinstance(value, str) and value.strip().isdecimal():
        return int(value)
    if value is None or value == "":
        return None
    # `True` is an `int` in Python, and not one in JSON.
    if isinstance(value, int | float) and not isinstance(value, bool) and value == int(value):
        return int(value)
    raise InvalidInputError.of(path, "must be a whole number")


def _value_to_json(value: RuleValue) -> RuleJson:
    match value:
        case ValueRange(minimum=minimum, maximum=maximum):
            ends = {"min": minimum, "max": maximum}
            return {name: end for name, end in ends.items() if end is not None}
        case tuple():
            return list(value)
        case _:
            return value
