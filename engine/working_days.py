"""When a parcel leaves and when it arrives: cut-offs in local time, working days from Monday to Friday less holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

Holidays = frozenset[date]
NO_HOLIDAYS: Final[Holidays] = frozenset()
_SATURDAY: Final = 5
END_OF_DAY: Final = time(23, 59, 59)


def at_local(day: date, clock: time, timezone: str) -> datetime:
    """Give a local time as an instant; one that does not exist moves forward by the gap, one that exists twice is the earlier."""
    return datetime.combine(day, clock, ZoneInfo(timezone)).astimezone(UTC)


def local_date(instant: datetime, timezone: str) -> date:
    """Give the calendar day of an instant at a place."""
    return instant.astimezone(ZoneInfo(timezone)).date()


def is_working_day(day: date, holidays: Holidays = NO_HOLIDAYS) -> bool:
    """Tell whether a day lies between Monday and Friday and is no holiday."""
    return day.weekday() < _SATURDAY and day not in holidays


def add_working_days(day: date, count: int, holidays: Holidays = NO_HOLIDAYS) -> date:
    """Give the day that many working days later; for a count of 0 the day itself."""
    while count > 0:
        day += timedelta(days=1)
        count -= is_working_day(day, holidays)
    return day


def next_dispatch(as_of: datetime, cutoff: time, timezone: str, holidays: Holidays = NO_HOLIDAYS) -> datetime:
    """Give the hand-over of what is planned at `as_of`: tonight's cut-off if it is still to come on a working day, else the next."""
    day = local_date(as_of, timezone)
    # Instants, not clock times, are compared: in an hour that comes twice the clock would look early again.
    if not is_working_day(day, holidays) or at_local(day, cutoff, timezone) < as_of:
        day = add_working_days(day, 1, holidays)
    return at_local(day, cutoff, timezone)


def delivery_deadline(
    dispatch_at: datetime, transit_days: int, timezone: str, holidays: Holidays = NO_HOLIDAYS
) -> datetime:
    """Give the end of the day, where the parcel leaves, on which it arrives that spends so many working days on the way."""
    return at_local(add_working_days(local_date(dispatch_at, timezone), transit_days, holidays), END_OF_DAY, timezone)


def holidays_by_country(holidays: pl.DataFrame) -> dict[str, Holidays]:
    """Give the days of table `holidays` by country.

    Parameters
    ----------
    holidays
        The table.
    """
    days: dict[str, set[date]] = {}
    for country, day in holidays.select("country", "day").iter_rows():
        days.setdefault(country, set()).add(day)
    return {country: frozenset(of_country) for country, of_country in days.items()}
