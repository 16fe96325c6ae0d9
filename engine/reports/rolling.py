"""Turnover over time: every day, for the month, the quarter and the year that end on it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from engine.contracts.reports import TURNOVER_LEVELS
from engine.contracts.turnover import ROLLING_TURNOVER
from engine.errors import UsageError
from engine.reports.frames import Frame, frame_of, utc
from engine.reports.parts import valued_parts
from engine.reports.ratios import margin, turn_ratios
from engine.reports.valued import ValuedMovements

_KEYS: Final[dict[str, list[str]]] = {
    "warehouse_sku": ["warehouse_id", "sku", "category"],
    "sku": ["sku", "category"],
    "warehouse": ["warehouse_id"],
    "category": ["category"],
    "company": [],
}
_ALL: Final = "all"
"""Stands for the one group of the company."""
_FLOWS: Final = ("units", "value", "sold_units", "cogs_cents", "supplied", "revenue", "unpriced")


def rolling_turnover(
    stock: Frame,
    movements: Frame | Path,
    products: Frame,
    as_of: datetime,
    *,
    level: str = "company",
    windows: Sequence[int] = (30, 90, 365),
    days: int = 365,
    prices: Frame | None = None,
    threads: int = 1,
) -> pl.DataFrame:
    """Give the turnover of every window that ends on each of the last days: any period is one of its rows.

    The figures of the last day are those of `inventory_turnover` with that period.

    Parameters
    ----------
    stock, movements, products, as_of
        As given to `inventory_turnover`.
    level
        One of its levels.
    windows
        Days of the windows: a month, 90 days, a year.
    days
        Last days to give, the night's included.
    prices
        Columns `sku` and `unit_price_cents`, for gross margin.
    threads
        Threads to use; the result does not depend on it.

    Raises
    ------
    InputError
        When a table lacks a column, or its values cannot be valued exactly.
    UsageError
        When the level does not exist, or a window or the days are below one.
    """
    if level not in TURNOVER_LEVELS:
        raise UsageError(f"no level {level}; there are {', '.join(TURNOVER_LEVELS)}.")
    if not windows or min(windows) < 1 or days < 1:
        raise UsageError(f"windows and days must be at least 1; they are {list(windows)} and {days}.")
    parts = valued_parts(stock, movements, products, as_of, threads=threads)
    counted = [(_groups(valued, level), _flows(valued, prices, level)) for valued in parts]
    by = _by(level)
    groups, flows = (pl.concat(frames) for frames in zip(*counted, strict=True))
    if len(counted) > 1 and "sku" not in by:
        # Parts share no article, but warehouses and categories.
        groups, flows = groups.group_by(by).agg(pl.all().sum()), flows.group_by(*by, "day").agg(pl.all().sum())
    last_day = utc(as_of).date()
    daily = _daily(flows, groups, last_day, days + max(windows) - 1)
    since = last_day - timedelta(days=days - 1)
    frames = [_window(daily, level, window).filter(pl.col("last_day") >= since) for window in windows]
    return (
        pl.concat(frames)
        .with_columns(
            *(pl.lit(None, pl.String).alias(name) for name in _KEYS["warehouse_sku"] if name not in _KEYS[level])
        )
        .sort("warehouse_id", "sku", "category", "window_days", "last_day")
        .select(pl.col(name).cast(dtype) for name, dtype in ROLLING_TURNOVER.schema.items())
    )


def _keyed(frame: pl.DataFrame, level: str) -> pl.DataFrame:
    return frame.with_columns(group=pl.lit(_ALL)) if level == "company" else frame


def _by(level: str) -> list[str]:
    return _KEYS[level] or ["group"]


def _groups(valued: ValuedMovements, level: str) -> pl.DataFrame:
    return (
        _keyed(valued.stocks, level)
        .group_by(_by(level))
        .agg(opening_units=pl.col("opening_units").sum(), opening_value=pl.col("opening_value_cents").sum())
    )


def _flows(valued: ValuedMovements, prices: Frame | None, level: str) -> pl.DataFrame:
    """Give what every group moved on each day."""
    is_sold = pl.col("kind").is_in(["sale", "return"])
    supplies = ["receipt", "transfer_in"] if level.startswith("warehouse") else ["receipt"]
    # Joins of a whole log are most of the work: only those that the level and the figures need.
    rows = valued.rows.with_columns(unit_price_cents=pl.lit(None, pl.Int64))
    if "category" in _KEYS[level]:
        rows = rows.join(valued.stocks.select("warehouse_id", "sku", "category"), on=["warehouse_id", "sku"])
    if prices is not None:
        known = frame_of(prices, "prices", "sku", "unit_price_cents").select(
            "sku", pl.col("unit_price_cents").cast(pl.Int64)
        )
        rows = rows.drop("unit_price_cents").join(known, on="sku", how="left")
    sold = pl.when(is_sold).then(-pl.col("quantity")).otherwise(0)
    return (
        _keyed(rows, level)
        .group_by(*_by(level), "day")
        .agg(
            units=pl.col("quantity").sum(),
            value=(pl.col("value_cents") - pl.col("revaluation_cents")).sum(),
            sold_units=sold.sum(),
            cogs_cents=(pl.when(is_sold).then(-pl.col("value_cents")).otherwise(0) + pl.col("revaluation_cents")).sum(),
            supplied=pl.col("quantity").filter(pl.col("kind").is_in(supplies)).sum(),
            revenue=(sold * pl.col("unit_price_cents")).sum(),
            unpriced=(is_sold & pl.col("unit_price_cents").is_null()).sum().cast(pl.Int64),
        )
    )


def _daily(flows: pl.DataFrame, groups: pl.DataFrame, last_day: date, days: int) -> pl.DataFrame:
    """Give every group on every day, with stock at its close; what moved before is part of the first day's opening."""
    by = [name for name in groups.columns if not name.startswith("opening")]
    first_day = last_day - timedelta(days=days - 1)
    earlier = flows.filter(pl.col("day") < first_day).group_by(by).agg(pl.col("units", "value").sum())
    calendar = pl.DataFrame({"day": pl.date_range(first_day, last_day, eager=True)})
    wide = [pl.col(name).fill_null(0).cast(pl.Int128) for name in _FLOWS]
    return (
        groups.join(earlier, on=by, how="left", nulls_equal=True)
        .with_columns(pl.col("opening_units") + pl.col("units").fill_null(0))
        .with_columns(pl.col("opening_value") + pl.col("value").fill_null(0))
        .drop("units", "value")
        .join(calendar, how="cross")
        .join(flows, on=[*by, "day"], how="left", nulls_equal=True)
        .with_columns(wide)
        .sort(*by, "day")
        .with_columns(
            close_units=pl.col("opening_units") + pl.col("units").cum_sum().over(by),
            close_value=pl.col("opening_value") + pl.col("value").cum_sum().over(by),
        )
    )


