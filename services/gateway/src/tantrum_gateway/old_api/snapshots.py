"""
All shows at one revision of the catalogue, as the lists of the old API need them.

The old application answers with whole lists, ranks them in its own ways, and
knows conditions that the catalogue does not (the text of the ages). So one
reading of all shows serves every combination of its parameters until the next
write, and a list that no cache has costs no call.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import msgspec
from tvtantrum.catalog.v1 import catalog_service_pb2 as catalog_pb
from tvtantrum.catalog.v1 import filter_pb2, show_pb2

from tantrum_gateway import metrics
from tantrum_gateway.flights import Flights
from tantrum_gateway.old_api import codec
from tantrum_gateway.old_api.shapes import Row
from tantrum_gateway.old_api.whole_lists import whole_list
from tantrum_gateway.upstreams import Upstreams


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """A show of a snapshot."""

    row: Row
    json: msgspec.Raw
    """The row as JSON: most lists are most rows."""
    slug: str
    min_age: int
    max_age: int | None
    interactivity: int
    """Number of the level; 0 is unknown."""
    update_date: str
    """Day of the last write, as `2026-11-24`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """All shows, by name."""

    entries: tuple[Entry, ...]
    catalog_revision: int


class Snapshots:
    """Keeps the newest snapshot, 4 KB a show, for *ttl_seconds* at most."""

    def __init__(
        self,
        flights: Flights[Snapshot],
        *,
        ttl_seconds: float,
        now_monotonic: Callable[[], float],
    ) -> None:
        self._flights = flights
        self._ttl_seconds = ttl_seconds
        self._now_monotonic = now_monotonic
        self._kept: Snapshot | None = None
        self._kept_for_revision = 0
        self._expires_monotonic = 0.0

    async def at(self, upstreams: Upstreams, min_revision: int) -> Snapshot:
        """
        Return all shows at *min_revision* or later, read once for all who ask.

        Raises:
            CallerError: as `whole_list`.
        """
        # Another revision, not an older one: a restored database counts on from earlier.
        if (
            self._kept is not None
            and self._kept_for_revision == min_revision
            and self._now_monotonic() < self._expires_monotonic
        ):
            metrics.SNAPSHOT_LOOKUPS_HIT.inc()
            return self._kept
        metrics.SNAPSHOT_LOOKUPS_MISS.inc()
        return await self._flights.run(min_revision, lambda: self._read(upstreams, min_revision))

    async def _read(self, upstreams: Upstreams, min_revision: int) -> Snapshot:
        shows = await whole_list(
            upstreams.catalog.ListShows,
            catalog_pb.ListShowsRequest,
            lambda page: page.shows,
            min_revision=min_revision,
            order_by=filter_pb2.SHOW_ORDER_NAME,
        )
        snapshot = Snapshot(
            entries=tuple(_entry(show) for show in shows.items),
            catalog_revision=shows.catalog_revision,
        )
        self._kept, self._kept_for_revision = snapshot, min_revision
        self._expires_monotonic = self._now_monotonic() + self._ttl_seconds
        return snapshot


def _entry(show: show_pb2.Show) -> Entry:
    row = codec.row(show)
    return Entry(
        row=row,
        json=msgspec.Raw(msgspec.json.encode(row)),
        slug=show.slug,
        min_age=show.min_age,
        max_age=show.max_age if show.HasField("max_age") else None,
        interactivity=show.senses.interactivity,
        update_date=show.update_time.ToJsonString()[:10],
    )
