"""What packing orders gave, as frames."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import polars as pl

from engine.drawing import Drawing
from engine.drawing.drawing import draw_packing
from solvers.packing.solution import STATUSES, PackingSolution, Reason

if TYPE_CHECKING:
    import numpy.typing as npt

    from engine.packing.lines import OrderSets
    from solvers.packing.problem import PackingProblem

    Ints = npt.NDArray[np.int64]

_DETAILS: Final = {
    Reason.TOO_LARGE: "with its protection it goes into no carton, whichever way it is turned",
    Reason.TOO_HEAVY: "it is too heavy for every carton",
    Reason.TOO_MANY: "the order has more units than are packed as one; divide it",
    Reason.NO_CARTON: "no carton carries the packaging asked for",
    Reason.NOT_TOGETHER: "it must stay together with others, and no carton was found that holds them all",
    Reason.OUT_OF_CARTONS: "the cartons on hand went to other orders",
}


@dataclass(frozen=True, slots=True)
class Packing:
    """What packing found, as frames.

    Parameters
    ----------
    parcels
        order_id, parcel_number (from 1), carton_id, status, cost, bound; one row a parcel. The status is the order's; its
        cost is the sum over its parcels, and so is its bound.
    placements
        order_id, parcel_number, item_number (from 1), line_number, sku, x_mm … dz_mm, step. Sizes are those of the item with
        its protection on every side, positions from the carton's inner corner; steps go bottom up from 1.
    unpacked
        order_id, line_number, sku, quantity, reason, detail; one row a line with units in no parcel.
    products, cartons
        The tables as they were read.
    """

    parcels: pl.DataFrame
    placements: pl.DataFrame
    unpacked: pl.DataFrame
    products: pl.DataFrame
    cartons: pl.DataFrame

    def draw(self, order_id: object = None) -> Drawing:
        """Draw the parcels, of one order or of all.

        Raises
        ------
        UsageError
            When there is nothing to draw.
        """
        return draw_packing(self, order_id)


def packing_of(
    orders: OrderSets, problem: PackingProblem, solution: PackingSolution, goods: pl.DataFrame, cartons: pl.DataFrame
) -> Packing:
    """Hand every order the packing of its set, units of one item to its lines in their order.

    Parameters
    ----------
    orders
        The order lines, and the set of each order.
    problem, solution
        What was packed, and how.
    goods, cartons
        The tables behind it.
    """
    entries, good, set_of_order = orders.lines, orders.packable, orders.set_of_order
    ids = entries.select("order", "order_id").unique("order").sort("order")
    unit = ["order", "type", "mark"]
    units = (
        good.select(*unit, "line_number", "sku", pl.int_ranges(0, "quantity").alias("unit"))
        .explode("unit")
        .with_columns((pl.int_range(pl.len()).over(unit)).alias("unit"))
    )
    placed = (
        set_of_order.join(_placements(problem, solution), on="set", maintain_order="left_right")
        .with_columns(pl.int_range(pl.len()).over(unit).alias("unit"))
        .join(units, on=[*unit, "unit"], how="left", maintain_order="left")
        .join(ids, on="order", maintain_order="left")
    )
    left = (
        units.join(placed, on=[*unit, "unit"], how="anti", maintain_order="left")
        .group_by(*unit, "line_number", "sku", maintain_order=True)
        .agg(pl.len().cast(pl.Int64).alias("quantity"))
        .join(set_of_order, on="order")
        .join(_reasons(problem, solution), on=["set", "type", "mark"], how="left")
        .join(ids, on="order")
    )
    columns = ["order_id", "line_number", "sku", "quantity", "reason", "detail"]
    refused = entries.filter(pl.col("reason").is_not_null())
    place = [f"{axis}_mm" for axis in ("x", "y", "z", "dx", "dy", "dz")]
    return Packing(
        parcels=set_of_order.join(_parcels(solution, cartons), on="set", maintain_order="left_right")
        .join(ids, on="order", maintain_order="left")
        .select("order_id", "parcel_number", "carton_id", "status", "cost", "bound"),
        placements=placed.with_columns(pl.int_range(1, pl.len() + 1).over("order").alias("item_number")).select(
            "order_id", "parcel_number", "item_number", "line_number", "sku", *place, "step"
        ),
        unpacked=pl.concat([refused.select(columns), left.select(columns)]).sort("order_id", "line_number"),
        products=goods,
        cartons=cartons,
    )


def _reasons(problem: PackingProblem, solution: PackingSolution) -> pl.DataFrame:
    """Give set, type, mark, reason and detail of every entry with units in no parcel."""
    entry, sets = solution.unpacked_entry, problem.sets
    assert sets.together is not None
    reasons = [Reason(code) for code in solution.unpacked_reason]
    return pl.DataFrame(
        {
            "set": np.searchsorted(sets.set_start, entry, side="right") - 1,
            "type": sets.entry_type[entry],
            "mark": sets.together[entry],
            "reason": [reason.name.lower() for reason in reasons],
            "detail": [_DETAILS[reason] for reason in reasons],
        },
        schema={"set": pl.Int64, "type": pl.Int64, "mark": pl.Int64, "reason": pl.String, "detail": pl.String},
    )


def _numbers_within(parcel_set: Ints) -> Ints:
    """Give each parcel its number within its set, from 1."""
    first = np.flatnonzero(np.diff(parcel_set, prepend=-1))
    many = np.diff(np.append(first, parcel_set.size))[: first.size]
    return np.arange(1, parcel_set.size + 1) - np.repeat(first, many)


def _parcels(solution: PackingSolution, cartons: pl.DataFrame) -> pl.DataFrame:
    of = solution.parcel_set
    running = np.cumsum(solution.parcel_cost)
    before = np.r_[0, np.cumsum(solution.set_cost)][of]
    # The order's bound shared out in proportion to cost, so that the shares add up to it exactly.
    share = (running - before).astype(float) / np.maximum(solution.set_cost[of], 1)
    reached = np.where(share >= 1, solution.set_bound[of], np.floor(share * solution.set_bound[of]).astype(np.int64))
    first = np.diff(of, prepend=-1) != 0
    return pl.DataFrame(
        {
            "set": of,
            "parcel_number": _numbers_within(of),
            "carton_id": cartons["carton_id"].gather(solution.parcel_carton),
            "status": [STATUSES[code].value for code in solution.set_status[of]],
            "cost": solution.parcel_cost,
            "bound": reached - np.where(first, 0, np.r_[0, reached[:-1]][: of.size]),
        },
        schema_overrides={"status": pl.String, "carton_id": pl.String},
    )


def _placements(problem: PackingProblem, solution: PackingSolution) -> pl.DataFrame:
    of = solution.placement_parcel
    assert problem.sets.together is not None
    numbers = _numbers_within(solution.parcel_set)
    position, size = solution.position_mm.astype(np.int64), solution.size_mm.astype(np.int64)
    return pl.DataFrame(
        {
            "set": solution.parcel_set[of],
            "parcel_number": numbers[of],
            "type": solution.placement_type,
            "mark": problem.sets.together[solution.placement_entry],
            **{f"{axis}_mm": position[:, k] for k, axis in enumerate("xyz")},
            **{f"d{axis}_mm": size[:, k] for k, axis in enumerate("xyz")},
            "step": solution.placement_step + 1,
        }
    )
