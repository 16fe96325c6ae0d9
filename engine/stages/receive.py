"""Receive: which orders are released to the plan, and why the others are held."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import polars as pl

from engine.assignment.magnitudes import most_cents, waiting_estimate
from engine.config import Settings
from engine.contracts.outputs import HOLDS
from engine.holds import HoldReason, held, latest_actions, repeated_orders
from engine.inputs import Inputs
from engine.working_days import END_OF_DAY, NO_HOLIDAYS, add_working_days, holidays_by_country

MAX_LINES: Final = 40
"""More lines than this are more than the plan can divide; such an order needs a person."""


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


def receive(inputs: Inputs, book_holds: pl.DataFrame, settings: Settings, as_of: datetime) -> Received:
    """Release or hold every open order.

    Parameters
    ----------
    inputs
        The canonical tables.
    book_holds
        order_id, reason, detail of what only the book can tell; a planner's release sets them aside.
    settings
        Section `receive` and `promise`.
    as_of
        The night.
    """
    orders = inputs.orders.select("order_id", "payment_status", "placed_at", "cancelled_at")
    lines = inputs.order_lines
    latest = latest_actions(inputs.order_actions, as_of)
    released_by_hand = latest.filter(pl.col("action") == "release").select("order_id")
    twins = repeated_orders(inputs.orders, lines, inputs.order_actions, as_of)
    soft = [_payment(orders, settings), book_holds.select("order_id", "reason", "detail"), twins]
    hard = [
        _cancelled(orders, latest, as_of),
        held(
            latest.filter(pl.col("action") == "hold"), HoldReason.HELD_BY_PLANNER, pl.col("note").fill_null("no note")
        ),
        _no_lines(orders, lines),
        _too_many_lines(lines),
        _products(lines, inputs.products),
        *_dates(orders, settings, as_of),
        _too_dear(inputs.orders, lines, settings),
    ]
    soft = [holds.join(released_by_hand, on="order_id", how="anti") for holds in soft]
    holds = (
        pl.concat([*hard, *soft]).join(orders.select("order_id"), on="order_id", how="semi").sort("order_id", "reason")
    )
    holds = holds.unique(subset=["order_id", "reason"], keep="first", maintain_order=True)
    released = inputs.orders.join(holds.select("order_id").unique(), on="order_id", how="anti", maintain_order="left")
    released_lines = lines.join(released.select("order_id"), on="order_id", how="semi", maintain_order="left")
    return Received(
        _with_promise(released, inputs.holidays, settings), released_lines, holds.select(list(HOLDS.schema))
    )


def _payment(orders: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    accepted = settings.receive.release_payments
    return held(
        orders.filter(~pl.col("payment_status").is_in(accepted)),
        HoldReason.PAYMENT,
        pl.format("payment is {}; released when it is " + " or ".join(accepted), pl.col("payment_status")),
    )


def _cancelled(orders: pl.DataFrame, latest: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    by_customer = orders.filter(pl.col("cancelled_at") <= as_of).select("order_id", pl.col("cancelled_at").alias("at"))
    by_planner = latest.filter(pl.col("action") == "cancel").select("order_id", pl.col("acted_at").alias("at"))
    both = pl.concat([by_customer, by_planner]).group_by("order_id", maintain_order=True).first()
    return held(
        both, HoldReason.CANCELLED, pl.format("cancelled at {}", pl.col("at").dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    )


def _no_lines(orders: pl.DataFrame, lines: pl.DataFrame) -> pl.DataFrame:
    bare = orders.join(lines.select("order_id").unique(), on="order_id", how="anti")
    return held(bare, HoldReason.NO_LINES, pl.lit("no line of it is on file; import its order_lines"))


def _too_many_lines(lines: pl.DataFrame) -> pl.DataFrame:
    counted = lines.group_by("order_id").len("lines").filter(pl.col("lines") > MAX_LINES)
    return held(
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
            held(unknown, HoldReason.UNKNOWN_SKU, pl.format("not in products: {}; add it there", pl.col("skus"))),
            held(
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


def _too_dear(orders: pl.DataFrame, lines: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    most = most_cents(lines)
    priced = lines.join(orders.select("order_id", "priority"), on="order_id").with_columns(
        cents=waiting_estimate(settings)
    )
    worst = priced.filter(pl.col("cents") > most).group_by("order_id", maintain_order=True).agg(pl.col("cents").max())
    detail = pl.format(
        "the wait of a line would cost {} cents, at most " + str(most) + " can be summed; correct quantity or priority",
        pl.col("cents").round().cast(pl.UInt64, strict=False),
    )
    return held(worst, HoldReason.COST_TOO_LARGE, detail)


def _dates(orders: pl.DataFrame, settings: Settings, as_of: datetime) -> list[pl.DataFrame]:
    latest = as_of + timedelta(hours=settings.receive.longest_future_hours)
    earliest = as_of - timedelta(days=settings.receive.longest_past_days)
    detail = pl.format("placed_at is {}; correct it", pl.col("placed_at").dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    return [
        held(orders.filter(pl.col("placed_at") > latest), HoldReason.DATE_IN_FUTURE, detail),
        held(orders.filter(pl.col("placed_at") < earliest), HoldReason.DATE_TOO_OLD, detail),
    ]


def _with_promise(orders: pl.DataFrame, holidays: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """Fill in the promise of orders without one: the end of the day, so many working days there after they were placed."""
    promise, rest = settings.promise, holidays_by_country(holidays)
    days = {"economy": promise.economy_days, "standard": promise.standard_days, "express": promise.express_days}
    allowed = pl.col("service_level").replace_strict(days, return_dtype=pl.Int64)
    trip = ["placed_on", "days", "ship_country"]
    placed = orders.select("promised_by", "ship_country", placed_on=pl.col("placed_at").dt.date(), days=allowed)
    distinct = placed.select(trip).unique(maintain_order=True)
    ends = [
        datetime.combine(add_working_days(day, count, rest.get(country, NO_HOLIDAYS)), END_OF_DAY, UTC)
        for day, count, country in distinct.iter_rows()
    ]
    derived = distinct.with_columns(pl.Series("derived", ends, dtype=pl.Datetime("us", "UTC")))
    found = placed.join(derived, on=trip, how="left", maintain_order="left")
    return orders.with_columns(found.select(pl.coalesce("promised_by", "derived")).to_series())
