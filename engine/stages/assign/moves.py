"""Moves: what an earlier plan of the night sends from elsewhere, and what it saves to move it."""

from __future__ import annotations

from typing import Final

import polars as pl

from engine.assignment.tables import without_limits
from engine.config import Settings
from engine.contracts.outputs import MOVES
from engine.stages.assign.parcelling import ParcelPlan
from solvers.assignment import AssignmentProblem, AssignmentSolution, order_by_order

_LINE: Final = ["order_id", "line_number"]


def moves_of(parcels: ParcelPlan, pieces: pl.DataFrame, earlier_plan: pl.DataFrame, settings: Settings) -> pl.DataFrame:
    """List the lines that an earlier plan sends from elsewhere, or sends and this one does not, by contract `moves`.

    Parameters
    ----------
    parcels
        This plan's parcels.
    pieces
        The pieces of tonight's orders.
    earlier_plan
        What the earlier plan sends.
    settings
        Section `costs`.
    """
    if earlier_plan.is_empty():
        return MOVES.empty()
    asked = pieces.group_by(*_LINE, "sku", maintain_order=True).agg(asked=pl.col("quantity").sum())
    planned = earlier_plan.group_by(_LINE).agg(planned=pl.col("quantity").sum(), before=pl.col("warehouse_id").unique())
    origin = parcels.shipments.select("shipment_id", "warehouse_id")
    sent = (
        parcels.shipment_lines.join(origin, on="shipment_id")
        .group_by(_LINE)
        .agg(sent=pl.col("quantity").sum(), now=pl.col("warehouse_id").unique())
    )
    both = asked.join(planned, on=_LINE, maintain_order="left").join(sent, on=_LINE, how="left", maintain_order="left")
    waits = (pl.col("sent").fill_null(0) < pl.col("asked")) & (pl.col("planned") >= pl.col("asked"))
    elsewhere = pl.col("now").fill_null([]).list.set_difference("before").list.len() > 0
    return (
        both.filter(waits | elsewhere)
        .with_columns(
            planned_from=pl.col("before").list.sort().list.join(" "),
            now_from=pl.col("now").list.sort().list.join(" "),
            churn_cents=pl.lit(settings.costs.churn_cents_per_line, pl.Int64),
        )
        .select(list(MOVES.schema))
        .cast(MOVES.schema)
        .sort(_LINE)
    )


def moves_saved_cents(
    problem: AssignmentProblem,
    solution: AssignmentSolution,
    orders: pl.DataFrame,
    offers: pl.DataFrame,
    moves: pl.DataFrame,
) -> int:
    """Give what the moved orders would cost at least if tonight they could only stay or wait, less what they cost.

    Parameters
    ----------
    problem, solution
        The night's problem and its solution.
    orders
        Released orders.
    offers
        The offers, one an option of the problem.
    moves
        Contract `moves`.
    """
    if moves.is_empty():
        return 0
    names = orders.sort("order_id")["order_id"]
    is_moved = names.is_in(moves["order_id"].unique().implode()).to_numpy()
    stays = offers["churn_cents"].to_numpy() == 0
    staying = order_by_order(without_limits(problem, is_moved, stays, problem.option_cents))
    return staying.cost_cents - int(solution.order_cents[is_moved].sum())
