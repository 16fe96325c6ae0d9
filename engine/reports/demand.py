"""Expected demand of each stock from its own sales, corrected for days without stock."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import polars as pl

from engine.errors import InputError
from engine.reports.history import History
from solvers.inventory import value_stocks

RECENT_DAYS: Final = 90
FEWEST_DAYS: Final = 14
"""A rate is never taken from fewer days in stock than this; a longer window, or a lower rate, is better."""


def expected_demand(history: History, stocks: pl.DataFrame, *, threads: int = 1) -> pl.DataFrame:
    """Give expected units a day of each stock: sales less returns over the days on which it could sell.

    Days that begin and end without stock and sell nothing say nothing about demand, so they do not count. The recent
    90 days decide; where fewer than 14 of them could sell, the whole period does.

    Parameters
    ----------
    history
        The stock history.
    stocks
        The same, measured over the whole period.
    threads
        Threads to use; the result does not depend on it.

    Raises
    ------
    InputError
        When units or values of a stock cannot be valued exactly.
    """
    period_days = history.arrays.period_days
    recent_days = min(RECENT_DAYS, period_days)
    try:
        recent = value_stocks(replace(history.arrays, period_days=recent_days), threads=threads)
    except ValueError as error:
        raise InputError(f"stock and stock_movements cannot be valued: {error}") from error
    return (
        stocks.select(
            "warehouse_id",
            "sku",
            sold=pl.col("sale_units") - pl.col("returned_units"),
            days=period_days - pl.col("idle_out_days"),
            recent_sold=pl.Series(recent.of("sale_units") - recent.of("returned_units")),
            recent_days=pl.Series(recent_days - recent.of("idle_out_days")),
        )
        .with_columns(
            units_per_day=pl.when(pl.col("recent_days") >= min(FEWEST_DAYS, recent_days))
            .then(_rate("recent_sold", "recent_days"))
            .otherwise(_rate("sold", "days"))
        )
        .select("warehouse_id", "sku", "units_per_day")
    )


def _rate(sold: str, days: str) -> pl.Expr:
    units = pl.max_horizontal(pl.col(sold), pl.lit(0, pl.Int64))
    return units / pl.max_horizontal(pl.col(days), pl.lit(FEWEST_DAYS, pl.Int64))
