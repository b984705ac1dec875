from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tantrum_catalog.domain.category_rules import (
    NO_RULES,
    CategoryRules,
    RawRule,
    RawRules,
    raw_rules_of,
    resolved,
)
from tantrum_catalog.domain.condition import holds
from tantrum_catalog.domain.filter import Match
from tantrum_catalog.domain.rule_fields import FIELDS, RuleField, ValueRange
from tantrum_catalog.domain.show import Level, Sense, Senses
from tantrum_kit.errors import InvalidInputError

from .make import VOCABULARY, make_rules, make_show


def parsed(config):
    return resolved(raw_rules_of(config), VOCABULARY)


def one(field, operator, value, logic="AND"):
    return {"logic": logic, "rules": [{"field": field, "operator": operator, "value": value}]}


SHOW = make_show(
    min_age=3,
    max_age=8,
    stimulation=2,
    themes=("music",),
    platforms=("tv",),
    senses=Senses(interactivity=Level.LOW_MODERATE),
    release_year=2001,
)


@pytest.mark.parametrize(
    ("config", "selects"),
    [
        pytest.param(None, True, id="none"),
        pytest.param("", True, id="empty text"),
        pytest.param({}, True, id="empty object"),
        pytest.param({"logic": "AND", "rules": []}, True, id="no rules"),
        pytest.param(json.dumps(one("stimulationScore", "range", "1-2")), True, id="JSON text"),
        pytest.param(one("stimulationScore", "range", "3-5"), False, id="score out of range"),
        pytest.param(one("stimulationScore", "range", {"min": 2}), True, id="maximum is 5"),
        pytest.param(one("stimulationScore", "range", {"max": 1}), False, id="minimum is 1"),
        pytest.param(one("stimulationScore", "range", {"min": "1", "max": "3"}), True, id="texts"),
        pytest.param(one("ageGroup", "equals", "3-8"), True, id="age group"),
        pytest.param(one("ageGroup", "equals", "3-8 years"), True, id="age group in years"),
        pytest.param(one("ageGroup", "equals", "3-6"), False, id="other age group"),
        pytest.param(one("ageGroup", "equals", "3+"), False, id="open age group"),
        pytest.param(one("ageRange", "range", "0-3"), True, id="ages overlap"),
        pytest.param(one("ageRange", "range", {"min": 9, "max": 99}), False, id="ages apart"),
        pytest.param(one("themes", "contains", "Music"), True, id="theme by name"),
        pytest.param(one("themes", "contains", "songs"), True, id="theme by old name"),
        pytest.param(one("themes", "in", ["Music", "STEM"]), False, id="all themes"),
        pytest.param(one("themes", "in", ["Music", "STEM"], "OR"), True, id="any theme"),
        pytest.param(one("interactivityLevel", "equals", "Moderate-Low"), True, id="old level"),
        pytest.param(one("interactionLevel", "equals", "Low-Moderate"), True, id="other name"),
        pytest.param(one("interactionLevel", "equals", "Any"), True, id="any level"),
        pytest.param(one("interactivityLevel", "equals", "Medium"), False, id="medium"),
    ],
)
def test_an_old_configuration_keeps_its_meaning(config, selects):
    assert holds(parsed(config).condition(), SHOW) is selects


def test_several_rules_on_themes_accumulate_and_logic_governs_them_alone():
    themes = [("themes", "contains", "music"), ("themes", "contains", "stem")]

    assert not holds(make_rules(*themes).condition(), SHOW)
    assert holds(make_rules(*themes, logic="OR").condition(), SHOW)
    # Different fields always have to hold, whatever the logic.
    apart = make_rules(("stimulation", "range", "4-5"), *themes, logic="OR")
    assert not holds(apart.condition(), SHOW)


@pytest.mark.parametrize(
    ("rule", "selects"),
    [
        (("text", "contains", "a sHOw"), True),
        (("name", "contains", "x"), None),
        (("platforms", "in", ["tv"]), True),
        (("interactivity", "in", ["high", "low-moderate"]), True),
        (("dialogue", "equals", "unknown"), True),
        (("dialogue", "in", ["low", "unknown"]), True),
        (("dialogue", "equals", "low"), False),
        (("release_year", "range", {"min": 2001, "max": 2001}), True),
        (("releaseYear", "equals", 2001), True),
        (("episode_minutes", "range", {}), False),
        (("creator", "in", ["a", "b"]), False),
        (("ongoing", "equals", False), True),
        (("is_featured", "equals", "true"), False),
    ],
    ids=str,
)
def test_every_filterable_field_can_be_a_rule(rule, selects):
    if selects is None:
        with pytest.raises(InvalidInputError):
            make_rules(rule)
        return
    assert holds(make_rules(rule).condition(), SHOW) is selects


