"""Classes of stocks by value, steadiness and pattern of demand, and what they lost on days without stock."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum
from pathlib import Path
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from engine.contracts.reports import STOCK_CLASSES
from engine.errors import InputError
from engine.reports.history import History, read_history
from engine.reports.turnover import measured
from solvers.inventory import (
    DailySales,
    DemandPattern,
    SteadinessClass,
    ValueClass,
    daily_sales,
    demand_patterns,
    lost_sales,
    steadiness_classes,
    value_classes,
)

_WEEK_DAYS: Final = 7


def stock_classes(
    stock: pl.DataFrame,
    movements: pl.DataFrame | Path,
    products: pl.DataFrame,
    as_of: datetime,
    *,
    period_days: int = 364,
    threads: int = 1,
) -> pl.DataFrame:
    """Give the classes of every stock, and the units it lost on days without stock.

    The value class (ABC) is the article's, by its share of the company's cost of goods sold in the period. Steadiness (XYZ)
    and pattern (Syntetos and Boylan) are the stock's own, from sales by week; weeks without a day in stock are left in as
    they were, for what sold is all that is known of them.

    Parameters
    ----------
    stock, movements, products
        The tables of those names; movements may be the path of a Parquet file.
    as_of
        The night.
    period_days
        Days to look at, the night's day included.
    threads
        Threads to use; the result does not depend on it.

    Raises
    ------
    InputError
        When a table lacks a column, or its values cannot be valued exactly.
    """
    history = read_history(stock, movements, products, as_of, period_days=period_days)
    try:
        daily = daily_sales(history.arrays, threads=threads)
    except ValueError as error:
        raise InputError(f"stock and stock_movements cannot be valued: {error}") from error
    weekly = _weekly(daily)
    lost = lost_sales(daily.sales, daily.could_sell).sum(axis=1)
    return (
        _with_value_class(history, threads)
        .with_columns(
            steadiness_class=_named(steadiness_classes(weekly), SteadinessClass),
            demand_pattern=_named(demand_patterns(weekly), DemandPattern),
            days_without_stock=pl.Series((~daily.could_sell).sum(axis=1)),
            lost_units=pl.Series(lost),
        )
        .with_columns(
            lost_cost_cents=(pl.col("lost_units") * pl.col("unit_cost_cents") + 0.5).floor(),
        )
        .sort("warehouse_id", "sku")
        .select(pl.col(name).cast(dtype) for name, dtype in STOCK_CLASSES.schema.items())
    )


def _weekly(daily: DailySales) -> npt.NDArray[np.int64]:
    """Give sales by whole weeks, the last ending tonight."""
    weeks = daily.sales.shape[1] // _WEEK_DAYS
    recent = daily.sales[:, daily.sales.shape[1] - weeks * _WEEK_DAYS :]
    by_week: npt.NDArray[np.int64] = recent.reshape(recent.shape[0], weeks, _WEEK_DAYS).sum(axis=2, dtype=np.int64)
    return by_week


def _with_value_class(history: History, threads: int) -> pl.DataFrame:
    stocks = measured(history, threads=threads).select(
        "warehouse_id", "sku", "category", "unit_cost_cents", "cogs_cents"
    )
    articles = stocks.group_by("sku").agg(pl.col("cogs_cents").sum()).sort("sku")
    named = articles.select("sku", value_class=_named(value_classes(articles["cogs_cents"].to_numpy()), ValueClass))
    return stocks.join(named, on="sku", how="left", maintain_order="left")


def _named(codes: npt.NDArray[np.int8], classes: type[IntEnum]) -> pl.Series:
    return pl.Series([classes(code).name.lower() for code in codes.tolist()], dtype=pl.String)
