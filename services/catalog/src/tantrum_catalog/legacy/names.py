"""
The names of shows: what is mended in them, and the years that some of them carry.

Spaces, curly apostrophes and years in brackets are mended by rule. Capitals and
misspellings are facts about one show each, so they are a table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Years:
    """
    The years that a name states, which tell the version of a show that was meant.

    *end* None with *present* says that the show still ran when that was
    written; without *present* that only the first year was written.
    """

    start: int
    end: int | None = None
    present: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class MendedName:
    """A name without years, the other spellings people search by, and the years."""

    title: str
    aliases: tuple[str, ...] = ()
    years: Years | None = None
    years_in_name: bool = False
    """Whether the years were in the old name itself."""


_YEARS = re.compile(
    r"""
    \s* (?P<bracket>\()? \b
    (?P<start>(?:19|20)\d\d)
    (?: \s*[-\u2013]\s* (?: (?P<end>(?:19|20)\d\d) | (?P<present>present) ) )?
    (?: \s+ (?:series|reboot) )?
    (?(bracket)\)) \s* :? \s* $
    """,
    re.IGNORECASE | re.VERBOSE,
)

# By the title that the rules leave: the name, and its other spellings.
_MENDED: dict[str, tuple[str, tuple[str, ...]]] = {
    "Baba blast": ("Baba Blast!", ()),
    "Bananas in Pyjamas": ("Bananas in Pyjamas", ("Bananas in Pajamas",)),
    "Booba": ("Booba", ("Boba",)),
    "City of friends": ("City of Friends", ()),
    "Cosmic kids yoga": ("Cosmic Kids Yoga", ()),
    "Daniel Tiger's Neighbourhood": (
        "Daniel Tiger's Neighbourhood",
        ("Daniel Tiger's Neighborhood",),
    ),
    "Diego": ("Diego", ("Go, Diego, Go!",)),
    "Dinosaur train": ("Dinosaur Train", ()),
    "Genevieve playhouse": ("Genevieve's Playhouse", ("Genevieve Playhouse",)),
    "Katuri tv": ("Katuri TV", ()),
    "Kids 2 kids": ("Kids 2 Kids", ()),
    "Lazytown": ("LazyTown", ("Lazy Town",)),
    "Leo the wildlife ranger": ("Leo the Wildlife Ranger", ()),
    "LifeKids (Blinky's Bible adventures)": ("LifeKids (Blinky's Bible Adventures)", ()),
    "Lucas the spider": ("Lucas the Spider", ()),
    "Lyla in the loop": ("Lyla in the Loop", ()),
    "Maizen": ("Maizen", ("maizenofficial",)),
    "Miffy and friends": ("Miffy and Friends", ()),
    "Mister Rogers' Neighbourhood": (
        "Mister Rogers' Neighbourhood",
        ("Mister Rogers' Neighborhood", "Mr Rogers' Neighborhood"),
    ),
    "Mother goose club": ("Mother Goose Club", ()),
    "Ms Moni": ("Ms Moni", ("Miss Moni",)),
    "Ms Rachel": ("Ms Rachel", ("Miss Rachel",)),
    "MyGo! Sign Language for Kids": (
        "MyGo! Sign Language for Kids",
        ("My Go Sign Language for Kids ASL",),
    ),
    "Noddy Original Series": ("Noddy", ("Noddy Original Series",)),
    "Omar and hana": ("Omar and Hana", ()),
    "Paw patrol": ("PAW Patrol", ()),
    "Peppa pig": ("Peppa Pig", ()),
    "Pete The Cat": ("Pete the Cat", ()),
    "Planet earth": ("Planet Earth", ()),
    "Pokemon": ("Pok\u00e9mon", ("Pokemon",)),
    "Reading rainbow": ("Reading Rainbow", ()),
    "Sea of love": ("Sea of Love", ()),
    "Spanish with liz": ("Spanish with Liz", ()),
    "Spidey and his amazing friends": ("Spidey and His Amazing Friends", ()),
    "Steve & Maggie": ("Steve & Maggie", ("Steve and Maggie",)),
    "Stick man": ("Stick Man", ()),
    "Storybots": ("StoryBots", ("Story Bots",)),
    "Super Simple Song": ("Super Simple Songs", ("Super Simple Song",)),
    "Superkitties": ("SuperKitties", ("Super Kitties",)),
    "The Adventures of Paddington Bear Original Series": (
        "The Adventures of Paddington Bear",
        ("Paddington Bear Original Series",),
    ),
    "The Berenstein Bears": (
        "The Berenstain Bears",
        ("The Berenstein Bears", "The Bernstein Bears"),
    ),
    "The adventures of the gummi bears": (
        "The Adventures of the Gummi Bears",
        ("The Adventures of the Gummy Bears",),
    ),
    "The fixies": ("The Fixies", ()),
    "Time for school": ("Time for School", ()),
    "Trash truck": ("Trash Truck", ()),
    "Tumble leaf": ("Tumble Leaf", ()),
    "Ultimate Spiderman": ("Ultimate Spider-Man", ("Ultimate Spiderman",)),
    "Upin & Ipin": ("Upin & Ipin", ("Upin and Ipin", "Les' Copaque")),
    "Vlad and Nikki": ("Vlad and Niki", ("Vlad and Nikki",)),
    "Zaky & friends": ("Zaky & Friends", ()),
}

# Reboots that the old database cannot tell from their originals: it matched
# their years by name alone. From the owner's spreadsheet.
_REBOOTS = {
    (32, "Bob the Builder"): Years(start=1997, end=2015),
    (33, "Bob the Builder"): Years(start=2015, end=2018),
    (49, "Clifford the Big Red Dog"): Years(start=2000),
    (50, "Clifford the Big Red Dog"): Years(start=2019),
    (83, "Fireman Sam"): Years(start=1987),
    (84, "Fireman Sam"): Years(start=2008),
}


def mend_name(show_id: int, name: str, sheet_name: str | None = None) -> MendedName:
    """
    Mend an old *name*, which may be blank.

    The years are those in *name* itself, else those in *sheet_name*, else those
    known of a reboot.
    """
    title, years = _split_years(_tidy(name), bare=False)
    years_in_name = years is not None
    if years is None and sheet_name is not None:
        _, years = _split_years(_tidy(sheet_name), bare=True)
    title, aliases = _MENDED.get(title, (title, ()))
    return MendedName(
        title=title,
        aliases=aliases,
        years=years or _REBOOTS.get((show_id, title)),
        years_in_name=years_in_name,
    )


def without_years(name: str) -> str:
    """*name* without the years in brackets at its end, if it has any."""
    return _split_years(name, bare=False)[0]


def with_years(title: str, years: Years) -> str:
    """*title* as it is written where its years have to tell it from another show."""
    span = str(years.start) if years.end is None else f"{years.start}-{years.end}"
    return f"{title} ({span})"


def _tidy(text: str) -> str:
    return " ".join(text.replace("\u2019", "'").replace("\u2018", "'").split())


def _split_years(text: str, *, bare: bool) -> tuple[str, Years | None]:
    """
    Cut the years off the end of *text*.

    Only the spreadsheet writes them *bare*, without brackets; the number at the
    end of a show's own name may well be a part of it.
    """
    match = _YEARS.search(text)
    if match is None or match.start() == 0 or not (bare or match["bracket"]):
        return text, None
    years = Years(
        start=int(match["start"]),
        end=int(match["end"]) if match["end"] else None,
        present=match["present"] is not None,
    )
    return text[: match.start()], years
