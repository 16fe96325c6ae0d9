"""What is done elsewhere: orders filled one after another by a rule. Kept to compare with."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solvers.assignment.kernels_baselines import fill_by_rank
from solvers.assignment.kernels_plan import PriceArrays, place_sequence
from solvers.assignment.kernels_pricing import make_work
from solvers.assignment.preparation import Prepared, prepare
from solvers.assignment.solution import order_costs

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.assignment.problem import AssignmentProblem, Int64Array


@dataclass(frozen=True)
class Baseline:
    """A feasible plan without a bound.

    Parameters
    ----------
    option_chosen
        Shape (num_options,): True for each option of the plan.
    cost_cents
        Cost of the plan.
    """

    option_chosen: NDArray[np.bool_]
    cost_cents: int


def nearest_warehouse(problem: AssignmentProblem, rank: NDArray[np.int64] | None = None) -> Baseline:
    """Ship all it can from the best ranked warehouse, what is left from the next, order after order.

    Parameters
    ----------
    problem
        The problem; orders are served as they stand.
    rank
        Shape (num_orders, num_warehouses): lower is better, such as the distance. None: the cost of the order's
        cheapest option there per piece.
    """
    return _by_rank(problem, rank, most_pieces_first=False)


def single_warehouse_first(problem: AssignmentProblem, rank: NDArray[np.int64] | None = None) -> Baseline:
    """Ship from the warehouse that can send most of the order, the better ranked of equals, order after order.

    Parameters
    ----------
    problem
        The problem; orders are served as they stand.
    rank
        As for `nearest_warehouse`.
    """
    return _by_rank(problem, rank, most_pieces_first=True)


def order_by_order(problem: AssignmentProblem) -> Baseline:
    """Give each order in turn its cheapest plan within what earlier ones left.

    Parameters
    ----------
    problem
        The problem; orders are served as they stand.
    """
    prepared = prepare(problem)
    free = PriceArrays(*(np.zeros_like(array) for array in prepared.limit))
    plan = np.full(prepared.num_pieces, -1, dtype=np.int64)
    orders = np.arange(prepared.num_orders)
    place_sequence(prepared.instance, orders, free, prepared.room(), make_work(prepared.instance), plan)
    return _baseline(problem, prepared, plan)


def _by_rank(problem: AssignmentProblem, rank: NDArray[np.int64] | None, *, most_pieces_first: bool) -> Baseline:
    prepared = prepare(problem)
    if rank is None:
        rank = _cheapest_per_piece(problem, prepared)
    expected = (problem.num_orders, problem.num_warehouses)
    if rank.shape != expected:
        raise ValueError(f"rank must have shape {expected}; {rank.shape}.")
    plan = np.full(prepared.num_pieces, -1, dtype=np.int64)
    whole = np.ascontiguousarray(rank, dtype=np.int64)
    fill_by_rank(prepared.instance, whole, most_pieces_first, prepared.room(), plan)
    return _baseline(problem, prepared, plan)


def _cheapest_per_piece(problem: AssignmentProblem, prepared: Prepared) -> Int64Array:
    """Rank warehouses by the cost of their cheapest option per piece."""
    instance = prepared.instance
    order = problem.order_of_option[prepared.option_ids]
    pieces = np.bitwise_count(instance.option_mask).astype(np.int64)
    rank = np.full((problem.num_orders, problem.num_warehouses), np.iinfo(np.int64).max, dtype=np.int64)
    np.minimum.at(rank, (order, instance.option_warehouse), instance.option_cost // np.maximum(pieces, 1))
    return rank


def _baseline(problem: AssignmentProblem, prepared: Prepared, plan: Int64Array) -> Baseline:
    chosen = np.zeros(problem.num_options, dtype=np.bool_)
    chosen[prepared.option_ids[plan[plan >= 0]]] = True
    return Baseline(chosen, int(order_costs(problem, chosen).sum()))
