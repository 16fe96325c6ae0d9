"""Receive: which orders are released to the plan, and why the others are held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Final

import polars as pl

from engine.config import Settings
from engine.contracts.outputs import HOLDS
from engine.inputs import Inputs

MAX_LINES: Final = 40
"""More lines than this are more than the plan can divide; such an order needs a person."""


class HoldReason(StrEnum):
    """Why an order is not released."""

    CANCELLED = "cancelled"
    HELD_BY_PLANNER = "held_by_planner"
    PAYMENT = "payment"
    NO_LINES = "no_lines"
    TOO_MANY_LINES = "too_many_lines"
    LINE_REJECTED = "line_rejected"
    UNKNOWN_SKU = "unknown_sku"
    SIZE_MISSING = "size_missing"
    DUPLICATE = "duplicate"
    DATE_IN_FUTURE = "date_in_future"
    DATE_TOO_OLD = "date_too_old"


@dataclass(frozen=True)
class Received:
    """The orders of tonight, divided.

    Parameters
    ----------
    orders
        Released orders; `promised_by` is filled in for all.
    order_lines
        Their open lines.
    holds
        Every reason of every order that is held.
    """

    orders: pl.DataFrame
    order_lines: pl.DataFrame
    holds: pl.DataFrame


def receive(inputs: Inputs, line_rejects: pl.DataFrame, settings: Settings, as_of: datetime) -> Received:
    """Release or hold every open order.

    Parameters
    ----------
    inputs
        The canonical tables.
    line_rejects
        order_id, detail of orders that lack a line because its row was bad.
    settings
        Section `receive` and `promise`.
    as_of
        The night.
    """
    orders = inputs.orders.select("order_id", "payment_status", "placed_at", "cancelled_at")
    lines = inputs.order_lines
    latest = _latest_actions(inputs.order_actions, as_of)
    released_by_hand = latest.filter(pl.col("action") == "release").select("order_id")
    soft = [_payment(orders, settings), _duplicates(inputs, as_of)]
    hard = [
        _cancelled(orders, latest, as_of),
        _hold(
            latest.filter(pl.col("action") == "hold"), HoldReason.HELD_BY_PLANNER, pl.col("note").fill_null("no note")
        ),
        _no_lines(orders, lines),
        _too_many_lines(lines),
        _hold(
            line_rejects,
            HoldReason.LINE_REJECTED,
            pl.format("{}; correct the row and import the order's lines again", pl.col("detail")),
        ),
        _products(lines, inputs.products),
        *_dates(orders, settings, as_of),
    ]
    soft = [holds.join(released_by_hand, on="order_id", how="anti") for holds in soft]
    holds = (
        pl.concat([*hard, *soft]).join(orders.select("order_id"), on="order_id", how="semi").sort("order_id", "reason")
    )
    holds = holds.unique(subset=["order_id", "reason"], keep="first", maintain_order=True)
    released = inputs.orders.join(holds.select("order_id").unique(), on="order_id", how="anti", maintain_order="left")
    released_lines = lines.join(released.select("order_id"), on="order_id", how="semi", maintain_order="left")
    return Received(_with_promise(released, settings), released_lines, holds.select(list(HOLDS.schema)))


def _hold(frame: pl.DataFrame, reason: HoldReason, detail: pl.Expr) -> pl.DataFrame:
    return frame.select("order_id", pl.lit(reason.value).alias("reason"), detail.alias("detail"))


def _latest_actions(actions: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    return (
        actions.filter(pl.col("acted_at") <= as_of)
        .sort("order_id", "acted_at")
        .group_by("order_id", maintain_order=True)
        .last()
    )


def _payment(orders: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    accepted = settings.receive.release_payments
    return _hold(
        orders.filter(~pl.col("payment_status").is_in(accepted)),
        HoldReason.PAYMENT,
        pl.format("payment is {}; released when it is " + " or ".join(accepted), pl.col("payment_status")),
    )


def _cancelled(orders: pl.DataFrame, latest: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    by_customer = orders.filter(pl.col("cancelled_at") <= as_of).select("order_id", pl.col("cancelled_at").alias("at"))
    by_planner = latest.filter(pl.col("action") == "cancel").select("order_id", pl.col("acted_at").alias("at"))
    both = pl.concat([by_customer, by_planner]).group_by("order_id", maintain_order=True).first()
    return _hold(
        both, HoldReason.CANCELLED, pl.format("cancelled at {}", pl.col("at").dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    )


def _no_lines(orders: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    bare = orders.join(lines.select("order_id").unique(), on="order_id", how="anti")
    return _hold(bare, HoldReason.NO_LINES, pl.lit("no line of it is on file; import its order_lines"))


def _too_many_lines(lines: pl.DataFrame) -> pl.DataFrame:
    counted = lines.group_by("order_id").len("lines").filter(pl.col("lines") > MAX_LINES)
    return _hold(
        counted,
        HoldReason.TOO_MANY_LINES,
        pl.format(f"{{}} lines, at most {MAX_LINES}; divide the order", pl.col("lines")),
    )


def _products(lines: pl.DataFrame, products: pl.DataFrame) -> pl.DataFrame:
    known = products.select(
        "sku", has_size=pl.all_horizontal(pl.col("length_mm", "width_mm", "height_mm", "weight_g").is_not_null())
    )
    joined = lines.join(known, on="sku", how="left")
    unknown = _first_skus(joined.filter(pl.col("has_size").is_null()))
    unmeasured = _first_skus(joined.filter(~pl.col("has_size")))
    return pl.concat(
        [
            _hold(unknown, HoldReason.UNKNOWN_SKU, pl.format("not in products: {}; add it there", pl.col("skus"))),
            _hold(
                unmeasured,
                HoldReason.SIZE_MISSING,
                pl.format("size or weight missing in products: {}; measure it", pl.col("skus")),
            ),
        ]
    )


def _first_skus(lines: pl.DataFrame) -> pl.DataFrame:
    return (
        lines.sort("order_id", "line_number")
        .group_by("order_id", maintain_order=True)
        .agg(pl.col("sku").unique(maintain_order=True).head(3).str.join(", ").alias("skus"))
    )


def _duplicates(inputs: Inputs, as_of: datetime) -> pl.DataFrame:
    """Hold the later of two orders that agree in channel, time, destination and every line: the same order sent twice."""
    content = (
        inputs.order_lines.sort("order_id", "line_number")
        .group_by("order_id", maintain_order=True)
        .agg(
            pl.format("{} x {} @ {}", pl.col("quantity"), pl.col("sku"), pl.col("unit_price_cents"))
            .str.join("|")
            .alias("content")
        )
    )
    same = ["channel", "placed_at", "ship_country", "ship_postcode", "content"]
    orders = (
        inputs.orders.filter(pl.col("cancelled_at").is_null() | (pl.col("cancelled_at") > as_of))
        .join(content, on="order_id")
        .sort("order_id")
    )
    first = pl.col("order_id").first().over(same)
    twice = orders.with_columns(first.alias("first")).filter(pl.col("order_id") != pl.col("first"))
    return _hold(
        twice,
        HoldReason.DUPLICATE,
        pl.format("same channel, time, destination and lines as order {}; release or cancel it", pl.col("first")),
    )


def _dates(orders: pl.DataFrame, settings: Settings, as_of: datetime) -> list[pl.DataFrame]:
    latest = as_of + timedelta(hours=settings.receive.longest_future_hours)
    earliest = as_of - timedelta(days=settings.receive.longest_past_days)
    detail = pl.format("placed_at is {}; correct it", pl.col("placed_at").dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    return [
        _hold(orders.filter(pl.col("placed_at") > latest), HoldReason.DATE_IN_FUTURE, detail),
        _hold(orders.filter(pl.col("placed_at") < earliest), HoldReason.DATE_TOO_OLD, detail),
    ]


def _with_promise(orders: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """Fill in the promise of orders that carry none: so many days after they were placed, by service level."""
    promise = settings.promise
    days = {"economy": promise.economy_days, "standard": promise.standard_days, "express": promise.express_days}
    derived = pl.col("placed_at") + pl.duration(
        days=pl.col("service_level").replace_strict(days, return_dtype=pl.Int64)
    )
    return orders.with_columns(pl.coalesce("promised_by", derived))
