"""Write the generated files of `data/catalogue/` anew: SOURCE.json FOLDER."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from tantrum_catalog.legacy.catalogue import normalise_shows
from tantrum_catalog.legacy.catalogue_writer import (
    corrections_markdown,
    platforms_toml,
    shows_toml,
    themes_toml,
)
from tantrum_catalog.legacy.row import LegacyShow
from tantrum_catalog.legacy.vocabulary import platforms, themes


def main() -> None:
    """Read the old rows and write four files; a refused row is an error."""
    parser = argparse.ArgumentParser(prog="tantrum_catalog.legacy", description=__doc__)
    parser.add_argument("source", type=Path, help="legacy-shows.json: an array of old rows")
    parser.add_argument("folder", type=Path, help="the folder to write to: data/catalogue")
    arguments = parser.parse_args()
    rows = json.loads(arguments.source.read_text(encoding="utf-8"))
    result = normalise_shows(map(LegacyShow.from_mapping, rows))
    if result.refusals:
        parser.error("; ".join(f"show {r.show_id} {r.reason}" for r in result.refusals))
    files = {
        "shows.toml": shows_toml(result.shows),
        "themes.toml": themes_toml(themes()),
        "platforms.toml": platforms_toml(platforms()),
        "CORRECTIONS.md": corrections_markdown(result.corrections),
    }
    for name, text in files.items():
        (arguments.folder / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
