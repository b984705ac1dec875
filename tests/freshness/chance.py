"""Writes and requests by chance, of every kind that there is."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from urllib.parse import urlencode

from google.protobuf.field_mask_pb2 import FieldMask
from tvtantrum.catalog.v1 import catalog_service_pb2 as pb
from tvtantrum.catalog.v1 import category_pb2, filter_pb2, research_pb2, show_pb2
from tvtantrum.catalog.v1 import vocabulary_service_pb2 as vocabulary_pb

from .product import Product

WORDS = ("blue", "day", "music", "bear", "train", "quiet", "numbers", "space")
SENSES = ("dialogue", "sceneFrequency", "musicTempo", "interactivity")
LEVELS = ("low", "moderate", "high", "unknown")
FEW_SHOWS = 25
"""Most writes and requests are about these, so that they meet."""


class Chance:
    """Draws from what *product* has at a time."""

    def __init__(self, seed: int, product: Product) -> None:
        self._random = random.Random(seed)
        self._product = product
        self._count = 0
        self.shows: list[show_pb2.Show] = []
        self.categories: list[category_pb2.Category] = []
        self.research: list[research_pb2.Research] = []
        self.themes: list[str] = []
        self.platforms: list[str] = []
        self.page_tokens: list[str] = []

    async def look(self) -> None:
        """Learn what there is."""
        catalog = self._product.catalog
        listed = await catalog.ListShows(pb.ListShowsRequest(page_size=FEW_SHOWS))
        self.shows = list(listed.shows)
        categories = await catalog.ListCategories(
            pb.ListCategoriesRequest(include_inactive=True, page_size=100)
        )
        self.categories = list(categories.categories)
        research = await catalog.ListResearch(pb.ListResearchRequest(page_size=100))
        self.research = list(research.research)
        themes = await catalog.ListThemes(pb.ListThemesRequest(page_size=100))
        self.themes = [one.slug for one in themes.themes]
        platforms = await catalog.ListPlatforms(pb.ListPlatformsRequest(page_size=100))
        self.platforms = [one.slug for one in platforms.platforms]

    async def write(self) -> int:
        """Write something; return the revision of that."""
        await self.look()
        writes: list[tuple[int, Callable[[], Awaitable[int]]]] = [
            (12, self._update_show),
            (2, self._create_show),
            (2, self._delete_show),
            (1, self._feature),
            (2, self._update_category),
            (1, self._reorder),
            (1, self._update_research),
            (1, self._delete_research),
            (2, self._update_theme),
            (1, self._merge_themes),
            (1, self._update_platform),
        ]
        [write] = self._random.choices([one for _, one in writes], [weight for weight, _ in writes])
        return await write()

    def path(self) -> str:
        """Return a request."""
        pick = self._random.choice
        show = pick(self.shows)
        key = pick([show.id, show.slug])
        category = pick(self.categories)
        category_key = pick([category.id, category.slug])
        return pick(
            [
                f"/v1/shows?{self._query()}",
                f"/v1/shows?{self._query()}",
                f"/v1/shows/{key}",
                f"/v1/shows/{key}?fields=name,stimulation",
                f"/v1/shows/{key}/similar?calmer={pick(['true', 'false'])}",
                f"/v1/compare?ids={show.id},{pick([one for one in self.shows if one != show]).id}",
                "/v1/home",
                "/v1/categories",
                f"/v1/categories/{category_key}",
                f"/v1/categories/{category_key}/shows?orderBy={pick(['name', 'popularity'])}",
                "/v1/themes?pageSize=100",
                "/v1/platforms",
                "/v1/research",
                f"/v1/research/{pick(self.research).slug}",
                f"/v1/search?{urlencode({'q': pick(WORDS)})}",
                f"/v1/search?{urlencode({'q': pick(WORDS), 'maxStimulation': 2})}",
                f"/v1/search?{urlencode({'q': f'{pick(WORDS)} {pick(WORDS)}'})}",
                f"/v1/search?{urlencode({'q': pick(show.name.split()), 'minStimulation': 3})}",
                f"/v1/search?{urlencode({'q': pick(WORDS).replace('u', 'oo')})}",
                "/v1/search?pageSize=5",
                f"/v1/suggest?{urlencode({'q': pick(WORDS)[:2]})}",
                f"/v1/suggest?{urlencode({'q': pick(show.name.split())})}",
                f"/covers/{show.slug}.svg",
                f"/api/tv-shows?limit=20&themes={pick(['Music', 'Nature'])}",
                f"/api/tv-shows/{show.id}",
                f"/api/tv-shows/similar/{show.id}",
                f"/api/homepage-categories/{category.id}/shows",
                f"/images/tv-shows/show-{show.id}-a.jpg",
                "/api/shows/featured",
                "/api/homepage-categories",
                "/api/themes",
                "/api/research",
                f"/api/search?{urlencode({'q': pick(WORDS)})}",
                "/sitemap.xml",
            ]
        )

    def _query(self) -> str:
        pick, some = self._random.choice, self._random.random
        query: list[tuple[str, object]] = [("pageSize", pick([5, 20]))]
        query.append(("orderBy", pick(["name", "stimulation desc", "releaseYear", "popularity"])))
        low = pick([1, 2, 3])
        for condition in (
            [("minStimulation", low), ("maxStimulation", low + pick([0, 1, 2]))],
            [("theme", pick(self.themes))],
            [("theme", pick(self.themes)), ("theme", pick(self.themes)), ("themeMatch", "any")],
            [("platform", pick(self.platforms))],
            [(pick(SENSES), pick(LEVELS))],
            [("minAge", pick([2, 4])), ("maxAge", pick([5, 8]))],
            [("q", pick(WORDS))],
            [("minYear", 2000)],
            [("ongoing", pick(["true", "false"]))],
            [("featured", "true")],
        ):
            if some() < 0.15:
                query += [
                    one for one in condition if one[0] not in dict(query) or one[0] == "theme"
                ]
        return urlencode(query)

    async def _update_show(self) -> int:
        pick = self._random.choice
        show = pick(self.shows)
        field, value = pick(
            [
                ("description", f"About {pick(WORDS)} and {pick(WORDS)}."),
                ("name", f"{pick(WORDS).title()} {pick(WORDS).title()}"),
                ("stimulation", pick([1, 2, 3, 4, 5])),
                (
                    "themes",
                    [show_pb2.Label(slug=one) for one in self._random.sample(self.themes, 2)],
                ),
                ("platforms", [show_pb2.Label(slug=pick(self.platforms))]),
                ("creator", pick(WORDS).title()),
                ("aliases", [pick(WORDS)]),
                ("release_year", pick([1995, 2005, 2015])),
                ("seasons", pick([1, 2, 3])),
                ("min_age", 0),
                ("animation_style", pick(["2D", "3D"])),
            ]
        )
        # A year that is after the last one would be refused.
        paths = [field, "end_year"] if field == "release_year" else [field]
        changed = show_pb2.Show(**{"id": show.id, field: value, "revision": show.revision})
        request = pb.UpdateShowRequest(show=changed, update_mask=FieldMask(paths=paths))
        return (await self._product.catalog.UpdateShow(request)).show.revision

    async def _create_show(self) -> int:
        pick = self._random.choice
        self._count += 1
        show = show_pb2.Show(
            # Early in the alphabet, so that it is one of the few.
            name=f"A {pick(WORDS)} {self._count}",
            description=f"A show of {pick(WORDS)}.",
            min_age=pick([0, 3, 6]),
            stimulation=pick([1, 2, 3, 4, 5]),
            themes=[show_pb2.Label(slug=pick(self.themes))],
        )
        return (
            await self._product.catalog.CreateShow(pb.CreateShowRequest(show=show))
        ).show.revision

    async def _delete_show(self) -> int:
        request = pb.DeleteShowRequest(id=self._random.choice(self.shows).id)
        return (await self._product.catalog.DeleteShow(request)).catalog_revision

    async def _feature(self) -> int:
        request = pb.SetFeaturedShowRequest(id=self._random.choice(self.shows).id)
        return (await self._product.catalog.SetFeaturedShow(request)).catalog_revision

    async def _update_category(self) -> int:
        pick = self._random.choice
        category = pick(self.categories)
        changed = category_pb2.Category(id=category.id, revision=category.revision)
        path = pick(["name", "active", "rules"])
        match path:
            case "name":
                changed.name = f"{pick(WORDS).title()} shows"
            case "active":
                changed.active = not category.active
            case _:
                rule = category_pb2.CategoryRule(
                    field="stimulation",
                    operator="range",
                    range=category_pb2.CategoryRuleRange(min=1, max=pick([1, 3])),
                )
                changed.rules.CopyFrom(
                    category_pb2.CategoryRules(logic=filter_pb2.MATCH_ALL, rules=[rule])
                )
        request = pb.UpdateCategoryRequest(category=changed, update_mask=FieldMask(paths=[path]))
        return (await self._product.catalog.UpdateCategory(request)).category.revision

    async def _reorder(self) -> int:
        ids = [one.id for one in self.categories]
        self._random.shuffle(ids)
        request = pb.ReorderCategoriesRequest(ids=ids)
        return (await self._product.catalog.ReorderCategories(request)).catalog_revision

    async def _update_research(self) -> int:
        research = self._random.choice(self.research)
        self._count += 1
        changed = research_pb2.Research(
            id=research.id, title=f"Of screens {self._count}", revision=research.revision
        )
        request = pb.UpdateResearchRequest(research=changed, update_mask=FieldMask(paths=["title"]))
        return (await self._product.catalog.UpdateResearch(request)).research.revision

    async def _update_theme(self) -> int:
        pick = self._random.choice
        theme = show_pb2.Theme(slug=pick(self.themes))
        path = pick(["name", "aliases"])
        if path == "name":
            self._count += 1
            theme.name = f"{pick(WORDS).title()} {self._count}"
        else:
            theme.aliases.append(pick(WORDS))
        request = vocabulary_pb.UpdateThemeRequest(theme=theme, update_mask=FieldMask(paths=[path]))
        return (await self._product.vocabularies.UpdateTheme(request)).catalog_revision

    async def _merge_themes(self) -> int:
        slug, into = self._random.sample(self.themes, 2)
        request = vocabulary_pb.MergeThemesRequest(slug=slug, into_slug=into)
        return (await self._product.vocabularies.MergeThemes(request)).catalog_revision

    async def _update_platform(self) -> int:
        self._count += 1
        slug = self._random.choice(self.platforms)
        platform = show_pb2.Platform(slug=slug, name=f"Channel {self._count}")
        request = vocabulary_pb.UpdatePlatformRequest(
            platform=platform, update_mask=FieldMask(paths=["name"])
        )
        return (await self._product.vocabularies.UpdatePlatform(request)).catalog_revision

    async def _delete_research(self) -> int:
        if len(self.research) == 1:
            return await self._update_research()
        request = pb.DeleteResearchRequest(id=self._random.choice(self.research).id)
        return (await self._product.catalog.DeleteResearch(request)).catalog_revision
