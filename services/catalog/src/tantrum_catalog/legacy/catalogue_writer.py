"""
The text of the files in `data/catalogue/` that are made from the old rows.

The files are read by people in diffs: one block a show, in id order, one key a
line, nothing that is unknown.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence

from tantrum_catalog.domain.show import Label
from tantrum_catalog.legacy.levels import known_levels
from tantrum_catalog.legacy.show import Correction, NormalShow
from tantrum_catalog.legacy.vocabulary import PLATFORM_URLS, theme_aliases

_Value = str | int | bool | Sequence[str] | Mapping[str, str | int | bool] | None

_KINDS = {
    "name": "Names: capitals, spelling, spaces, and years that have fields of their own",
    "ages": "Ages: one plain range, or open-ended",
    "themes": "Themes: spelling, doubles, and one that is none",
    "senses": 'Sensory levels: "Medium" is Moderate on the one scale',
    "episode_minutes": "Episode minutes: the spreadsheet's before the old default",
    "release_year": "Release years: those that the owner wrote beside the name",
    "end_year": "End years: those that the owner wrote beside the name",
    "ongoing": "Ongoing: not where an end year is given",
    "seasons": "Seasons: another version's, or episodes",
    "creator": "Creators: those that name nobody",
    "animation_style": "Animation styles: spaces, capitals, slips of typing",
    "platforms": "Platforms",
    "description": "Descriptions: fillers",
}


def shows_toml(shows: Iterable[NormalShow]) -> str:
    """`shows.toml` for *shows*, by ascending id."""
    blocks = [_show_block(show) for show in sorted(shows, key=lambda show: show.id)]
    return "# The shows, by id. README.md says what is in here and how to change it.\n\n" + (
        "\n".join(blocks)
    )


def themes_toml(themes: Iterable[Label]) -> str:
    """`themes.toml` for *themes*, by ascending slug."""
    blocks = [
        _block("theme", {"slug": t.slug, "name": t.name, "aliases": theme_aliases(t)})
        for t in sorted(themes, key=lambda theme: theme.slug)
    ]
    return "# The themes, by slug. Old and other spellings are aliases: search finds them.\n\n" + (
        "\n".join(blocks)
    )


def platforms_toml(platforms: Iterable[Label]) -> str:
    """`platforms.toml` for *platforms*, by ascending slug."""
    blocks = [
        _block("platform", {"slug": p.slug, "name": p.name, "url": PLATFORM_URLS.get(p.slug)})
        for p in sorted(platforms, key=lambda platform: platform.slug)
    ]
    return "# Where shows are to be seen, by slug.\n\n" + "\n".join(blocks)


def corrections_markdown(corrections: Iterable[Correction]) -> str:
    """`CORRECTIONS.md`: counts by kind, then a table for each kind, by show id."""
    by_kind: dict[str, list[Correction]] = defaultdict(list)
    for correction in corrections:
        by_kind[correction.field.partition(".")[0]].append(correction)
    kinds = sorted(by_kind, key=list(_KINDS).index)
    total = sum(map(len, by_kind.values()))
    lines = [
        "# Corrections",
        "",
        "Every value of the catalogue that differs from the old application's, with the reason.",
        "Made together with `shows.toml`; a test holds the two to each other.",
        "",
        "| kind | corrections |",
        "|---|---:|",
        *(f"| [{kind}](#{kind}) | {len(by_kind[kind])} |" for kind in kinds),
        f"| all | {total} |",
    ]
    for kind in kinds:
        lines += ["", f"## {kind}", "", f"{_KINDS[kind]}.", ""]
        lines += ["| id | show | field | old | new | reason |", "|---:|---|---|---|---|---|"]
        lines += map(_row, sorted(by_kind[kind], key=lambda correction: correction.show_id))
    return "\n".join(lines) + "\n"


def _show_block(show: NormalShow) -> str:
    return _block(
        "show",
        {
            "id": show.id,
            "slug": show.slug,
            "name": show.name,
            "aliases": show.aliases,
            "description": show.description,
            "min_age": show.min_age,
            "max_age": show.max_age,
            "stimulation": show.stimulation,
            "senses": {s.value: level.token for s, level in known_levels(show.senses).items()},
            "animation_style": show.animation_style,
            "themes": [theme.slug for theme in show.themes],
            "platforms": [platform.slug for platform in show.platforms],
            "episode_minutes": show.episode_minutes,
            "creator": show.creator,
            "release_year": show.release_year,
            "end_year": show.end_year,
            "ongoing": show.ongoing,
            "seasons": show.seasons,
            "youtube": show.youtube,
            "featured": show.featured or None,
            "legacy": show.legacy,
        },
    )


def _block(table: str, values: Mapping[str, _Value]) -> str:
    """One element of an array of tables; unknown and empty values are left out."""
    known = {key: value for key, value in values.items() if value is not None and value != ()}
    return f"[[{table}]]\n" + "".join(
        f"{key} = {_toml(value)}\n" for key, value in known.items() if value not in ([], {})
    )


def _toml(value: _Value) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    # A JSON string, number, boolean or array of strings is a TOML one.
    return json.dumps(value, ensure_ascii=False)


def _row(correction: Correction) -> str:
    cells = (
        str(correction.show_id),
        _cell(correction.show),
        correction.field,
        _code(correction.old),
        _code(correction.new),
        _cell(correction.reason),
    )
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _code(text: str) -> str:
    """*text* so that spaces at its ends are seen."""
    return f"`{_cell(text)}`" if text else "none"