def _window(daily: pl.DataFrame, level: str, window: int) -> pl.DataFrame:
    """Give the sums of a window as differences of running sums, so that they are exact."""
    by = _by(level)

    def within(name: str) -> pl.Expr:
        running = pl.col(name).cast(pl.Int128).cum_sum()
        return (running - running.shift(window, fill_value=0)).over(by)

    return (
        daily.with_columns(
            *(within(name).alias(name) for name in ("sold_units", "cogs_cents", "supplied", "revenue", "unpriced")),
            average_units=within("close_units").cast(pl.Float64) / window,
            average_value_cents=within("close_value").cast(pl.Float64) / window,
            moved=within("units"),
            window_days=pl.lit(window, pl.Int64),
            row=pl.int_range(pl.len()).over(by),
        )
        .filter(pl.col("row") >= window - 1)
        .with_columns(
            is_priced=pl.col("unpriced") == 0, supply=pl.col("close_units") - pl.col("moved") + pl.col("supplied")
        )
        .with_columns(margin("revenue", "is_priced"))
        .with_columns(
            *turn_ratios(pl.col("window_days")),
            sell_through=pl.when(pl.col("supply") > 0).then(
                pl.col("sold_units").cast(pl.Float64) / pl.col("supply").cast(pl.Float64)
            ),
            last_day="day",
        )
        .select(name for name in ROLLING_TURNOVER.schema if name in [*_KEYS[level], *_GIVEN])
    )


_GIVEN: Final = [name for name in ROLLING_TURNOVER.schema if name not in ("warehouse_id", "sku", "category")]