@pytest.mark.parametrize(
    ("config", "path"),
    [
        ("{", "rules"),
        ([], "rules"),
        ({"logic": "XOR"}, "rules.logic"),
        ({"rules": {}}, "rules.rules"),
        ({"rules": [1]}, "rules.rules[0]"),
        ({"rules": [{"field": "themes"}]}, "rules.rules[0]"),
        (one("nothing", "equals", "x"), "rules.rules[0].field"),
        (one("themes", "range", "x"), "rules.rules[0].operator"),
        (one("themes", "contains", None), "rules.rules[0].value"),
        (one("themes", "contains", "nothing"), "rules.rules[0].value"),
        (one("themes", "in", []), "rules.rules[0].value"),
        (one("themes", "contains", ["music"]), "rules.rules[0].value"),
        (one("themes", "in", [1]), "rules.rules[0].value"),
        (one("stimulation", "range", "x-y"), "rules.rules[0].value"),
        (one("stimulation", "range", {"min": 1.5}), "rules.rules[0].value.min"),
        (one("stimulation", "range", {"min": True}), "rules.rules[0].value.min"),
        (one("stimulation", "range", {"min": 3, "max": 2}), "rules.rules[0].value.max"),
        (one("stimulation", "range", {"min": 6}), "rules.rules[0].value"),
        (one("stimulation", "equals", "1-2"), "rules.rules[0].value"),
        (one("ages", "equals", "old"), "rules.rules[0].value"),
        (one("music", "equals", "loud"), "rules.rules[0].value"),
        (one("creator", "contains", " "), "rules.rules[0].value"),
        (one("ongoing", "equals", "perhaps"), "rules.rules[0].value"),
    ],
    ids=str,
)
def test_what_is_wrong_is_told_with_its_path(config, path):
    with pytest.raises(InvalidInputError) as caught:
        parsed(config)

    assert [violation.field for violation in caught.value.violations] == [path]


def test_all_rules_that_are_wrong_are_told():
    rules = RawRules(rules=(RawRule(field="x", operator="in", value="y"),) * 51)

    with pytest.raises(InvalidInputError) as caught:
        resolved(rules, VOCABULARY, path="category.rules")

    assert len(caught.value.violations) == 51
    assert caught.value.violations[0].field == "category.rules.rules"
    assert caught.value.violations[50].field == "category.rules.rules[49].field"


TEXTS = st.text(min_size=1, max_size=20).filter(lambda text: text.strip() and "\x00" not in text)
LEVELS = st.sampled_from(["low", "Low-Moderate", "Medium", "unknown"])
SLUGS = st.sampled_from(["music", "STEM", "Songs"])


def ranges(lower, upper):
    ends = st.none() | st.integers(lower, upper)
    return st.tuples(ends, ends).map(
        lambda pair: (
            ValueRange(
                minimum=pair[0],
                maximum=pair[1] if None in pair else max(pair),
            )
            if None in pair or pair[0] <= pair[1]
            else ValueRange(minimum=pair[1], maximum=pair[0])
        )
    )


def rules_on(field, operator, values):
    return st.builds(RawRule, field=st.just(field), operator=st.just(operator), value=values)


RULES = st.one_of(
    *(rules_on(f, "contains", TEXTS) for f in ("text", "creator", "animationStyle")),
    *(rules_on(f, "in", st.lists(TEXTS, min_size=1).map(tuple)) for f in ("text", "creator")),
    rules_on("stimulationScore", "range", ranges(1, 5)),
    rules_on("ages", "range", ranges(0, 18)),
    rules_on("ages", "equals", st.sampled_from(["3-8", "8+", "0-13+", "7-12, 12+"])),
    rules_on("release_year", "range", ranges(1900, 2100)),
    rules_on("episode_minutes", "equals", st.integers(1, 600).map(str)),
    rules_on("themes", "contains", SLUGS),
    rules_on("themes", "in", st.lists(SLUGS, min_size=1).map(tuple)),
    *(rules_on(sense.value, "equals", LEVELS) for sense in Sense),
    *(rules_on(s.value, "in", st.lists(LEVELS, min_size=1).map(tuple)) for s in Sense),
    *(rules_on(flag, "equals", st.booleans()) for flag in ("ongoing", "youtube", "featured")),
)


@given(st.sampled_from(Match), st.lists(RULES, max_size=8))
def test_the_canonical_form_reads_back_to_itself(logic, rules):
    canonical = resolved(RawRules(logic=logic, rules=tuple(rules)), VOCABULARY)

    assert CategoryRules.from_json(canonical.to_json()) == canonical
    assert CategoryRules.from_json(json.dumps(canonical.to_json())) == canonical
    assert resolved(canonical.raw(), VOCABULARY) == canonical


def test_every_field_has_rules_and_is_documented(request):
    document = (request.config.rootpath / "docs" / "category-rules.md").read_text("utf-8")

    assert set(FIELDS) == set(RuleField)
    for field, rules in FIELDS.items():
        [line] = [line for line in document.splitlines() if line.startswith(f"| `{field}`")]
        operators = line.split("|")[2]
        assert {f"`{operator}`" for operator in rules.operators} == set(operators.split())


def test_no_rules_select_every_show():
    assert holds(NO_RULES.condition(), SHOW)
