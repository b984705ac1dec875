"""A `ShowFilter` as SQL over `search.show`."""

from __future__ import annotations

from tantrum_search.domain.filters import ShowFilter


class Arguments:
    """Collects the arguments of a statement."""

    def __init__(self, *values: object) -> None:
        self.values = list(values)

    def add(self, value: object) -> str:
        """Add *value*, and return what stands for it in the statement."""
        self.values.append(value)
        return f"${len(self.values)}"


def conditions_of(wanted: ShowFilter, arguments: Arguments) -> list[str]:
    """Return the conditions of *wanted*, all of which must hold, adding to *arguments*."""
    add = arguments.add
    conditions = [
        template.format(f"{add(value)}::int")
        for template, value in (
            ("coalesce(max_age, 999) >= {}", wanted.min_age),
            ("min_age <= {}", wanted.max_age),
            ("stimulation >= {}", wanted.min_stimulation),
            ("stimulation <= {}", wanted.max_stimulation),
            ("release_year >= {}", wanted.min_release_year),
            ("release_year <= {}", wanted.max_release_year),
            ("episode_minutes >= {}", wanted.min_episode_minutes),
            ("episode_minutes <= {}", wanted.max_episode_minutes),
        )
        if value is not None
    ]
    conditions += [
        f"{column} = {add(value)}::boolean"
        for column, value in (
            ("ongoing", wanted.ongoing),
            ("youtube", wanted.youtube),
            ("featured", wanted.featured),
        )
        if value is not None
    ]
    conditions += [
        f"levels[{condition.sense}] = ANY({add(condition.levels)}::smallint[])"
        for condition in wanted.senses
    ]
    return conditions + _texts(wanted, arguments)


def _texts(wanted: ShowFilter, arguments: Arguments) -> list[str]:
    conditions = []
    if wanted.themes:
        operator = "&&" if wanted.any_theme else "@>"
        conditions.append(f"themes {operator} {arguments.add(wanted.themes)}::text[]")
    if wanted.platforms:
        conditions.append(f"platforms && {arguments.add(wanted.platforms)}::text[]")
    for column, parts in (
        ("animation_style", wanted.animation_styles),
        ("creator", wanted.creators),
    ):
        if parts:
            parameter = arguments.add(parts)
            conditions.append(
                f"EXISTS (SELECT FROM unnest({parameter}::text[]) AS part"
                f" WHERE strpos({column}, part) > 0)"
            )
    return conditions
