"""How short the walks of all lists together could possibly be."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solvers.picking.kernels import KEY_BITS, LOW_BITS, Integers, walk_of_each

if TYPE_CHECKING:
    from solvers.picking.problem import Block, PickingProblem


def walk_of_shipments(problem: PickingProblem) -> Integers:
    """Give the shortest walk of each shipment alone, in millimetres, (shipments,)."""
    start, places = problem.places
    walk_mm = np.zeros(problem.num_shipments, np.int64)
    block = problem.block
    depot = np.array([block.depot_key], np.int64)
    walk_of_each(start, places, depot, block.length_mm, block.aisle_pitch_mm, walk_mm)
    return walk_mm


def total_walk_bound(problem: PickingProblem) -> int:
    """Give a proven lower bound on the walk of all lists together, in millimetres.

    A list walks at least as far as each of its shipments would alone, in total and aisle by aisle; and as many lists as
    the cart demands must hold the shipments that need at least a given distance. So for any such distance the sum over
    lists is at least the integral of that number of lists. The bound is the greater of the one taken over whole walks
    and the one taken over cross-aisle segments and aisles apart. Shipments larger than the cart walk alone.
    """
    alone = walk_of_shipments(problem)
    oversize = problem.is_oversize
    loads = problem.loads[~oversize]
    limits = problem.cart.limits
    whole = _integral(alone[~oversize], loads, limits)
    apart = sum(_integral(need[~oversize], loads, limits) for need in _needs(problem))
    return int(alone[oversize].sum()) + max(whole, apart)


def _integral(need_mm: Integers, loads: Integers, limits: Integers) -> int:
    """Integrate over all distances the number of lists needed for the shipments that need more than that distance."""
    order = np.argsort(-need_mm, kind="stable")
    order = order[need_mm[order] > 0]
    if order.size == 0:
        return 0
    lists = (-(-np.cumsum(loads[order], axis=0) // limits)).max(axis=1)
    need = need_mm[order]
    return int((need * np.diff(lists, prepend=0)).sum())


def _needs(problem: PickingProblem) -> list[Integers]:
    """Give what each shipment alone needs, in millimetres: left of the depot, right of it, and in each aisle."""
    block = problem.block
    start, places = problem.places
    owner = np.repeat(np.arange(problem.num_shipments), np.diff(start))
    aisle = places >> KEY_BITS
    farthest_left = np.zeros(problem.num_shipments, np.int64)
    farthest_right = np.zeros(problem.num_shipments, np.int64)
    np.maximum.at(farthest_left, owner, block.depot_aisle - aisle)
    np.maximum.at(farthest_right, owner, aisle - block.depot_aisle)
    across = 2 * block.aisle_pitch_mm
    needs = [across * farthest_left, across * farthest_right]
    through = _least_in_aisle(block, owner, places)
    for one in np.unique(aisle):
        mine = aisle == one
        need = np.zeros(problem.num_shipments, np.int64)
        np.maximum.at(need, owner[mine], through[mine])
        needs.append(need)
    return needs


def _least_in_aisle(block: Block, owner: Integers, places: Integers) -> Integers:
    """Give at each place the least walk that its shipment needs in that aisle, in millimetres."""
    if places.size == 0:
        return np.zeros(0, np.int64)
    aisle, offset = places >> KEY_BITS, places & LOW_BITS
    is_first = np.ones(places.size, np.bool_)
    is_first[1:] = (np.diff(aisle) != 0) | (np.diff(owner) != 0)
    run = np.cumsum(is_first) - 1
    first = np.flatnonzero(is_first)
    last = np.append(first[1:], places.size) - 1
    gap = np.zeros(first.size, np.int64)
    inner = np.flatnonzero(~is_first)
    np.maximum.at(gap, run[inner], offset[inner] - offset[inner - 1])
    length = block.length_mm
    least = np.minimum(2 * (length - offset[first]), 2 * offset[last])
    least = np.minimum(np.minimum(least, 2 * (length - gap)), length)
    at_each: Integers = least[run]
    return at_each
