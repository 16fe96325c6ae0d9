"""Hand-over and arrival by the warehouse's own clock, on ordinary days and on those when the clock is changed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.contracts import TABLES
from engine.working_days import (
    add_working_days,
    at_local,
    delivery_deadline,
    holidays_by_country,
    is_working_day,
    local_date,
    next_dispatch,
)

ZONES = ("Europe/Berlin", "America/New_York", "Asia/Tokyo", "Africa/Cairo", "Australia/Lord_Howe", "Asia/Kathmandu")
INSTANTS = st.datetimes(datetime(2020, 1, 1), datetime(2030, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - the zone is given beside it
CUTOFFS = st.builds(time, st.integers(0, 23), st.sampled_from([0, 15, 30, 59]))


@given(INSTANTS, CUTOFFS, st.sampled_from(ZONES))
def test_the_hand_over_is_the_first_cut_off_of_a_working_day_that_has_not_passed(as_of, cutoff, timezone):
    first_day = local_date(as_of, timezone)
    days = (first_day + timedelta(days=number) for number in range(10))
    expected = next(at for day in days if is_working_day(day) and (at := at_local(day, cutoff, timezone)) >= as_of)
    assert next_dispatch(as_of, cutoff, timezone) == expected


@given(st.dates(date(2020, 1, 1), date(2030, 1, 1)), st.integers(0, 40))
def test_working_days_are_counted_one_by_one(day, count):
    end = add_working_days(day, count)
    between = [day + timedelta(days=number) for number in range(1, (end - day).days + 1)]
    assert sum(1 for other in between if other.isoweekday() <= 5) == count
    assert end == day or is_working_day(end)


@given(INSTANTS, st.integers(0, 15), st.sampled_from(ZONES))
def test_a_parcel_arrives_by_the_end_of_a_local_day_and_never_sooner_with_more_days_on_the_way(at, days, timezone):
    deadline = delivery_deadline(at, days, timezone)
    local = deadline.astimezone(ZoneInfo(timezone))
    assert local.date() == add_working_days(local_date(at, timezone), days)
    assert local.time() == time(23, 59, 59)
    assert deadline <= delivery_deadline(at, days + 1, timezone)


@pytest.mark.parametrize(
    ("as_of", "hand_over"),
    [
        (datetime(2026, 11, 20, 18, 0, tzinfo=UTC), datetime(2026, 11, 20, 18, 30, tzinfo=UTC)),
        (datetime(2026, 11, 20, 18, 30, tzinfo=UTC), datetime(2026, 11, 20, 18, 30, tzinfo=UTC)),
        (datetime(2026, 11, 20, 18, 30, 1, tzinfo=UTC), datetime(2026, 11, 23, 18, 30, tzinfo=UTC)),
        (datetime(2026, 11, 21, 6, 0, tzinfo=UTC), datetime(2026, 11, 23, 18, 30, tzinfo=UTC)),
    ],
    ids=["before", "at", "a second after", "Saturday"],
)
def test_up_to_the_cut_off_of_a_working_day_parcels_leave_that_day(as_of, hand_over):
    assert next_dispatch(as_of, time(19, 30), "Europe/Berlin") == hand_over


def test_a_local_time_that_does_not_exist_moves_forward_by_the_gap():
    # Berlin, 29 March 2026: 02:00 becomes 03:00.
    assert at_local(date(2026, 3, 29), time(2, 30), "Europe/Berlin") == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)


def test_a_local_time_that_comes_twice_is_the_earlier():
    # Berlin, 25 October 2026: 03:00 becomes 02:00.
    assert at_local(date(2026, 10, 25), time(2, 30), "Europe/Berlin") == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)


def test_the_second_coming_of_an_hour_does_not_hand_over_in_the_past():
    # Cairo, Thursday 29 October 2026: at midnight the clock goes back to 23:00, so 23:30 comes twice.
    as_of = datetime(2026, 10, 29, 21, 15, tzinfo=UTC)
    assert as_of.astimezone(ZoneInfo("Africa/Cairo")).time() == time(23, 15)
    assert next_dispatch(as_of, time(23, 30), "Africa/Cairo") == datetime(2026, 10, 30, 21, 30, tzinfo=UTC)


CHRISTMAS = frozenset({date(2026, 12, 25), date(2026, 12, 28)})


def test_holidays_are_no_working_days():
    thursday = date(2026, 12, 24)
    assert add_working_days(thursday, 1, CHRISTMAS) == date(2026, 12, 29)
    assert add_working_days(thursday, 0, CHRISTMAS) == thursday
    assert not is_working_day(date(2026, 12, 25), CHRISTMAS)
    evening = datetime(2026, 12, 24, 20, tzinfo=UTC)
    assert next_dispatch(evening, time(18), "UTC", CHRISTMAS) == datetime(2026, 12, 29, 18, tzinfo=UTC)
    arrives = delivery_deadline(evening, 1, "UTC", CHRISTMAS)
    assert arrives == datetime(2026, 12, 29, 23, 59, 59, tzinfo=UTC)


def test_a_cut_off_in_the_hour_that_comes_twice_is_the_earlier_one():
    # Berlin, Sunday 25 October 2026, 03:00 becomes 02:00: the Monday after is not touched, a Sunday never hands over.
    friday = datetime(2026, 10, 23, 21, tzinfo=UTC)
    assert next_dispatch(friday, time(2, 30), "Europe/Berlin") == datetime(2026, 10, 26, 1, 30, tzinfo=UTC)


def test_holidays_are_gathered_by_country():
    table = TABLES["holidays"]
    rows = [("DE", date(2026, 12, 25)), ("FR", date(2026, 7, 14)), ("DE", date(2026, 10, 3))]
    found = holidays_by_country(pl.DataFrame(rows, schema=table.schema, orient="row"))
    assert found == {"DE": {date(2026, 12, 25), date(2026, 10, 3)}, "FR": {date(2026, 7, 14)}}
    assert holidays_by_country(table.empty()) == {}
