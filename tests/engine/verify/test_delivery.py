"""Local clocks: cut-offs, week-ends, hours that do not exist and hours that come twice."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import polars as pl
import pytest

from engine.verify.delivery import dispatches, with_deadlines
from engine.verify.rounding import is_nearest

HOLIDAYS = pl.DataFrame({"country": ["XX"], "day": [date(2026, 12, 25)]})


def dispatch(as_of: datetime, cutoff: time, zone: str) -> tuple[datetime, date]:
    warehouses = pl.DataFrame({"warehouse_id": ["W"], "country": ["XX"], "timezone": [zone], "cutoff": [cutoff]})
    return dispatches(warehouses, HOLIDAYS, as_of).select("expected_dispatch_at", "dispatch_date").row(0)


@pytest.mark.parametrize(
    ("as_of", "cutoff", "zone", "expected"),
    [
        # At the cut-off itself it still leaves; a second later it does not.
        (datetime(2026, 3, 10, 19, 0, tzinfo=UTC), time(20), "Europe/Paris", datetime(2026, 3, 10, 19, tzinfo=UTC)),
        (datetime(2026, 3, 10, 19, 0, 1, tzinfo=UTC), time(20), "Europe/Paris", datetime(2026, 3, 11, 19, tzinfo=UTC)),
        # Friday after the cut-off, and Saturday before it: Monday.
        (datetime(2026, 3, 13, 20, 0, tzinfo=UTC), time(20), "Europe/Paris", datetime(2026, 3, 16, 19, tzinfo=UTC)),
        (datetime(2026, 3, 14, 8, 0, tzinfo=UTC), time(20), "Europe/Paris", datetime(2026, 3, 16, 19, tzinfo=UTC)),
        # Christmas is a Friday: what misses Thursday's cut-off leaves on Monday.
        (datetime(2026, 12, 24, 19, 0, tzinfo=UTC), time(20), "Europe/Paris", datetime(2026, 12, 24, 19, tzinfo=UTC)),
        (datetime(2026, 12, 24, 19, 1, tzinfo=UTC), time(20), "Europe/Paris", datetime(2026, 12, 28, 19, tzinfo=UTC)),
        # Already Monday in Auckland while it is Sunday in London.
        (datetime(2026, 3, 15, 20, 0, tzinfo=UTC), time(12), "Pacific/Auckland", datetime(2026, 3, 15, 23, tzinfo=UTC)),
        # Friday 27 March 2026 in Amman skips no hour; Asia/Beirut skips midnight on Sunday 29th. Friday 25 April 2025 at
        # 00:00 did not exist in Cairo: 00:30 is read as 01:30.
        (
            datetime(2025, 4, 24, 20, 0, tzinfo=UTC),
            time(0, 30),
            "Africa/Cairo",
            datetime(2025, 4, 24, 22, 30, tzinfo=UTC),
        ),
        # Friday 31 October 2025, 00:00 in Cairo came an hour after 30 October 23:00 did for the second time: 23:30 of
        # the 30th comes twice and the earlier one counts.
        (
            datetime(2025, 10, 30, 12, 0, tzinfo=UTC),
            time(23, 30),
            "Africa/Cairo",
            datetime(2025, 10, 30, 20, 30, tzinfo=UTC),
        ),
    ],
)
def test_dispatch(as_of: datetime, cutoff: time, zone: str, expected: datetime) -> None:
    assert dispatch(as_of, cutoff, zone)[0] == expected


@pytest.mark.parametrize(
    ("day", "transit", "zone", "expected"),
    [
        (date(2026, 3, 13), 0, "UTC", datetime(2026, 3, 13, 23, 59, 59, tzinfo=UTC)),
        (date(2026, 3, 13), 1, "UTC", datetime(2026, 3, 16, 23, 59, 59, tzinfo=UTC)),
        (date(2026, 3, 12), 6, "UTC", datetime(2026, 3, 20, 23, 59, 59, tzinfo=UTC)),
        (date(2026, 12, 23), 2, "UTC", datetime(2026, 12, 28, 23, 59, 59, tzinfo=UTC)),
        # Summer time begins in Paris on 29 March.
        (date(2026, 3, 27), 1, "Europe/Paris", datetime(2026, 3, 30, 21, 59, 59, tzinfo=UTC)),
    ],
)
def test_deadline(day: date, transit: int, zone: str, expected: datetime) -> None:
    parcels = pl.DataFrame(
        {"timezone": [zone], "dispatch_date": [day], "transit_days": [transit], "ship_country": ["XX"]}
    )
    assert with_deadlines(parcels, HOLIDAYS)["expected_deliver_by"].to_list() == [expected]


def test_only_the_nearest_cent_is_accepted() -> None:
    # 10 x 1.25 is 12.5: both neighbours; 10 x 1.3 is 13 exactly.
    frame = pl.DataFrame({"cents": [11, 12, 13, 14], "base": [10] * 4, "priority": [1] * 4})
    nearest = is_nearest(pl.col("cents"), pl.col("base"), 0.25)
    assert frame.select(nearest).to_series().to_list() == [False, True, True, False]
    exact = is_nearest(pl.col("cents"), pl.col("base"), 0.3)
    assert frame.select(exact).to_series().to_list() == [False, False, True, False]


def test_priority_below_zero_lowers_nothing() -> None:
    frame = pl.DataFrame({"cents": [10], "base": [10], "priority": [-5]})
    assert frame.select(is_nearest(pl.col("cents"), pl.col("base"), 0.25)).item()
