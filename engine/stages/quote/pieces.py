"""Pieces: what a plan moves as a whole. An order line, or a part of its quantity where no warehouse holds all of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from engine.config import Settings
from engine.inputs import Inputs
from solvers.assignment import MAX_PIECES

_MAX_PARTS: Final = 3
"""A line is divided into at most this many parts; what is left beyond them waits together with the last."""
_PART: Final = ("order_id", "line_number", "sku", "quantity", "ship_together")


def pieces_of(
    orders: pl.DataFrame,
    lines: pl.DataFrame,
    available: pl.DataFrame,
    inputs: Inputs,
    settings: Settings,
    as_of: datetime,
) -> pl.DataFrame:
    """Divide the released lines into pieces and price the wait of each that does not ship.

    Parameters
    ----------
    orders, lines
        Released orders and their open lines.
    available
        warehouse_id, sku, available: what may be taken.
    inputs
        Tables inbound and earlier_plan.
    settings
        Section `costs`.
    as_of
        The night.

    Returns
    -------
    pl.DataFrame
        order_id, piece_number, line_number, sku, quantity, ship_together, waiting_cents, expected_at; sorted by order and
        line.
    """
    parts = _divide(lines, available)
    pieces = parts.join(_next_receipt(inputs.inbound, as_of), on="sku", how="left", maintain_order="left")
    planned = inputs.earlier_plan.group_by("order_id", "line_number").agg(planned_units=pl.col("quantity").sum())
    pieces = (
        pieces.join(orders.select("order_id", "priority"), on="order_id", maintain_order="left")
        .join(planned, on=["order_id", "line_number"], how="left", maintain_order="left")
        .sort("order_id", "line_number", "part")
    )
    return pieces.select(
        "order_id",
        piece_number=(pl.int_range(pl.len()).over("order_id")).cast(pl.Int64),
        line_number=pl.col("line_number"),
        sku=pl.col("sku"),
        quantity=pl.col("quantity"),
        ship_together=pl.col("ship_together"),
        waiting_cents=_waiting_cents(settings, as_of) + _move_cents(settings),
        expected_at=pl.col("expected_at"),
    )


def _divide(lines: pl.DataFrame, available: pl.DataFrame) -> pl.DataFrame:
    """Divide what no single warehouse holds along what the best-stocked ones hold; lines that stay with others stay whole."""
    best = (
        available.sort("sku", "available", "warehouse_id", descending=[False, True, False])
        .group_by("sku", maintain_order=True)
        .agg(pl.col("available").head(_MAX_PARTS - 1))
    )
    ordered = lines.sort("order_id", "line_number")
    joined = ordered.join(best, on="sku", how="left", maintain_order="left").with_columns(
        pl.col("available").fill_null([])
    )
    held = (pl.col("available").list.first() >= pl.col("quantity")) | pl.col("ship_together").is_not_null()
    joined = joined.with_columns(further=pl.when(held).then(0).otherwise(pl.col("available").list.len()).cast(pl.Int64))
    # Lines of an order are divided as long as the plan can tell its pieces apart.
    room = MAX_PIECES - pl.len().over("order_id")
    whole = pl.col("further").eq(0) | (pl.col("further").cum_sum().over("order_id") > room)
    kept = joined.filter(whole).select(*_PART, part=pl.lit(0, pl.Int64))
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
    return pl.concat([kept, parts.select(*_PART, pl.col("part").cast(pl.Int64))])


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


def _move_cents(settings: Settings) -> pl.Expr:
    """Price the wait of a line all of which an earlier plan of the night sends: it moves too."""
    whole = pl.col("planned_units").fill_null(0) >= pl.col("quantity").sum().over("order_id", "line_number")
    return pl.when(whole).then(settings.costs.churn_cents_per_line).otherwise(0)


def with_backorder_cents(pieces: pl.DataFrame, piece_set: npt.NDArray[np.int64], offers: pl.DataFrame) -> pl.DataFrame:
    """Add `later_cents` and `backorder_cents`: waiting does not save the parcel, it only sends it later.

    Parameters
    ----------
    pieces
        With `waiting_cents`.
    piece_set
        Shape (num_pieces,): the pieces that must leave with it as a mask. They share the price of their cheapest offer, the
        first of them bearing the odd cents.
    offers
        Contract `offers` without `is_chosen`.
    """
    cheapest = offers.group_by("order_id", set="pieces").agg(alone=pl.col("cost_cents").min())
    size, rank = pl.len().over("order_id", "set"), pl.int_range(pl.len()).over("order_id", "set")
    share = pl.col("alone").fill_null(0) // size + (rank < pl.col("alone").fill_null(0) % size).cast(pl.Int64)
    return (
        pieces.with_columns(set=pl.Series(piece_set))
        .join(cheapest, on=["order_id", "set"], how="left", maintain_order="left")
        .with_columns(later_cents=share)
        .drop("set", "alone")
        .with_columns(backorder_cents=pl.col("later_cents") + pl.col("waiting_cents"))
    )


def raised_by_priority(cents: pl.Expr, settings: Settings) -> pl.Expr:
    """Give a price raised by the order's `priority`, to the nearest cent, halves upwards.

    In whole numbers: a binary fraction would put some halves on the wrong side.
    """
    share = Fraction(str(settings.costs.priority_share))
    level = pl.max_horizontal(pl.col("priority"), pl.lit(0))
    raised = cents * (share.denominator + share.numerator * level)
    return (2 * raised + share.denominator) // (2 * share.denominator)
