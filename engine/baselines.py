"""Baselines: what the rules in common use would have made of this very night, so that the plan's saving is a figure."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import polars as pl

from engine.contracts.outputs import BASELINES
from engine.stages.assign import Plan
from solvers.assignment import AssignmentProblem, Baseline, nearest_warehouse, order_by_order, single_warehouse_first
from solvers.assignment.solution import backordered

_EARTH_RADIUS_M: Final = 6_371_009
_PLACE: Final = ("latitude", "longitude")
Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def baselines(plan: Plan, orders: pl.DataFrame, warehouses: pl.DataFrame) -> pl.DataFrame:
    """Fill the night's orders by each common rule, from the same offers and within the same limits.

    Parameters
    ----------
    plan
        The plan to compare with.
    orders
        Released orders; the rules serve them by `order_id`. Near is measured between coordinates; where an order or a
        warehouse has none, the warehouse with the order's cheapest offer counts as the nearest.
    warehouses
        The warehouses, with their coordinates.

    Returns
    -------
    pl.DataFrame
        Contract `baselines`.
    """
    problem = plan.problem
    rank = nearness(problem, orders.sort("order_id"), warehouses)
    found = {
        "nearest_warehouse": nearest_warehouse(problem, rank),
        "single_warehouse_first": single_warehouse_first(problem, rank),
        "order_by_order": order_by_order(problem),
    }
    rows = [{"baseline": name, **_told(problem, rule, plan.outcome.cost or 0)} for name, rule in found.items()]
    return pl.DataFrame(rows, schema=BASELINES.schema).sort("baseline")


def nearness(problem: AssignmentProblem, orders: pl.DataFrame, warehouses: pl.DataFrame) -> Ints:
    """Rank the warehouses for every order, the nearest lowest.

    Parameters
    ----------
    problem
        The night's problem.
    orders
        Its orders, in its order: ship_latitude and ship_longitude in degrees.
    warehouses
        Its warehouses, in its order: latitude and longitude in degrees.

    Returns
    -------
    Shape (num_orders, num_warehouses): metres on the sphere; cents a piece of the cheapest offer there in rows that
    lack a coordinate.
    """
    metres = _metres(_degrees(orders, "ship_"), _degrees(warehouses, ""))
    pieces = np.bitwise_count(problem.option_mask).astype(np.int64)
    rank = np.full(metres.shape, np.iinfo(np.int64).max, np.int64)
    np.minimum.at(rank, (problem.order_of_option, problem.option_warehouse), problem.option_cents // pieces)
    is_placed = np.isfinite(metres).all(axis=1)
    rank[is_placed] = np.rint(metres[is_placed]).astype(np.int64)
    return rank


def _degrees(places: pl.DataFrame, prefix: str) -> Floats:
    return places.select(pl.col(f"{prefix}{name}").cast(pl.Float64).fill_null(np.nan) for name in _PLACE).to_numpy()


def _metres(places: Floats, others: Floats) -> Floats:
    """Give great-circle distances by the haversine formula, shape (places, others)."""
    here, there = np.radians(places)[:, None, :], np.radians(others)[None, :, :]
    half = np.sin((there - here) / 2) ** 2
    chord = half[..., 0] + np.cos(here[..., 0]) * np.cos(there[..., 0]) * half[..., 1]
    return np.asarray(2 * _EARTH_RADIUS_M * np.arcsin(np.sqrt(np.clip(chord, 0.0, 1.0))))


def _told(problem: AssignmentProblem, rule: Baseline, plan_cents: int) -> dict[str, Any]:
    chosen = np.flatnonzero(rule.option_chosen)
    parcels = np.zeros(problem.num_orders, np.int64)
    np.add.at(parcels, problem.order_of_option[chosen], problem.option_parcels[chosen])
    waits = backordered(problem, rule.option_chosen)
    return {
        "cost_cents": rule.cost_cents,
        "plan_cost_cents": plan_cents,
        "saving_share": (rule.cost_cents - plan_cents) / rule.cost_cents if rule.cost_cents else 0.0,
        "orders_split": int((parcels > 1).sum()),
        "units_backordered": int(problem.piece_quantity[waits].sum()),
    }
