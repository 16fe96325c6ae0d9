"""Delivery performance from the carriers' own events."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

import polars as pl

from engine.contracts.history import PAST_SHIPMENTS, TRACKING_EVENTS
from engine.contracts.reports import DELIVERY_PERFORMANCE
from engine.reports.frames import canonical, utc

_TOLERANCES_DAYS: Final = (0, 1)
_SILENT_DAYS: Final = 14
_CLOSED: Final = ("return_to_sender", "cancelled")
_DAY_US: Final = 86_400_000_000


def delivery_performance(past_shipments: pl.DataFrame, tracking_events: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Give, for every carrier and for all of them, how deliveries kept the last promise.

    Each row names its rung: level (parcel, or order: delivered with its last parcel), promise, and tolerance in days.
    An order sent with two carriers counts for each with its own parcels. Only what is delivered, or overdue, is judged;
    what is not yet due is open. Repeated events count once; of several deliveries the first counts.

    Parameters
    ----------
    past_shipments, tracking_events
        The tables of those names; rows after the night are left out.
    as_of
        The night.
    """
    night = utc(as_of)
    parcels = _parcels(
        canonical(past_shipments, PAST_SHIPMENTS).filter(pl.col("placed_at") <= night),
        canonical(tracking_events, TRACKING_EVENTS).filter(pl.col("occurred_at") <= night),
        night,
    )
    frames = [DELIVERY_PERFORMANCE.empty()]
    for level, by_carrier, everything in (
        ("parcel", parcels, parcels),
        ("order", _orders(parcels, "carrier"), _orders(parcels)),
    ):
        for tolerance in _TOLERANCES_DAYS:
            frames.append(_summary(by_carrier, ["carrier"], level, tolerance, night))
            frames.append(_summary(everything, [], level, tolerance, night))
    return pl.concat(frames).sort(
        "carrier", "level", "tolerance_days", descending=[False, True, False], nulls_last=True
    )


def _parcels(shipments: pl.DataFrame, events: pl.DataFrame, night: datetime) -> pl.DataFrame:
    """Give one row a parcel with what its events say."""
    status, at = pl.col("status"), pl.col("occurred_at")
    facts = (
        events.unique(["tracking_number", "status", "occurred_at"])
        .sort("occurred_at", "status")
        .group_by("tracking_number")
        .agg(
            at.filter(status == "delivered").min().alias("delivered_at"),
            at.filter(status == "picked_up").min().alias("picked_up_at"),
            at.max().alias("heard_at"),
            (status == "delivery_failed").sum().cast(pl.Int64).alias("failed_attempts"),
            status.is_in(_CLOSED).any().alias("is_closed"),
            (status == "return_to_sender").any().alias("is_returned"),
            (status.last() == "unknown").alias("is_unknown"),
            (~status.is_in(["pending", "unknown", "cancelled"])).any().alias("is_tracked"),
        )
    )
    silent = pl.coalesce("heard_at", "dispatched_at", "placed_at") < night - timedelta(days=_SILENT_DAYS)
    return (
        shipments.join(facts, on="tracking_number", how="left", maintain_order="left")
        .with_columns(
            pl.col("failed_attempts").fill_null(0),
            pl.col("is_closed", "is_returned", "is_unknown", "is_tracked").fill_null(value=False),
        )
        .with_columns(
            handed_over_at=pl.coalesce("dispatched_at", "picked_up_at"),
            is_lost=pl.col("delivered_at").is_null() & ~pl.col("is_closed") & (pl.col("is_unknown") | silent),
        )
    )


def _orders(parcels: pl.DataFrame, *keys: str) -> pl.DataFrame:
    """Give one row an order: delivered when its last parcel is, by the latest promise."""
    every = pl.col("delivered_at").is_not_null().all()
    return (
        parcels.group_by("order_id", *keys)
        .agg(
            pl.col("placed_at").min(),
            pl.col("promised_by").max(),
            pl.when(every).then(pl.col("delivered_at").max()).alias("delivered_at"),
            pl.col("handed_over_at").min(),
            pl.col("failed_attempts").sum(),
            pl.col("is_closed", "is_returned", "is_lost").any(),
            pl.col("is_tracked").all(),
        )
        .sort("order_id", *keys)
    )


def _days(later: str, earlier: str) -> pl.Expr:
    """Give the days between two instants; absent where either is, or where their order makes no sense."""
    span = (pl.col(later) - pl.col(earlier)).dt.total_microseconds() / _DAY_US
    return pl.when(span >= 0).then(span)


def _summary(rows: pl.DataFrame, keys: list[str], level: str, tolerance: int, night: datetime) -> pl.DataFrame:
    due = pl.col("promised_by") + timedelta(days=tolerance)
    delivered = pl.col("delivered_at").is_not_null()
    cycle, transit = _days("delivered_at", "placed_at"), _days("delivered_at", "handed_over_at")
    # Summed as whole microseconds, so that a mean does not depend on the order of rows or the number of threads.
    figures = [
        pl.len().cast(pl.Int64).alias("shipped"),
        delivered.sum().cast(pl.Int64).alias("delivered"),
        (pl.col("delivered_at") <= due).sum().cast(pl.Int64).alias("on_time"),
        (pl.col("delivered_at") > due).sum().cast(pl.Int64).alias("late"),
        (~delivered & (due < night)).sum().cast(pl.Int64).alias("overdue"),
        (~delivered & (due >= night)).sum().cast(pl.Int64).alias("open"),
        cycle.sort().mean().alias("cycle_days_mean"),
        *(cycle.quantile(p / 100, "linear").alias(f"cycle_days_p{p}") for p in (50, 90, 95)),
        transit.sort().mean().alias("transit_days_mean"),
        transit.quantile(0.9, "linear").alias("transit_days_p90"),
        pl.col("failed_attempts").sum().cast(pl.Int64),
        pl.col("is_returned").sum().cast(pl.Int64).alias("returned_to_sender"),
        pl.col("is_lost").sum().cast(pl.Int64).alias("lost_or_unknown"),
        pl.col("is_tracked").mean().alias("tracked_share"),
    ]
    found = rows.group_by(keys).agg(figures) if keys else rows.select(figures).filter(pl.col("shipped") > 0)
    judged = pl.col("delivered") + pl.col("overdue")
    return found.with_columns(
        *([] if keys else [pl.lit(None, pl.String).alias("carrier")]),
        level=pl.lit(level),
        promise=pl.lit("last"),
        tolerance_days=pl.lit(tolerance, pl.Int64),
        on_time_share=pl.when(judged > 0).then(pl.col("on_time") / judged),
    ).select(*DELIVERY_PERFORMANCE.schema)
