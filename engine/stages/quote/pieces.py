"""Pieces: what a plan moves as a whole. An order line, or a part of its quantity where no warehouse holds all of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final

import polars as pl

from engine.config import Settings
from engine.inputs import Inputs
from solvers.assignment import MAX_PIECES

_MAX_PARTS: Final = 3
"""A line is divided into at most this many parts; what is left beyond them waits together with the last."""


def available_stock(stock: pl.DataFrame) -> pl.DataFrame:
    """Give warehouse_id, sku, available: what may be promised tonight, where there is any."""
    free = pl.col("on_hand") - pl.col("reserved") - pl.col("safety_stock")
    return stock.select("warehouse_id", "sku", free.alias("available")).filter(pl.col("available") > 0)


def pieces_of(
    orders: pl.DataFrame, lines: pl.DataFrame, inputs: Inputs, settings: Settings, as_of: datetime
) -> pl.DataFrame:
    """Divide the released lines into pieces and price the wait of each that does not ship.

    Parameters
    ----------
    orders, lines
        Released orders and their open lines.
    inputs
        Tables stock and inbound.
    settings
        Section `costs`.
    as_of
        The night.

    Returns
    -------
    pl.DataFrame
        order_id, piece_number, line_number, sku, quantity, waiting_cents, expected_at; sorted by order and line.
    """
    parts = _divide(lines, available_stock(inputs.stock))
    pieces = parts.join(_next_receipt(inputs.inbound, as_of), on="sku", how="left", maintain_order="left")
    pieces = pieces.join(orders.select("order_id", "priority"), on="order_id", maintain_order="left").sort(
        "order_id", "line_number", "part"
    )
    return pieces.select(
        "order_id",
        piece_number=(pl.int_range(pl.len()).over("order_id")).cast(pl.Int64),
        line_number=pl.col("line_number"),
        sku=pl.col("sku"),
        quantity=pl.col("quantity"),
        waiting_cents=_waiting_cents(settings, as_of),
        expected_at=pl.col("expected_at"),
    )


def _divide(lines: pl.DataFrame, available: pl.DataFrame) -> pl.DataFrame:
    """Divide what no single warehouse holds along what the best-stocked ones hold."""
    best = (
        available.sort("sku", "available", "warehouse_id", descending=[False, True, False])
        .group_by("sku", maintain_order=True)
        .agg(pl.col("available").head(_MAX_PARTS - 1))
    )
    ordered = lines.sort("order_id", "line_number")
    joined = ordered.join(best, on="sku", how="left", maintain_order="left").with_columns(
        pl.col("available").fill_null([])
    )
    held = pl.col("available").list.first() >= pl.col("quantity")
    joined = joined.with_columns(further=pl.when(held).then(0).otherwise(pl.col("available").list.len()).cast(pl.Int64))
    # Lines of an order are divided as long as the plan can tell its pieces apart.
    room = MAX_PIECES - pl.len().over("order_id")
    whole = pl.col("further").eq(0) | (pl.col("further").cum_sum().over("order_id") > room)
    kept = joined.filter(whole).select("order_id", "line_number", "sku", "quantity", part=pl.lit(0, pl.Int64))
    divided = joined.filter(~whole)
    if not divided.height:
        return kept
    bounds = divided.with_columns(
        pl.concat_list(pl.col("available").list.eval(pl.element().cum_sum()), pl.col("quantity")).alias("upper"),
        pl.int_ranges(pl.col("available").list.len() + 1).alias("part"),
    ).explode("upper", "part")
    bounds = bounds.with_columns(pl.min_horizontal("upper", "quantity").alias("upper"))
    lower = pl.col("upper").shift(1, fill_value=0).over("order_id", "line_number")
    parts = bounds.with_columns((pl.col("upper") - lower).alias("quantity")).filter(pl.col("quantity") > 0)
    return pl.concat([kept, parts.select("order_id", "line_number", "sku", "quantity", pl.col("part").cast(pl.Int64))])


def _next_receipt(inbound: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    return inbound.filter(pl.col("expected_at") > as_of).group_by("sku").agg(pl.col("expected_at").min())


def _waiting_cents(settings: Settings, as_of: datetime) -> pl.Expr:
    """Price waiting: a sum a line, and one a unit and day until the next firm receipt; dearer with priority."""
    costs = settings.costs
    day_us = timedelta(days=1) // timedelta(microseconds=1)
    until_us = (pl.col("expected_at") - pl.lit(as_of)).dt.total_microseconds()
    days = ((until_us + day_us - 1) // day_us).cast(pl.Int64)
    capped = pl.min_horizontal(days.fill_null(costs.backorder_horizon_days), pl.lit(costs.backorder_horizon_days))
    base = costs.backorder_cents_per_line + pl.col("quantity") * capped * costs.backorder_cents_per_unit_day
    return raised_by_priority(base, settings)


def with_backorder_cents(pieces: pl.DataFrame, offers: pl.DataFrame) -> pl.DataFrame:
    """Add `later_cents` and `backorder_cents`: waiting does not save the parcel, it only sends it later.

    Parameters
    ----------
    pieces
        With `waiting_cents`.
    offers
        Contract `offers` without `is_chosen`.
    """
    alone = offers.filter((pl.col("pieces") & (pl.col("pieces") - 1)) == 0)
    number = pl.col("pieces").cast(pl.Float64).log(2).round().cast(pl.Int64)
    cheapest = alone.group_by("order_id", number.alias("piece_number")).agg(
        pl.col("cost_cents").min().alias("later_cents")
    )
    joined = pieces.join(cheapest, on=["order_id", "piece_number"], how="left", maintain_order="left").with_columns(
        pl.col("later_cents").fill_null(0)
    )
    return joined.with_columns(backorder_cents=pl.col("later_cents") + pl.col("waiting_cents"))


def raised_by_priority(cents: pl.Expr, settings: Settings) -> pl.Expr:
    """Give a price raised by the order's `priority`, to the nearest cent, halves upwards.

    In whole numbers: a binary fraction would put some halves on the wrong side.
    """
    share = Fraction(str(settings.costs.priority_share))
    level = pl.max_horizontal(pl.col("priority"), pl.lit(0))
    raised = cents * (share.denominator + share.numerator * level)
    return (2 * raised + share.denominator) // (2 * share.denominator)
