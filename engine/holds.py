"""Why an order is held, and what decides it beyond the order itself: planners, and orders that agree with another."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import polars as pl


class HoldReason(StrEnum):
    """Why an order is not released."""

    CANCELLED = "cancelled"
    HELD_BY_PLANNER = "held_by_planner"
    PAYMENT = "payment"
    NO_LINES = "no_lines"
    TOO_MANY_LINES = "too_many_lines"
    ORDER_REJECTED = "order_rejected"
    LINE_REJECTED = "line_rejected"
    UNKNOWN_SKU = "unknown_sku"
    SIZE_MISSING = "size_missing"
    DUPLICATE = "duplicate"
    DATE_IN_FUTURE = "date_in_future"
    DATE_TOO_OLD = "date_too_old"
    COST_TOO_LARGE = "cost_too_large"


def held(orders: pl.DataFrame, reason: HoldReason, detail: pl.Expr) -> pl.DataFrame:
    """Give order_id, reason, detail of orders that are held for one reason."""
    return orders.select("order_id", pl.lit(reason.value).alias("reason"), detail.alias("detail"))


def latest_actions(order_actions: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Give what planners decided last of each order, up to a night."""
    return (
        order_actions.filter(pl.col("acted_at") <= as_of)
        .sort("order_id", "acted_at")
        .group_by("order_id", maintain_order=True)
        .last()
    )


def repeated_orders(
    orders: pl.DataFrame,
    order_lines: pl.DataFrame,
    order_actions: pl.DataFrame,
    as_of: datetime,
    planned: pl.DataFrame | None = None,
) -> pl.DataFrame:
    """Hold the later of two orders that agree in channel, time, destination and every line: the same order sent twice.

    Parameters
    ----------
    orders, order_lines
        Orders and lines as they were placed, those already planned included: their twin must not follow them.
    order_actions
        What planners decided; a cancelled order has no twin.
    as_of
        The night.
    planned
        `order_id` of orders that earlier nights ship; of two that agree it is the other one that is held.
    """
    same = ["channel", "placed_at", "ship_country", "ship_postcode"]
    cancelled = latest_actions(order_actions, as_of).filter(pl.col("action") == "cancel")
    alike = (
        orders.filter(pl.col("cancelled_at").is_null() | (pl.col("cancelled_at") > as_of))
        .join(cancelled, on="order_id", how="anti")
        .filter(pl.len().over(same) > 1)
    )
    shipped = pl.Series(dtype=pl.String) if planned is None else planned["order_id"]
    content = (
        order_lines.join(alike, on="order_id", how="semi")
        .sort("order_id", "line_number")
        .group_by("order_id", maintain_order=True)
        .agg(pl.struct("quantity", "sku", "unit_price_cents").alias("content"))
    )
    first = pl.col("order_id").first().over([*same, "content"])
    twice = (
        alike.join(content, on="order_id")
        .sort(~pl.col("order_id").is_in(shipped.implode()), "order_id")
        .with_columns(first.alias("first"))
        .filter(pl.col("order_id") != pl.col("first"))
    )
    detail = pl.format("same channel, time, destination and lines as order {}; release or cancel it", pl.col("first"))
    return held(twice, HoldReason.DUPLICATE, detail)
