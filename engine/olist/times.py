"""Local times of São Paulo to instants, where clocks were put forward and back."""

from __future__ import annotations

from typing import Final

import polars as pl

TIMEZONE: Final = "America/Sao_Paulo"
FORMAT: Final = "%Y-%m-%d %H:%M:%S"
HOUR: Final = pl.duration(hours=1)


def instant(column: str) -> pl.Expr:
    """Give the instant of a local time.

    A time that the clocks skipped counts as an hour later: that is what a clock that was not put forward would have
    shown. A time that came twice counts as the first. What is not a time is null.
    """
    local = _local(column)
    whole = local.dt.replace_time_zone(TIMEZONE, non_existent="null", ambiguous="earliest")
    skipped = (local + HOUR).dt.replace_time_zone(TIMEZONE, non_existent="null", ambiguous="earliest")
    return pl.coalesce(whole, skipped).dt.convert_time_zone("UTC").alias(column)


def end_of_day(column: str) -> pl.Expr:
    """Give the last second of a local day: a promised date is kept by a delivery at any time of it."""
    last = _local(column).dt.truncate("1d") + pl.duration(hours=23, minutes=59, seconds=59)
    # Where the clocks go back at midnight the hour before it comes twice; the day ends with the second.
    moment = last.dt.replace_time_zone(TIMEZONE, non_existent="null", ambiguous="latest")
    return moment.dt.convert_time_zone("UTC").alias(column)


def odd_times(frame: pl.DataFrame, columns: list[str]) -> tuple[int, int]:
    """Count the local times that the clocks skipped, and those that came twice."""
    skipped = twice = 0
    for column in columns:
        local = frame.select(_local(column)).to_series().drop_nulls()
        zoned = local.dt.replace_time_zone
        exists = zoned(TIMEZONE, non_existent="null", ambiguous="earliest").is_not_null()
        is_single = zoned(TIMEZONE, non_existent="null", ambiguous="null").is_not_null()
        skipped += int((~exists).sum())
        twice += int((exists & ~is_single).sum())
    return skipped, twice


def _local(column: str) -> pl.Expr:
    return pl.col(column).str.to_datetime(FORMAT, time_unit="us", strict=False)
