from __future__ import annotations

import random
import re

from tantrum_catalog.domain.condition import EVERY_SHOW, AnyOf, TextContains, TextField
from tantrum_catalog.storage.postgres_conditions import Arguments, condition_sql
from tantrum_catalog.storage.postgres_counts import Counts

from .random_catalogue import random_condition

# Names of columns and types, words of SQL, operators, and the numbers of placeholders.
ONLY_CONSTANTS = re.compile(
    r"(s\.[a-z_]+|\$\d+::(int|text)(\[\])?|strpos|TRUE|FALSE|ANY|LIKE|AND|OR|NOT|IS|NULL"
    r"|[<>=&@]+|0|[(),\s])*"
)


def test_no_value_is_ever_written_into_the_text():
    chooser = random.Random(1)
    for _ in range(2_000):
        arguments = Arguments()

        sql = condition_sql(random_condition(chooser, depth=3), arguments)

        assert ONLY_CONSTANTS.fullmatch(sql), sql
        numbers = {int(number) for number in re.findall(r"\$(\d+)", sql)}
        assert numbers == set(range(1, len(arguments.values) + 1))


def test_what_like_would_read_as_a_pattern_is_escaped():
    arguments = Arguments()

    condition_sql(TextContains(fields=(TextField.NAME,), text=r"50%_\x"), arguments)

    assert arguments.values == [r"%50\%\_\\x%"]


def test_a_count_is_known_for_its_revision_alone():
    counts = Counts()
    counts.put(EVERY_SHOW, 3, 302)

    assert counts.get(EVERY_SHOW, 3) == 302
    assert counts.get(EVERY_SHOW, 4) is None
    assert counts.knows(EVERY_SHOW)
    assert not counts.knows(AnyOf())


def test_counts_that_were_not_asked_for_lately_are_forgotten():
    counts = Counts()
    conditions = [TextContains(fields=(TextField.NAME,), text=str(n)) for n in range(2_000)]
    counts.put(EVERY_SHOW, 1, 302)
    for condition in conditions:
        counts.put(condition, 1, 0)
        counts.get(EVERY_SHOW, 1)

    assert counts.get(EVERY_SHOW, 1) == 302
    assert not counts.knows(conditions[0])
    assert counts.knows(conditions[-1])
