"""Inventory turnover: how fast stock turned, by stock, article, warehouse, category and company."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from engine.contracts.reports import AGE_CLASSES, INVENTORY_TURNOVER, TURNOVER_LEVELS
from engine.errors import InputError, UsageError
from engine.reports.frames import Frame, frame_of, utc
from engine.reports.history import History, read_positions
from engine.reports.ratios import margin, turn_ratios
from solvers.inventory import StockPositions, value_stocks

_SUMS: Final = (
    "opening_units",
    "received_units",
    "transferred_in_units",
    "transferred_out_units",
    "adjusted_units",
    "written_off_units",
    "sale_units",
    "returned_units",
    "closing_units",
    "opening_value_cents",
    "received_value_cents",
    "cogs_cents",
    "revaluation_cents",
    "closing_value_cents",
    "unit_days",
    "value_cent_days",
    "stock_out_days",
    "negative_days",
)
_AGES: Final = tuple(f"age_{name}_days_{what}" for what in ("units", "value_cents") for name in AGE_CLASSES)
_KEYS: Final[dict[str, tuple[str, ...]]] = {
    "warehouse_sku": ("warehouse_id", "sku", "category"),
    "sku": ("sku", "category"),
    "warehouse": ("warehouse_id",),
    "category": ("category",),
    "company": (),
}
_NAMES: Final = ("warehouse_id", "sku", "category")


def inventory_turnover(
    stock: Frame,
    movements: Frame | Path,
    products: Frame,
    as_of: datetime,
    *,
    period_days: int = 365,
    levels: Sequence[str] = TURNOVER_LEVELS,
    prices: Frame | None = None,
    has_ages: bool = True,
    threads: int = 1,
) -> pl.DataFrame:
    """Give the turnover of a period that ends tonight.

    Average inventory is the time-weighted mean of the daily close at moving-average cost; a stock without movements is
    part of it. Sold is sales less returns to stock; transfers are neither sales nor receipts of the company. Turns are
    annualised with 365 days. Stock on hand when the movements begin is valued at the article's purchase cost and aged
    from the day before the first movement on record.

    Parameters
    ----------
    stock, movements, products
        Tables `stock`, `stock_movements`, `products`, as Polars or pandas frames; movements before the period are used
        for cost and age. A long log may be given as the path of its Parquet file, which is read batch by batch; one in
        time order is never held.
    as_of
        The night; movements after it are left out.
    period_days
        Days of the period, the night's day included; `rolling_turnover` gives periods that end on other days.
    levels
        Levels to give, one below the other: `warehouse_sku`, `sku`, `warehouse`, `category`, `company`; for channels
        see `channel_turnover`.
    prices
        Columns `sku` and `unit_price_cents`, for gross margin; see `mean_prices`.
    has_ages
        False leaves out the columns of stock by age; the others are the same, in a third of the memory.
    threads
        Threads to use; the result does not depend on it.

    Raises
    ------
    InputError
        When a table lacks a column, or its values cannot be valued exactly.
    UsageError
        When a level does not exist.
    """
    unknown = [level for level in levels if level not in TURNOVER_LEVELS]
    if unknown:
        raise UsageError(f"no level {', '.join(unknown)}; there are {', '.join(TURNOVER_LEVELS)}.")
    stocks, positions = read_positions(
        stock, movements, products, as_of, period_days=period_days, has_ages=has_ages, threads=threads
    )
    measures = _with_measures(stocks, positions, has_ages=has_ages)
    return _levels(_with_revenue(measures, prices), levels, utc(as_of).date(), period_days)


def mean_prices(order_lines: Frame) -> pl.DataFrame:
    """Give the mean selling price of each article, weighted by quantity and rounded half up.

    Parameters
    ----------
    order_lines
        Table `order_lines`.
    """
    quantity = pl.col("quantity").sum()
    revenue = (pl.col("quantity") * pl.col("unit_price_cents")).sum()
    lines = frame_of(order_lines, "order_lines", "sku", "quantity", "unit_price_cents")
    return lines.group_by("sku").agg(unit_price_cents=(2 * revenue + quantity) // (2 * quantity)).sort("sku")


def measured(history: History, *, threads: int = 1) -> pl.DataFrame:
    """Give the stocks of a history with every measure of the ledger as a column, and stock and value by age.

    Raises
    ------
    InputError
        When units or values of a stock cannot be valued exactly.
    """
    try:
        positions = value_stocks(history.arrays, threads=threads)
    except ValueError as error:
        raise InputError(f"stock and stock_movements cannot be valued: {error}") from error
    return _with_measures(history.stocks, positions, has_ages=True)


def _with_measures(stocks: pl.DataFrame, positions: StockPositions, *, has_ages: bool) -> pl.DataFrame:
    ages = _age_columns(positions) if has_ages else []
    return stocks.with_columns(*_measure_columns(positions), *ages)


def _measure_columns(positions: StockPositions) -> list[pl.Series]:
    days = ("idle_out_days", "movements", "last_sale_day", "last_receipt_day", "oldest_day")
    return [pl.Series(name, positions.of(name)) for name in (*_SUMS, *days)]


def _age_columns(positions: StockPositions) -> list[pl.Series]:
    units = [pl.Series(f"age_{name}_days_units", positions.age_units[:, i]) for i, name in enumerate(AGE_CLASSES)]
    values = [
        pl.Series(f"age_{name}_days_value_cents", positions.age_value_cents[:, i]) for i, name in enumerate(AGE_CLASSES)
    ]
    return [*units, *values]


def _with_revenue(stocks: pl.DataFrame, prices: Frame | None) -> pl.DataFrame:
    if prices is None:
        return stocks.with_columns(revenue_cents=pl.lit(None, pl.Int64))
    known = frame_of(prices, "prices", "sku", "unit_price_cents")
    return stocks.join(
        known.select("sku", pl.col("unit_price_cents").cast(pl.Int64)), on="sku", how="left", maintain_order="left"
    ).with_columns(
        revenue_cents=(pl.col("sale_units") - pl.col("returned_units")) * pl.col("unit_price_cents"),
    )


def _levels(stocks: pl.DataFrame, levels: Sequence[str], last_day: date, period_days: int) -> pl.DataFrame:
    """Give the figures of each level, one below the other, with the days of the period; no ages where the stocks have none."""
    frames = [_rolled_up(stocks, level, period_days) for level in levels]
    empty = INVENTORY_TURNOVER.empty().drop([name for name in _AGES if name not in stocks.columns])
    return (
        pl.concat([empty.lazy(), *frames])
        .with_columns(first_day=pl.lit(last_day - timedelta(days=period_days - 1)), last_day=pl.lit(last_day))
        .collect()
    )


def _rolled_up(stocks: pl.DataFrame, level: str, period_days: int) -> pl.LazyFrame:
    """Add the stocks up to a level; margin only where every stock that sold has a price."""
    keys = _KEYS[level]
    # 128 bits: cent-days of a whole company pass 64 bits before its money does.
    wide = [pl.col(name).cast(pl.Int128).sum().alias(name) for name in ("unit_days", "value_cent_days")]
    ages = [name for name in _AGES if name in stocks.columns]
    sums = [pl.col(name).sum() for name in (*_SUMS, *ages) if name not in ("unit_days", "value_cent_days")]
    sold = pl.col("sale_units") != pl.col("returned_units")
    revenue = (
        pl.when((sold & pl.col("revenue_cents").is_null()).any()).then(None).otherwise(pl.col("revenue_cents").sum())
    )
    has_price = pl.col("revenue_cents").is_not_null().any().alias("has_price")
    every = [*sums, *wide, revenue.alias("revenue_cents"), has_price, pl.len().cast(pl.Int64).alias("stocks")]
    frame = stocks.lazy()
    if level == "warehouse_sku":
        alone = [pl.col("revenue_cents").is_not_null().alias("has_price"), pl.lit(1, pl.Int64).alias("stocks")]
        grouped = frame.with_columns(alone).sort(keys)
    else:
        grouped = (
            frame.group_by(keys).agg(every).sort(keys) if keys else frame.select(every).filter(pl.col("stocks") > 0)
        )
    absent = [pl.lit(None, pl.String).alias(name) for name in _NAMES if name not in keys]
    return (
        grouped.with_columns(*absent, level=pl.lit(level), period_days=pl.lit(period_days, pl.Int64))
        .with_columns(_base_figures(period_days))
        .with_columns(_ratios(level, period_days))
        .with_columns(first_day=pl.lit(None, pl.Date), last_day=pl.lit(None, pl.Date))
        .select(name for name in INVENTORY_TURNOVER.schema if name in ages or name not in _AGES)
    )


def _base_figures(period_days: int) -> list[pl.Expr]:
    return [
        (pl.col("sale_units") - pl.col("returned_units")).alias("sold_units"),
        (pl.col("unit_days").cast(pl.Float64) / period_days).alias("average_units"),
        (pl.col("value_cent_days").cast(pl.Float64) / period_days).alias("average_value_cents"),
        margin("revenue_cents", "has_price"),
    ]


def _ratios(level: str, period_days: int) -> list[pl.Expr]:
    sold, supply = pl.col("sold_units"), pl.col("opening_units") + pl.col("received_units")
    if level.startswith("warehouse"):
        supply = supply + pl.col("transferred_in_units")
    return [
        *turn_ratios(pl.lit(period_days)),
        pl.when(supply > 0).then(sold / supply).alias("sell_through"),
        ((pl.col("average_units") > 0) & (sold <= 0)).alias("no_sales"),
        ((pl.col("average_units") == 0) & (sold > 0)).alias("cross_dock"),
    ]
