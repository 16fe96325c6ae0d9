"""Waiting: why a piece that offers exist for stays behind tonight."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from solvers.assignment import AssignmentProblem

Ints = npt.NDArray[np.int64]

NOT_IN_STOCK: Final = "no warehouse has it in stock"
NOT_IN_STOCK_TOGETHER: Final = "no warehouse has in stock all that must leave together"
REASONS: Final = (
    "the stock there is serves other orders at less cost",
    "the warehouses that have it can send no more units tonight",
    "the cartons it goes into serve other orders at less cost",
    "the carriers that take it can collect no more parcels tonight",
    "the customer accepts no further parcel",
    "sending it tonight costs more than letting it wait",
)
"""What an offer meets with, in the order in which they are looked at: stock, capacity, cartons, pickups, parcels, cost."""
_STOCK, _CAPACITY, _CARTONS, _PICKUPS, _PARCELS, _COST = range(len(REASONS))


def why_waiting(problem: AssignmentProblem, chosen: npt.NDArray[np.bool_], num_cartons: int) -> npt.NDArray[np.object_]:
    """Say for every piece that waits what its best offer meets with, given what the plan leaves over.

    An offer counts when all it carries waits; of several that have the piece, the one that gets farthest speaks.

    Parameters
    ----------
    problem
        The problem.
    chosen
        Shape (num_options,): the options of the plan.
    num_cartons
        How many of the problem's resources are cartons; they come first, pickups follow.

    Returns
    -------
    Shape (num_pieces,): one of `REASONS`; meaningless for pieces that ship.
    """
    order = problem.order_of_option
    covered = np.zeros(problem.num_orders, np.int64)
    np.bitwise_or.at(covered, order[chosen], problem.option_mask[chosen])
    open_ = np.flatnonzero((problem.option_mask & covered[order]) == 0)
    obstacle = _obstacles(problem, chosen, open_, num_cartons)
    farthest = np.full(problem.num_pieces, -1, np.int64)
    for at, piece in _carried(problem, open_):
        np.maximum.at(farthest, piece, obstacle[at])
    farthest[farthest < 0] = _COST
    return np.array(REASONS, object)[farthest]


def _obstacles(problem: AssignmentProblem, chosen: npt.NDArray[np.bool_], options: Ints, num_cartons: int) -> Ints:
    """Give what each option would meet with on top of the plan."""
    stock, capacity, left = _left(problem, chosen)
    is_carton = problem.option_resource < num_cartons
    warehouse, order = problem.option_warehouse[options], problem.order_of_option[options]
    units = np.zeros(len(options), np.int64)
    lacks_stock = np.zeros(len(options), bool)
    for at, piece in _carried(problem, options):
        quantity = problem.piece_quantity[piece]
        units[at] += quantity
        lacks_stock[at] |= stock[warehouse[at], problem.piece_sku[piece]] < quantity
    parcels = np.zeros(problem.num_orders, np.int64)
    np.add.at(parcels, problem.order_of_option[chosen], problem.option_parcels[chosen])
    meets = (
        lacks_stock,
        units > capacity[warehouse],
        _lacks(problem, left, is_carton)[options],
        _lacks(problem, left, ~is_carton)[options],
        parcels[order] + problem.option_parcels[options] > problem.max_shipments[order],
    )
    return np.select(meets, (_STOCK, _CAPACITY, _CARTONS, _PICKUPS, _PARCELS), _COST).astype(np.int64)


def _left(problem: AssignmentProblem, chosen: npt.NDArray[np.bool_]) -> tuple[Ints, Ints, Ints]:
    """Give the stock, capacity, and cartons and pickups that the plan leaves over."""
    stock, capacity, further = problem.stock_units.copy(), problem.capacity_units.copy(), problem.resource_limit.copy()
    taken = np.flatnonzero(chosen)
    for at, piece in _carried(problem, taken):
        warehouse, quantity = problem.option_warehouse[taken[at]], problem.piece_quantity[piece]
        np.subtract.at(stock, (warehouse, problem.piece_sku[piece]), quantity)
        np.subtract.at(capacity, warehouse, quantity)
    is_used = chosen[_option_of_use(problem)]
    np.subtract.at(further, problem.option_resource[is_used], problem.option_resource_amount[is_used])
    return stock, capacity, further


def _lacks(problem: AssignmentProblem, left: Ints, is_of_kind: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Tell which options ask for more of a kind of resource than is left."""
    lacks = np.zeros(problem.num_options, bool)
    too_much = is_of_kind & (problem.option_resource_amount > left[problem.option_resource])
    lacks[_option_of_use(problem)[too_much]] = True
    return lacks


def _option_of_use(problem: AssignmentProblem) -> Ints:
    return np.repeat(np.arange(problem.num_options), np.diff(problem.option_resource_start))


def _carried(problem: AssignmentProblem, options: Ints) -> list[tuple[Ints, Ints]]:
    """Give, bit by bit, which of the options carry that piece of their order, and the piece."""
    mask = problem.option_mask[options]
    first = problem.piece_start[problem.order_of_option[options]]
    carried = []
    for bit in range(int(np.diff(problem.piece_start).max(initial=0))):
        at = np.flatnonzero(mask >> bit & 1)
        carried.append((at, first[at] + bit))
    return carried
