"""Invariant 7, second part: what moved from where an earlier plan sends it is told, priced, and its saving is what it says."""

from __future__ import annotations

from typing import Final

import numpy as np
import polars as pl

from engine.verify.checks import Check, must, named, none_of, told
from engine.verify.files import Night
from engine.verify.partitions import Orders, least_costs
from engine.verify.waiting import has_bit, uncovered_pieces

_LINE: Final = ["order_id", "line_number"]
_UNLIMITED: Final = 2**31


def check_moves(night: Night) -> Check:
    """Check that moves are exactly the lines that an earlier plan sends from elsewhere, and what offers pay for them.

    Parameters
    ----------
    night
        The run.
    """
    moves, cents = night.table("moves"), night.settings.costs.churn_cents_per_line
    expected = _expected_moves(night)
    key = [*_LINE, "sku", "planned_from", "now_from"]
    priced = _with_churn(night, cents)
    return named(
        "rules.moves",
        none_of(
            moves.join(expected, on=key, how="anti", nulls_equal=True, maintain_order="left"),
            "order {order_id} line {line_number} ({sku}) is said to move from {planned_from} to {now_from}; it does not",
            moves.height,
        ),
        none_of(
            expected.join(moves, on=key, how="anti", nulls_equal=True, maintain_order="left"),
            "order {order_id} line {line_number} ({sku}) moves from {planned_from} to {now_from}; no move says so",
            expected.height,
        ),
        must(
            moves,
            pl.col("churn_cents") == cents,
            "order {order_id} line {line_number}: a move is set at {churn_cents} cents",
        ),
        must(
            priced,
            pl.col("churn_cents") == pl.col("expected_cents"),
            "order {order_id} offer {offer_number}: churn_cents is {churn_cents}, recomputed {expected_cents}",
        ),
    )


def _expected_moves(night: Night) -> pl.DataFrame:
    pieces = night.table("offer_pieces")
    asked = pieces.group_by(*_LINE, "sku", maintain_order=True).agg(asked=pl.col("quantity").sum())
    planned = (
        night.table("earlier_plan")
        .group_by(_LINE)
        .agg(planned=pl.col("quantity").sum(), before=pl.col("warehouse_id").unique().sort())
    )
    origins = night.table("shipments").select("shipment_id", "warehouse_id")
    sent = (
        night.table("shipment_lines")
        .join(origins, on="shipment_id")
        .group_by(_LINE)
        .agg(sent=pl.col("quantity").sum(), after=pl.col("warehouse_id").unique().sort())
    )
    both = asked.join(planned, on=_LINE, maintain_order="left").join(sent, on=_LINE, how="left", maintain_order="left")
    is_elsewhere = pl.col("after").list.set_difference("before").list.len().fill_null(0) > 0
    stops = (pl.col("sent").fill_null(0) < pl.col("asked")) & (pl.col("planned") >= pl.col("asked"))
    return both.filter(is_elsewhere | stops).select(
        *_LINE, "sku", planned_from=pl.col("before").list.join(" "), now_from=pl.col("after").list.join(" ")
    )


def _with_churn(night: Night, cents: int) -> pl.DataFrame:
    """Give offers with what they should pay for pieces of lines that an earlier plan sends from elsewhere only."""
    planned = night.table("earlier_plan").select(*_LINE, "warehouse_id")
    if planned.is_empty():
        return night.table("offers").with_columns(expected_cents=pl.lit(0, pl.Int64))
    known = night.table("offer_pieces").join(planned.select(_LINE).unique(), on=_LINE, maintain_order="left")
    carried = (
        night.table("offers")
        .join(known.select(*_LINE, "piece_number"), on="order_id", how="inner")
        .filter(has_bit(pl.col("pieces"), pl.col("piece_number")))
    )
    moved = carried.join(planned, on=[*_LINE, "warehouse_id"], how="anti")
    counted = moved.group_by("order_id", "offer_number").agg(expected_cents=cents * pl.len().cast(pl.Int64))
    return (
        night.table("offers")
        .join(counted, on=["order_id", "offer_number"], how="left", maintain_order="left")
        .with_columns(pl.col("expected_cents").fill_null(0))
    )


def check_moves_saved(night: Night) -> Check:
    """Check what the moved orders would cost at least if they could only stay or wait, less what they cost.

    Parameters
    ----------
    night
        The run.
    """
    moved = night.table("moves").select("order_id").unique().sort("order_id")
    published = int(night.table("plan_summary")["moves_saved_cents"].sum())
    least, num_relaxed = least_costs(_staying(night, moved))
    saved = int(least.sum()) - _cost_of(night, moved)
    # Of orders of very many pieces the least cost is known from below only.
    is_right = published >= saved if num_relaxed else published == saved
    message = f"plan_summary: moves_saved_cents is {published}, recomputed {saved}"
    return named("bound.moves", told([] if is_right else [message], moved.height))


def _staying(night: Night, moved: pl.DataFrame) -> Orders:
    """Give the moved orders with the offers that move nothing."""
    orders = moved.with_row_index("order").cast({"order": pl.Int64})
    limits = orders.join(night.table("orders").select("order_id", "max_shipments"), on="order_id", how="left")
    pieces = night.table("offer_pieces").join(orders, on="order_id").sort("order", "piece_number")
    offers = night.table("offers").filter(pl.col("churn_cents") == 0).join(orders, on="order_id").sort("order")

    def starts(frame: pl.DataFrame) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
        counts = np.bincount(frame["order"].to_numpy(), minlength=orders.height)
        return np.concatenate([[0], np.cumsum(counts)]).astype(np.int64)

    return Orders(
        piece_start=starts(pieces),
        offer_start=starts(offers),
        waiting=pieces["backorder_cents"].to_numpy(),
        mask=offers["pieces"].to_numpy(),
        parcels=offers["shipments"].to_numpy(),
        cost=offers["cost_cents"].to_numpy(),
        max_parcels=limits.sort("order")["max_shipments"].fill_null(_UNLIMITED).to_numpy(),
        split=night.settings.costs.split_cents,
    )


def _cost_of(night: Night, moved: pl.DataFrame) -> int:
    chosen = night.table("offers").filter("is_chosen").join(moved, on="order_id", how="semi")
    waiting = uncovered_pieces(night.table("offer_pieces"), night.table("offers")).join(
        moved, on="order_id", how="semi"
    )
    further = chosen.group_by("order_id").agg(parcels=pl.col("shipments").sum() - 1)["parcels"].sum()
    split = night.settings.costs.split_cents * int(further)
    return int(chosen["cost_cents"].sum()) + int(waiting["backorder_cents"].sum()) + split
