"""When a parcel leaves and when it arrives: cut-offs in local time, working days from Monday to Friday."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

_SATURDAY: Final = 5
END_OF_DAY: Final = time(23, 59, 59)


def at_local(day: date, clock: time, timezone: str) -> datetime:
    """Give a local time as an instant; one that does not exist moves forward by the gap, one that exists twice is the earlier."""
    return datetime.combine(day, clock, ZoneInfo(timezone)).astimezone(UTC)


def local_date(instant: datetime, timezone: str) -> date:
    """Give the calendar day of an instant at a place."""
    return instant.astimezone(ZoneInfo(timezone)).date()


def is_working_day(day: date) -> bool:
    """Tell whether a day lies between Monday and Friday."""
    return day.weekday() < _SATURDAY


def add_working_days(day: date, count: int) -> date:
    """Give the day that many working days later; for a count of 0 the day itself."""
    while count > 0:
        day += timedelta(days=1)
        count -= is_working_day(day)
    return day


def next_dispatch(as_of: datetime, cutoff: time, timezone: str) -> datetime:
    """Give the hand-over of what is planned at `as_of`: tonight's cut-off if it is still to come on a working day, else the next."""
    day = local_date(as_of, timezone)
    # Instants, not clock times, are compared: in an hour that comes twice the clock would look early again.
    if not is_working_day(day) or at_local(day, cutoff, timezone) < as_of:
        day = add_working_days(day, 1)
    return at_local(day, cutoff, timezone)


def delivery_deadline(dispatch_at: datetime, transit_days: int, timezone: str) -> datetime:
    """Give the end of the day on which a parcel arrives that spends so many working days on the way."""
    return at_local(add_working_days(local_date(dispatch_at, timezone), transit_days), END_OF_DAY, timezone)
