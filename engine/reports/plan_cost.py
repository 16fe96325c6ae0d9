"""What tonight's plan paid for shortages, traced to the stocks that were short: waiting, split and farther parcels."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np
import numpy.typing as npt
import polars as pl

from engine.stages.assign import Plan
from solvers.assignment import UNLIMITED_UNITS, AssignmentProblem, order_by_order
from solvers.assignment.solution import backordered, order_costs, usage

Integers = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

PAID_COLUMNS: Final = (
    "waiting_units",
    "waiting_cents",
    "split_parcels",
    "split_cents",
    "farther_parcels",
    "farther_cents",
)
_PAIR: Final = ["warehouse_id", "sku"]
_PLENTY: Final = 2**40
_FEWEST_PAIRS: Final = 5.0
"""Orders of an article that its own mean of what elsewhere costs weighs against the mean of all."""


def shortage_costs(plan: Plan, stock: pl.DataFrame, warehouses: pl.DataFrame) -> pl.DataFrame:
    """Give what the plan paid because stock was short, by stock: units that wait, orders split, parcels from farther away.

    Every order is planned again as if stock were plentiful, which is what it would choose by itself. What it costs more
    tonight is charged to the stocks that it would have taken from and that have not enough left, in proportion to their
    shadow prices. An order with a unit that waits is charged as waiting, one in more parcels as split, any other as farther
    away. Units that no warehouse has are charged to the stocks of the article evenly.

    Parameters
    ----------
    plan
        Tonight's plan.
    stock
        Table `stock`: the stocks of an article that nobody has.
    warehouses
        Table `warehouses`, in the order of the plan's problem.

    Returns
    -------
    pl.DataFrame
        Columns warehouse_id, sku and those of `PAID_COLUMNS`; one row a stock that was short.
    """
    problem = plan.problem
    night = _Night.of(problem, plan.offers["is_chosen"].to_numpy())
    short = _short_pieces(problem, night)
    charged = short.with_columns(
        warehouse_id=warehouses["warehouse_id"].gather(short["place"]),
        sku=plan.offer_pieces["sku"].gather(short["piece"]),
        **{name: pl.Series(values[short["order"].to_numpy()]) for name, values in night.told().items()},
    )
    prices = plan.shadow_prices.filter(pl.col("warehouse_id").is_not_null() & pl.col("sku").is_not_null())
    charged = charged.join(prices.select(*_PAIR, "millicents_per_unit"), on=_PAIR, how="left", maintain_order="left")
    charged = _shared(charged.rename({"millicents_per_unit": "price"}), "order")
    nowhere = _nowhere(plan, night, stock)
    every = [frame.select(*_PAIR, *PAID_COLUMNS) for frame in (charged, _shared(nowhere, "piece"))]
    return pl.concat(every).group_by(_PAIR).agg(pl.col(PAID_COLUMNS).sum()).sort(_PAIR)


def elsewhere_costs(plan: Plan) -> pl.DataFrame:
    """Give what serving a unit of an article from the second-best warehouse costs more than from the best, in cents.

    The mean over tonight's pieces that two warehouses or more could send alone, drawn towards the mean of all articles.

    Returns
    -------
    pl.DataFrame
        Columns sku, elsewhere_cents.
    """
    bit = pl.lit(2, pl.Int64).pow(pl.col("piece_number")).cast(pl.Int64)
    alone = (
        plan.offer_pieces.select("order_id", "sku", "quantity", pieces=bit)
        .join(plan.offers.select("order_id", "pieces", "warehouse_id", "cost_cents"), on=["order_id", "pieces"])
        .group_by("order_id", "pieces", "sku", "quantity", "warehouse_id")
        .agg(pl.col("cost_cents").min())
        .group_by("order_id", "pieces", "sku", "quantity")
        .agg(pl.col("cost_cents").bottom_k(2).sort())
        .filter(pl.col("cost_cents").list.len() == 2)
        .with_columns(more=(pl.col("cost_cents").list.last() - pl.col("cost_cents").list.first()) / pl.col("quantity"))
        .sort("order_id", "pieces")
    )
    usual = float(alone["more"].sum()) / max(alone.height, 1)
    drawn = (pl.col("more").sum() + _FEWEST_PAIRS * usual) / (pl.len() + _FEWEST_PAIRS)
    return alone.group_by("sku", maintain_order=True).agg(elsewhere_cents=drawn).sort("sku")


@dataclass(frozen=True)
class _Night:
    """The plan and what every order would choose by itself.

    `more` is what each order costs beyond that, `place` and `wanted` the warehouse of each piece in either; -1: it waits.
    """

    more: Integers
    further: Integers
    waits: Flags
    place: Integers
    wanted: Integers
    left: Integers

    @classmethod
    def of(cls, problem: AssignmentProblem, chosen: Flags) -> _Night:
        free = replace(
            problem,
            stock_units=np.full_like(problem.stock_units, _PLENTY),
            capacity_units=np.full_like(problem.capacity_units, UNLIMITED_UNITS),
            resource_limit=np.full_like(problem.resource_limit, _PLENTY),
        )
        alone = order_by_order(free).option_chosen
        more = np.maximum(order_costs(problem, chosen) - order_costs(problem, alone), 0)
        further = _parcels(problem, chosen) - _parcels(problem, alone)
        waits = np.zeros(problem.num_orders, np.bool_)
        waits[problem.order_of_piece[backordered(problem, chosen) & ~backordered(problem, alone)]] = True
        left = problem.stock_units - usage(problem, chosen).stock
        return cls(more, further, waits, _place(problem, chosen), _place(problem, alone), left)

    def told(self) -> dict[str, Integers]:
        """Give what each order paid, under one heading."""
        is_split = ~self.waits & (self.further > 0)
        is_farther = ~self.waits & ~is_split
        return {
            "waiting_cents": np.where(self.waits, self.more, 0),
            "split_parcels": np.where(is_split, self.further, 0),
            "split_cents": np.where(is_split, self.more, 0),
            "farther_parcels": np.where(is_farther & (self.more > 0), 1, 0),
            "farther_cents": np.where(is_farther, self.more, 0),
        }


def _parcels(problem: AssignmentProblem, chosen: Flags) -> Integers:
    parcels = np.zeros(problem.num_orders, np.int64)
    np.add.at(parcels, problem.order_of_option[chosen], problem.option_parcels[chosen])
    return parcels


def _place(problem: AssignmentProblem, chosen: Flags) -> Integers:
    """Give the warehouse that each piece comes from."""
    place = np.full(problem.num_pieces, -1, np.int64)
    taken = np.flatnonzero(chosen)
    first = problem.piece_start[problem.order_of_option[taken]]
    for bit in range(int(np.diff(problem.piece_start).max(initial=0))):
        carried = problem.option_mask[taken] >> bit & 1 == 1
        place[first[carried] + bit] = problem.option_warehouse[taken[carried]]
    return place


def _short_pieces(problem: AssignmentProblem, night: _Night) -> pl.DataFrame:
    """List the pieces that would come from a stock which has too few left, with that stock and the units that wait."""
    elsewhere = np.flatnonzero((night.wanted >= 0) & (night.wanted != night.place))
    left = night.left[night.wanted[elsewhere], problem.piece_sku[elsewhere]]
    piece = elsewhere[left < problem.piece_quantity[elsewhere]]
    quantity = problem.piece_quantity[piece]
    return pl.DataFrame(
        {
            "order": problem.order_of_piece[piece],
            "piece": piece,
            "place": night.wanted[piece],
            "quantity": quantity,
            "own_units": np.where(night.place[piece] < 0, quantity, 0),
        },
        schema=dict.fromkeys(("order", "piece", "place", "quantity", "own_units"), pl.Int64),
    )


def _nowhere(plan: Plan, night: _Night, stock: pl.DataFrame) -> pl.DataFrame:
    """List the stocks of articles that wait and that nobody has, with what waiting costs."""
    problem = plan.problem
    carried = np.zeros(problem.num_pieces, np.bool_)
    first = problem.piece_start[problem.order_of_option]
    for bit in range(int(np.diff(problem.piece_start).max(initial=0))):
        has = problem.option_mask >> bit & 1 == 1
        carried[first[has] + bit] = True
    piece = np.flatnonzero(~carried & (night.place < 0))
    waiting = pl.DataFrame(
        {
            "piece": piece,
            "sku": plan.offer_pieces["sku"].gather(piece),
            "waiting_cents": problem.piece_backorder_cents[piece],
            "total_units": problem.piece_quantity[piece],
        }
    )
    nothing = [pl.lit(0, pl.Int64).alias(name) for name in PAID_COLUMNS if not name.startswith("waiting")]
    return waiting.join(
        stock.select(_PAIR).sort(_PAIR), on="sku", how="inner", maintain_order="left_right"
    ).with_columns(
        *nothing, price=pl.lit(None, pl.Int64), quantity=pl.lit(1, pl.Int64), own_units=pl.lit(None, pl.Int64)
    )


def _shared(rows: pl.DataFrame, owner: str) -> pl.DataFrame:
    """Share what each owner paid among its rows: differences of rounded cumulative shares add up to the cent."""
    weight = pl.col("price").fill_null(0).cast(pl.Int128) * pl.col("quantity")
    rows = (
        rows.with_columns(weight=weight)
        .with_columns(
            weight=pl.when((pl.col("weight") > 0).any().over(owner)).then("weight").otherwise(pl.col("quantity"))
        )
        .with_columns(upto=pl.col("weight").cum_sum().over(owner), total=pl.col("weight").sum().over(owner))
    )
    units = pl.col("total_units") if "total_units" in rows.columns else pl.lit(0, pl.Int64)
    shares = [_share(pl.col(name)).alias(name) for name in PAID_COLUMNS if name != "waiting_units"]
    return rows.with_columns(*shares, waiting_units=pl.coalesce(pl.col("own_units").cast(pl.Int64), _share(units)))


def _share(value: pl.Expr) -> pl.Expr:
    whole, upto, total = value.cast(pl.Int128), pl.col("upto"), pl.col("total")

    def rounded(weight: pl.Expr) -> pl.Expr:
        return (2 * whole * weight + total) // (2 * total)

    return (rounded(upto) - rounded(upto - pl.col("weight"))).cast(pl.Int64)
