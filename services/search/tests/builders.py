"""Shows, themes and loaded searches for tests."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from tantrum_kit.paging import PageTokens
from tantrum_search.domain.document import Document, document_of
from tantrum_search.domain.lexicon import Lexicon
from tantrum_search.domain.ports import SearchBackend
from tantrum_search.domain.search import Index, Search
from tantrum_search.domain.show import Show, Theme
from tantrum_search.transport import codec
from tvtantrum.catalog.v1 import show_pb2

KEY = b"a key for page tokens"
_CATALOGUE = Path(__file__).parents[3] / "data" / "catalogue"
_numbers = itertools.count(1_000_000)


def level_of(token: str) -> show_pb2.Level:
    return show_pb2.Level.Value(f"LEVEL_{token.replace('-', '_').upper()}")


def make_message(*, themes: Iterable[show_pb2.Label | str] = (), **changes) -> show_pb2.Show:
    """A show as the catalogue tells it; themes may be given by slug."""
    number = changes.pop("id", None) or next(_numbers)
    facts = {
        "slug": f"show-{number}",
        "name": f"Show {number}",
        "description": "",
        "min_age": 2,
        "stimulation": 2,
        **changes,
    }
    labels = [
        theme
        if isinstance(theme, show_pb2.Label)
        else show_pb2.Label(slug=theme, name=theme.replace("-", " ").title())
        for theme in themes
    ]
    return show_pb2.Show(id=number, themes=labels, **facts)


def make_show(**changes) -> Show:
    return codec.show_from_proto(make_message(**changes))


def document(**changes) -> Document:
    return document_of(make_show(**changes), {})


@dataclass(frozen=True)
class Library:
    """Everything that a catalogue has."""

    messages: Sequence[show_pb2.Show]
    theme_messages: Sequence[show_pb2.Theme]

    @property
    def themes(self) -> list[Theme]:
        return [codec.theme_from_proto(theme) for theme in self.theme_messages]

    def documents(self) -> list[Document]:
        aliases = {theme.slug: theme.aliases for theme in self.themes}
        return [document_of(codec.show_from_proto(show), aliases) for show in self.messages]


def shipped_library() -> Library:
    """Read `data/catalogue`."""
    themes = {row["slug"]: row for row in _rows("themes", "theme")}
    platforms = {row["slug"]: row for row in _rows("platforms", "platform")}
    shows = []
    for row in _rows("shows", "show"):
        facts = {key: value for key, value in row.items() if key not in {"senses", "legacy"}}
        for key, vocabulary in (("themes", themes), ("platforms", platforms)):
            facts[key] = [
                show_pb2.Label(slug=slug, name=vocabulary[slug]["name"])
                for slug in row.get(key, ())
            ]
        senses = {sense: level_of(token) for sense, token in row.get("senses", {}).items()}
        shows.append(show_pb2.Show(**facts, senses=show_pb2.Senses(**senses)))
    return Library(
        shows,
        [
            show_pb2.Theme(slug=row["slug"], name=row["name"], aliases=row.get("aliases", ()))
            for row in themes.values()
        ],
    )


async def search_over(
    backend: SearchBackend, documents: Sequence[Document], themes: Iterable[Theme] = ()
) -> Search:
    """A search that finds *documents*."""
    index = Index()
    index.lexicon = Lexicon()
    index.lexicon.set_themes(themes)
    for each in documents:
        index.lexicon.put(each)
    index.revision = 1
    await backend.replace(documents, revision=1)
    return Search(backend, index, PageTokens(KEY))


def names(hits) -> list[str]:
    """The names of the shows found, best first."""
    return [show_pb2.Show.FromString(hit.payload).name for hit in hits.hits]


def _rows(file: str, table: str) -> list[dict]:
    return tomllib.loads((_CATALOGUE / f"{file}.toml").read_text(encoding="utf-8"))[table]
