"""Calendar months of a time zone, as stretches of absolute time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

_SECONDS_PER_HOUR = Decimal(3600)


@dataclass(frozen=True, slots=True, kw_only=True)
class Month:
    """One month, from *start_time* to just before *end_time*, both in UTC."""

    name: str
    """As `2026-11`."""

    start_time: dt.datetime
    end_time: dt.datetime

    @property
    def hours(self) -> Decimal:
        """How long it is: a month in which the clocks change is an hour off."""
        return hours_between(self.start_time, self.end_time)

    def hours_left(self, now: dt.datetime) -> Decimal:
        """How much of it is to come."""
        return hours_between(now, self.end_time)

    def elapsed_ratio(self, now: dt.datetime) -> Decimal:
        """How much of it is over at *now*, 0 to 1."""
        return hours_between(self.start_time, now) / self.hours


def month_of(now: dt.datetime, zone: ZoneInfo) -> Month:
    """Return the month that *now* falls in, by the clocks of *zone*."""
    local = now.astimezone(zone)
    start = dt.datetime(local.year, local.month, 1, tzinfo=zone)
    following = start + dt.timedelta(days=31)
    end = dt.datetime(following.year, following.month, 1, tzinfo=zone)
    return Month(
        name=f"{local.year:04}-{local.month:02}",
        start_time=start.astimezone(dt.UTC),
        end_time=end.astimezone(dt.UTC),
    )


def hours_between(start: dt.datetime, end: dt.datetime) -> Decimal:
    """Return the hours from *start* to *end*; negative when *end* is earlier."""
    return Decimal(str((end - start).total_seconds())) / _SECONDS_PER_HOUR
