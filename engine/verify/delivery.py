"""Invariant 4, first part: when a parcel leaves, when it arrives, and what being late is set at."""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import polars as pl

from engine.config import Settings
from engine.verify.checks import Check, must, named
from engine.verify.rounding import is_nearest

_WORKING_DAYS: Final = 5
_END_OF_DAY: Final = time(23, 59, 59)
DaysOff = set[tuple[str, date]]


def dispatches(warehouses: pl.DataFrame, holidays: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Give a row a warehouse: when it hands over what is planned tonight, and on which local day.

    Parameters
    ----------
    warehouses, holidays
        The warehouses, and the days without work of their countries.
    as_of
        The night. Up to the cut-off of a working day its parcels leave that day, later ones on the next working day.

    Returns
    -------
    Columns warehouse_id, timezone, expected_dispatch_at (UTC), dispatch_date (local).
    """
    rows, rest = [], days_off(holidays)
    columns = warehouses.select("warehouse_id", "country", "timezone", "cutoff")
    for warehouse_id, country, timezone, cutoff in columns.iter_rows():
        day = as_of.astimezone(ZoneInfo(timezone)).date()
        is_off = day.weekday() >= _WORKING_DAYS or (country, day) in rest
        if is_off or _instant(day, cutoff, timezone) < as_of:
            day = _later(day, 1, country, rest)
        rows.append((warehouse_id, timezone, _instant(day, cutoff, timezone), day))
    schema = {
        "warehouse_id": pl.String(),
        "timezone": pl.String(),
        "expected_dispatch_at": pl.Datetime("us", "UTC"),
        "dispatch_date": pl.Date(),
    }
    return pl.DataFrame(rows, schema=schema, orient="row")


def _instant(day: date, clock: time, timezone: str) -> datetime:
    # fold=0: a time that does not exist is read by the offset before the gap, which moves it forward by the gap;
    # of a time that comes twice it is the earlier.
    return datetime.combine(day, clock, ZoneInfo(timezone)).replace(fold=0).astimezone(UTC)


def days_off(holidays: pl.DataFrame) -> DaysOff:
    """Give country and day of each holiday.

    Parameters
    ----------
    holidays
        The table.
    """
    return {(country, day) for country, day in holidays.select("country", "day").iter_rows()}


def _later(day: date, working_days: int, country: str, rest: DaysOff) -> date:
    while working_days > 0:
        day += timedelta(days=1)
        working_days -= day.weekday() < _WORKING_DAYS and (country, day) not in rest
    return day


def with_deadlines(parcels: pl.DataFrame, holidays: pl.DataFrame) -> pl.DataFrame:
    """Add `expected_deliver_by`: the end of the day, where the parcel left, after its days on the way that its destination works.

    Parameters
    ----------
    parcels
        Columns timezone, dispatch_date, transit_days, ship_country.
    holidays
        Days without work.
    """
    trip, rest = ["timezone", "dispatch_date", "transit_days", "ship_country"], days_off(holidays)
    trips = parcels.select(trip).drop_nulls().unique(maintain_order=True)
    ends = [
        _instant(_later(day, transit, country, rest), _END_OF_DAY, zone)
        for zone, day, transit, country in trips.iter_rows()
    ]
    deadlines = trips.with_columns(expected_deliver_by=pl.Series(ends, dtype=pl.Datetime("us", "UTC")))
    return parcels.join(deadlines, on=trip, how="left", maintain_order="left")


def with_promises(parcels: pl.DataFrame, holidays: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """Add `expected_promised_by`: the order's promise, or the end of the day so many working days after it was placed.

    Parameters
    ----------
    parcels
        Columns order_promised_by, placed_at, service_level, ship_country.
    holidays
        Days without work.
    settings
        Section `promise`.
    """
    promise = settings.promise
    days = {"economy": promise.economy_days, "standard": promise.standard_days, "express": promise.express_days}
    parcels = parcels.with_columns(
        placed_on=pl.col("placed_at").dt.date(),
        days_allowed=pl.col("service_level").replace_strict(days, default=None, return_dtype=pl.Int64),
    )
    span, rest = ["placed_on", "days_allowed", "ship_country"], days_off(holidays)
    distinct = parcels.select(span).drop_nulls().unique(maintain_order=True)
    ends = [
        datetime.combine(_later(day, count, country, rest), _END_OF_DAY, UTC)
        for day, count, country in distinct.iter_rows()
    ]
    derived = distinct.with_columns(derived=pl.Series(ends, dtype=pl.Datetime("us", "UTC")))
    return parcels.join(derived, on=span, how="left", maintain_order="left").with_columns(
        expected_promised_by=pl.coalesce("order_promised_by", "derived")
    )


def check_delivery(parcels: pl.DataFrame) -> Check:
    """Hand-over and deadline follow the warehouse's clock, and late means after the promise.

    Parameters
    ----------
    parcels
        The parcels with what is expected of them.
    """
    day_us = 24 * 60 * 60 * 1_000_000
    over = (pl.col("deliver_by") - pl.col("expected_promised_by")).dt.total_microseconds()
    days = pl.when(over > 0).then((over + day_us - 1) // day_us).otherwise(0)
    judged = parcels.with_columns(expected_days_late=pl.when(over.is_not_null()).then(days))
    return named(
        "prices.delivery",
        *(
            must(
                judged,
                pl.col(name) == pl.col(f"expected_{name}"),
                f"shipment {{shipment_id}} from {{warehouse_id}}: {name} is {{{name}}}, recomputed {{expected_{name}}}",
            )
            for name in ("dispatch_at", "deliver_by", "promised_by", "days_late")
        ),
        must(
            judged,
            pl.col("is_late") == (pl.col("expected_days_late") > 0),
            "shipment {shipment_id}: is_late is {is_late} at {days_late} days after the promise",
        ),
    )


def check_lateness(parcels: pl.DataFrame, settings: Settings) -> Check:
    """Lateness is priced by day, service level and priority.

    Parameters
    ----------
    parcels
        The parcels with service level and priority of their orders.
    settings
        Section `costs`.
    """
    costs = settings.costs
    per_day = {
        "economy": costs.late_cents_per_day_economy,
        "standard": costs.late_cents_per_day_standard,
        "express": costs.late_cents_per_day_express,
    }
    daily = pl.col("service_level").replace_strict(per_day, default=None, return_dtype=pl.Int64)
    return named(
        "prices.lateness",
        must(
            parcels,
            is_nearest(pl.col("lateness_cents"), pl.col("days_late") * daily, costs.priority_share),
            "shipment {shipment_id}: lateness_cents is {lateness_cents} for {days_late} days of {service_level}, priority {priority}",
        ),
    )
