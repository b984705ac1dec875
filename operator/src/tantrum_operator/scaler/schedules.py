"""Floors under the replicas at times that people know of beforehand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from cronsim import CronSim

from tantrum_operator.scaler.spec import Schedule


def active(schedules: Sequence[Schedule], now: dt.datetime) -> Schedule | None:
    """Return the schedule in force with the highest floor; None where none is."""
    found = [each for each in schedules if _in_force(each, now)]
    return max(found, key=lambda each: each.min_replicas, default=None)


def _in_force(schedule: Schedule, now: dt.datetime) -> bool:
    earliest = now - dt.timedelta(seconds=schedule.duration_seconds)
    # Cron reads the clock on the wall; the duration is real time, also when clocks change.
    starts = CronSim(schedule.cron, earliest.astimezone(schedule.time_zone))
    first = next(starts, None)
    return first is not None and first.astimezone(dt.UTC) <= now
