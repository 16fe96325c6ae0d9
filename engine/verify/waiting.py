"""Invariant 4, third part: what waiting is set at."""

from __future__ import annotations

from datetime import datetime
from typing import Final

import polars as pl

from engine.config import Settings
from engine.verify.checks import Check, must, named
from engine.verify.files import Night
from engine.verify.rounding import is_nearest

_DAY_US: Final = 24 * 60 * 60 * 1_000_000
_LINE: Final = ["order_id", "line_number", "sku"]


def check_waiting(night: Night) -> Check:
    """Check the price of leaving each piece, and what is charged and said of the lines that wait.

    Parameters
    ----------
    night
        The run.
    """
    receipts = next_receipts(night.table("inbound"), night.as_of)
    pieces, offers, backorders = night.table("offer_pieces"), night.table("offers"), night.table("backorders")
    priced = pieces.join(
        night.table("orders").select("order_id", "priority"), on="order_id", how="left", maintain_order="left"
    )
    priced = with_days(priced.join(receipts, on="sku", how="left", maintain_order="left"), night.settings)
    priced = _with_move(_with_cheapest_alone(priced, offers, night.table("order_lines")), night)
    costs = night.settings.costs
    base = costs.backorder_cents_per_line + pl.col("quantity") * pl.col("days") * costs.backorder_cents_per_unit_day
    waiting = (
        uncovered_pieces(pieces, offers)
        .group_by(_LINE, maintain_order=True)
        .agg(piece_units=pl.col("quantity").sum(), piece_cents=pl.col("backorder_cents").sum())
    )
    lines = backorders.join(receipts, on="sku", how="left", maintain_order="left").join(
        waiting, on=_LINE, how="full", coalesce=True, maintain_order="left_right"
    )
    return named(
        "prices.waiting",
        must(
            priced,
            pl.col("later_cents") == pl.col("cheapest_alone"),
            "order {order_id} piece {piece_number} ({sku}): later_cents is {later_cents}, its cheapest offer alone is {cheapest_alone}",
        ),
        must(
            priced,
            is_nearest(
                pl.col("backorder_cents") - pl.col("later_cents") - pl.col("move_cents"), base, costs.priority_share
            ),
            "order {order_id} piece {piece_number} ({sku}): backorder_cents is {backorder_cents} for {quantity} units over "
            "{days} days, priority {priority}",
        ),
        must(
            lines,
            (pl.col("quantity") == pl.col("piece_units")) & (pl.col("cost_cents") == pl.col("piece_cents")),
            "order {order_id} line {line_number} ({sku}): {quantity} units wait for {cost_cents} cents, the pieces that no "
            "chosen offer carries are {piece_units} units for {piece_cents}",
        ),
        must(
            lines.filter(pl.col("quantity").is_not_null()),
            pl.col("expected_at").eq_missing(pl.col("next_receipt")),
            "order {order_id} line {line_number}: expected_at is {expected_at}, the next receipt of {sku} is {next_receipt}",
        ),
    )


def _with_cheapest_alone(pieces: pl.DataFrame, offers: pl.DataFrame, order_lines: pl.DataFrame) -> pl.DataFrame:
    """Add what the cheapest offer of each piece by itself costs, 0 where there is none.

    Pieces that ship together share the cheapest offer of them all, the odd cents going to the first of them.
    """
    own, line = ["order_id", "set"], ["order_id", "line_number"]
    bit = pl.lit(2, pl.Int64).pow(pl.col("piece_number")).cast(pl.Int64)
    marks = order_lines.select(*line, "ship_together")
    marked = pieces.join(marks, on=line, how="left", maintain_order="left").with_columns(
        set=pl.when(pl.col("ship_together").is_null()).then(bit).otherwise(bit.sum().over("order_id", "ship_together"))
    )
    cheapest = offers.group_by("order_id", set="pieces").agg(least=pl.col("cost_cents").min())
    found = marked.join(cheapest, on=own, how="left", maintain_order="left").with_columns(pl.col("least").fill_null(0))
    before = pl.col("piece_number").rank("ordinal").over(own).cast(pl.Int64) - 1
    share = (pl.col("least") + pl.len().over(own).cast(pl.Int64) - 1 - before) // pl.len().over(own).cast(pl.Int64)
    return found.with_columns(cheapest_alone=share)


def _with_move(pieces: pl.DataFrame, night: Night) -> pl.DataFrame:
    """Add what the wait of a piece costs as a move: where an earlier plan sends all of its line."""
    line = ["order_id", "line_number"]
    planned = night.table("earlier_plan").group_by(line).agg(planned=pl.col("quantity").sum())
    is_moved = pl.col("planned") >= pl.col("quantity").sum().over(line)
    cents = pl.when(is_moved).then(night.settings.costs.churn_cents_per_line).otherwise(0)
    return pieces.join(planned, on=line, how="left", maintain_order="left").with_columns(move_cents=cents)


def next_receipts(inbound: pl.DataFrame, as_of: datetime) -> pl.DataFrame:
    """Give the next firm receipt of each article anywhere, after the night, and how far off it is.

    Parameters
    ----------
    inbound
        Receipts to come.
    as_of
        The night.
    """
    coming = inbound.filter(pl.col("expected_at") > as_of)
    first = coming.group_by("sku", maintain_order=True).agg(next_receipt=pl.col("expected_at").min())
    return first.with_columns(until_us=(pl.col("next_receipt") - as_of).dt.total_microseconds())


def with_days(frame: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """Add the whole days until the next receipt, the horizon where it is farther off or none is firm.

    Parameters
    ----------
    frame
        Column until_us.
    settings
        Section `costs`.
    """
    horizon = settings.costs.backorder_horizon_days
    days = (pl.col("until_us") + _DAY_US - 1) // _DAY_US
    return frame.with_columns(days=pl.min_horizontal(days.fill_null(horizon), pl.lit(horizon)))


def uncovered_pieces(pieces: pl.DataFrame, offers: pl.DataFrame) -> pl.DataFrame:
    """Give the pieces that no chosen offer carries.

    Parameters
    ----------
    pieces, offers
        Pieces of the orders, and the ways to ship them.
    """
    masks = (
        offers.filter("is_chosen").group_by("order_id", maintain_order=True).agg(covered=pl.col("pieces").bitwise_or())
    )
    joined = pieces.join(masks, on="order_id", how="left", maintain_order="left")
    return joined.filter(~has_bit(pl.col("covered").fill_null(0), pl.col("piece_number"))).drop("covered")


def has_bit(mask: pl.Expr, bit: pl.Expr) -> pl.Expr:
    """Tell whether bit number `bit` of a mask is set.

    Parameters
    ----------
    mask, bit
        Whole numbers; a bit is below 62.
    """
    return mask // pl.lit(2, pl.Int64).pow(bit).cast(pl.Int64) % 2 == 1
