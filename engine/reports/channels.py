"""Turnover by channel: what each sold, against its part of the stock that all of them share."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Final

import polars as pl

from engine.contracts.turnover import CHANNEL_TURNOVER
from engine.reports.frames import Frame, frame_of, utc
from engine.reports.history import read_positions
from engine.reports.parts import valued_parts
from engine.reports.ratios import margin, turn_ratios

_PAIR: Final = ["warehouse_id", "sku"]


def channel_turnover(
    stock: Frame,
    movements: Frame | Path,
    products: Frame,
    orders: Frame,
    as_of: datetime,
    *,
    period_days: int = 365,
    prices: Frame | None = None,
    threads: int = 1,
) -> pl.DataFrame:
    """Give the turnover of each channel in a period that ends tonight; all rows add up to the company's.

    A sale or return belongs to the channel of the order that it refers to. Stock belongs to nobody until it is sold, so the
    average stock of a warehouse and article is shared by the cost that each channel sold of it. The row without a channel
    holds stock that nobody sold, movements whose order is not on file, and what covering negative stock cost.

    Parameters
    ----------
    stock, movements, products, as_of, period_days
        As given to `inventory_turnover`; sales and returns refer to their order.
    orders
        Columns `order_id` and `channel`, of past orders too.
    prices
        Columns `sku` and `unit_price_cents`, for gross margin.
    threads
        Threads to use; the result does not depend on it.

    Raises
    ------
    InputError
        When a table lacks a column, or its values cannot be valued exactly.
    """
    last_day = utc(as_of).date()
    first_day = last_day - timedelta(days=period_days - 1)
    parts = valued_parts(stock, movements, products, as_of, threads=threads)
    sold = pl.concat(_sold(valued.rows, orders, first_day) for valued in parts)
    stocks, positions = read_positions(
        stock, movements, products, as_of, period_days=period_days, has_ages=False, threads=threads
    )
    held = stocks.select(
        *_PAIR,
        unit_days=pl.Series(positions.of("unit_days")),
        value_cent_days=pl.Series(positions.of("value_cent_days")),
    )
    return _figures(_shared(held, _with_revenue(sold, prices)), first_day, last_day)


def _sold(rows: pl.DataFrame, orders: Frame, first_day: date) -> pl.DataFrame:
    """Give what each channel sold of each stock, and without a channel what revaluation cost."""
    known = frame_of(orders, "orders", "order_id", "channel").select(
        reference=pl.col("order_id").cast(pl.String), channel=pl.col("channel").cast(pl.String)
    )
    within = rows.filter(pl.col("day") >= first_day)
    trade = within.filter(pl.col("kind").is_in(["sale", "return"])).join(
        known.unique("reference", keep="first", maintain_order=True), on="reference", how="left"
    )
    is_sale = pl.col("kind") == "sale"
    revalued = within.filter(pl.col("revaluation_cents") != 0).select(
        *_PAIR,
        channel=pl.lit(None, pl.String),
        sale_units=pl.lit(0, pl.Int64),
        returned_units=pl.lit(0, pl.Int64),
        cogs_cents="revaluation_cents",
    )
    traded = trade.select(
        *_PAIR,
        "channel",
        sale_units=pl.when(is_sale).then(-pl.col("quantity")).otherwise(0),
        returned_units=pl.when(is_sale).then(0).otherwise(pl.col("quantity")),
        cogs_cents=-pl.col("value_cents"),
    )
    return pl.concat([traded, revalued]).group_by(*_PAIR, "channel").agg(pl.all().sum())


def _with_revenue(sold: pl.DataFrame, prices: Frame | None) -> pl.DataFrame:
    if prices is None:
        return sold.with_columns(revenue=pl.lit(None, pl.Int64), is_priced=pl.lit(value=False))
    known = frame_of(prices, "prices", "sku", "unit_price_cents")
    units = pl.col("sale_units") - pl.col("returned_units")
    return (
        sold.join(known.select("sku", pl.col("unit_price_cents").cast(pl.Int64)), on="sku", how="left")
        .with_columns(revenue=units * pl.col("unit_price_cents"))
        .with_columns(is_priced=pl.col("revenue").is_not_null() | (units == 0))
        .drop("unit_price_cents")
    )


def _shared(held: pl.DataFrame, sold: pl.DataFrame) -> pl.DataFrame:
    """Share the average of each stock among its channels by cost sold, to the cent-day; what nobody sold has no channel."""
    weight = pl.col("cogs_cents").clip(lower_bound=0).cast(pl.Int128)
    upto, whole = pl.col("weight").cum_sum().over(_PAIR), pl.col("weight").sum().over(_PAIR)

    def part(name: str) -> pl.Expr:
        total = pl.col(name).cast(pl.Int128)
        return (total * upto // whole - total * (upto - pl.col("weight")) // whole).alias(name)

    owned = (
        held.join(sold, on=_PAIR, how="inner")
        .with_columns(weight=weight)
        .filter(whole > 0)
        .sort(*_PAIR, "channel", nulls_last=True)
        .with_columns(part("unit_days"), part("value_cent_days"))
    )
    nobody = held.join(owned.select(_PAIR), on=_PAIR, how="anti").with_columns(
        pl.col("unit_days", "value_cent_days").cast(pl.Int128)
    )
    rest = sold.join(owned.select(*_PAIR, "channel"), on=[*_PAIR, "channel"], how="anti", nulls_equal=True)
    return pl.concat([owned.drop("weight"), nobody, rest], how="diagonal").with_columns(
        pl.col("sale_units", "returned_units", "cogs_cents", "revenue", "unit_days", "value_cent_days").fill_null(0),
        pl.col("is_priced").fill_null(value=True),
    )


def _figures(shared: pl.DataFrame, first_day: date, last_day: date) -> pl.DataFrame:
    """Give the figures of each channel from what it sold and its part of each stock."""
    period_days = (last_day - first_day).days + 1
    return (
        shared.group_by("channel")
        .agg(
            pl.col("sale_units", "returned_units", "cogs_cents", "revenue").sum(),
            pl.col("is_priced").all(),
            average_units=pl.col("unit_days").sum().cast(pl.Float64) / period_days,
            average_value_cents=pl.col("value_cent_days").sum().cast(pl.Float64) / period_days,
        )
        .with_columns(margin("revenue", "is_priced"), sold_units=pl.col("sale_units") - pl.col("returned_units"))
        .with_columns(
            *turn_ratios(pl.lit(period_days)),
            first_day=pl.lit(first_day),
            last_day=pl.lit(last_day),
            period_days=pl.lit(period_days),
        )
        .sort("channel", nulls_last=True)
        .select(pl.col(name).cast(dtype) for name, dtype in CHANNEL_TURNOVER.schema.items())
    )
