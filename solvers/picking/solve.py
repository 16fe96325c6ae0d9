"""Batch shipments into pick lists and route each list."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solvers.arrays import whole_numbers
from solvers.outcome import Outcome, Status, Stop
from solvers.picking.bounds import total_walk_bound, walk_of_shipments
from solvers.picking.kernels import KEY_BITS, Integers
from solvers.picking.kernels_batch import improve_lists, seed_lists
from solvers.picking.kernels_walk import walk_in_order
from solvers.picking.solution import PickingSolution

if TYPE_CHECKING:
    import numpy.typing as npt

    from solvers.picking.problem import Block, PickingProblem

MOVES = 20_000
MOVES_PER_SHIPMENT = 1_000
HOT_SHIPMENTS = 100
"""The first threshold is the length of an aisle; with more shipments than this it is less in proportion, as fewer moves
of each are tried at every threshold than it takes to mend what a high one spoils."""


def shortest_walk(block: Block, aisle: npt.ArrayLike, position: npt.ArrayLike) -> tuple[int, Integers]:
    """Give the shortest closed walk from the depot through places of the block.

    Parameters
    ----------
    block
        The layout.
    aisle, position
        (stops,) places from 0; a place may repeat.

    Returns
    -------
    walk_mm
        Length of the walk.
    visit
        (stops,) when each stop is visited, from 0; stops at the same place share it.

    References
    ----------
    Ratliff and Rosenthal, Operations Research 31 (1983) 507-521.
    """
    keys = block.keys(whole_numbers(aisle, "aisle"), whole_numbers(position, "position"))
    walk_mm, visit = _route(block, keys)
    return walk_mm, visit


def batch_and_route(problem: PickingProblem, *, moves: int | None = None, seed: int = 0) -> PickingSolution:
    """Put shipments on pick lists within the cart's limits and route each list by its shortest walk.

    Lists are grown from seeds and improved by threshold accepting over moves and swaps; each change is judged by the
    exact shortest walks. A shipment that alone exceeds the cart gets a list of its own.

    Parameters
    ----------
    problem
        Layout, cart and shipments.
    moves
        Number of changes tried; 20,000 and 1,000 a shipment by default.
    seed
        The same seed gives the same lists.

    Returns
    -------
    PickingSolution
        With a lower bound on the total walk in its outcome; OPTIMAL where the bound is met.
    """
    list_of = _batch(problem, moves, seed)
    num_lists = int(list_of.max(initial=-1)) + 1
    visit = np.zeros(problem.stop_aisle.size, np.int64)
    walk_mm = np.zeros(num_lists, np.int64)
    keys = problem.block.keys(problem.stop_aisle, problem.stop_position)
    list_of_stop = list_of[problem.shipment_of_stop]
    by_list = np.argsort(list_of_stop, kind="stable")
    start = np.searchsorted(list_of_stop[by_list], np.arange(num_lists + 1))
    for one in range(num_lists):
        mine = by_list[start[one] : start[one + 1]]
        walk_mm[one], visit[mine] = _route(problem.block, keys[mine])
    cost, bound = int(walk_mm.sum()), total_walk_bound(problem)
    outcome = (
        Outcome(Status.OPTIMAL, Stop.PROOF, cost, bound)
        if cost == bound
        else Outcome(Status.FEASIBLE, Stop.ITERATION_LIMIT, cost, bound)
    )
    return PickingSolution(list_of, visit, walk_mm, outcome)


def _route(block: Block, keys: Integers) -> tuple[int, Integers]:
    places, place_of = np.unique(np.append(keys, block.depot_key), return_inverse=True)
    rank = np.empty(places.size, np.int64)
    walk_mm = walk_in_order(places, block.depot_key, block.length_mm, block.aisle_pitch_mm, rank)
    # Ranks count the depot; visits of stops are numbered without it.
    _, visit = np.unique(rank[place_of[:-1]], return_inverse=True)
    return int(walk_mm), visit


def _batch(problem: PickingProblem, moves: int | None, seed: int) -> Integers:
    """Give the list of each shipment, numbered without holes in the order of each list's first shipment."""
    list_of = np.zeros(problem.num_shipments, np.int64)
    oversize = np.flatnonzero(problem.is_oversize)
    movable = np.flatnonzero(~problem.is_oversize).astype(np.int64)
    if movable.size:
        _batch_movable(problem, movable, list_of, moves, seed)
    list_of[oversize] = problem.num_shipments + np.arange(oversize.size)
    _, first, inverse = np.unique(list_of, return_index=True, return_inverse=True)
    rank = np.empty(first.size, np.int64)
    rank[np.argsort(first)] = np.arange(first.size)
    return rank[inverse]


def _batch_movable(problem: PickingProblem, movable: Integers, list_of: Integers, moves: int | None, seed: int) -> None:
    block, limits = problem.block, problem.cart.limits
    start, places = problem.places
    alone = walk_of_shipments(problem)
    order = movable[np.argsort(-alone[movable], kind="stable")]
    depot = np.array([block.depot_key], np.int64)
    room = _most_places(problem, movable)
    scratch = np.empty((2, room), np.int64)
    num_lists = seed_lists(
        order,
        start,
        places,
        problem.loads,
        limits,
        depot,
        block.num_aisles,
        block.length_mm,
        block.aisle_pitch_mm,
        list_of,
        scratch,
    )
    if num_lists < 2:
        return
    num_slots = num_lists + num_lists // 8 + 2
    aisle_start, aisle_shipments = _shipments_by_aisle(problem, movable)
    improve_lists(
        movable,
        start,
        places,
        aisle_start,
        aisle_shipments,
        problem.loads,
        limits,
        depot,
        block.length_mm,
        block.aisle_pitch_mm,
        num_slots,
        list_of,
        np.empty((num_slots, room), np.int64),
        np.empty(room, np.int64),
        MOVES + MOVES_PER_SHIPMENT * movable.size if moves is None else moves,
        block.length_mm * HOT_SHIPMENTS // max(HOT_SHIPMENTS, movable.size),
        seed,
    )


def _most_places(problem: PickingProblem, movable: Integers) -> int:
    """Give a number of places, the depot included, that no list within the cart exceeds."""
    counts = np.diff(problem.places[0])[movable]
    most = int(counts.sum())
    for load, limit in zip(problem.loads[movable].T, problem.cart.limits, strict=True):
        # The fractional knapsack of the places: shipments with the most places for their load first, the last one whole.
        order = np.argsort(-counts / np.maximum(load, 0.5), kind="stable")
        num_whole = int(np.searchsorted(np.cumsum(load[order]), limit, side="right"))
        most = min(most, int(counts[order[: num_whole + 1]].sum()))
    return most + 1


def _shipments_by_aisle(problem: PickingProblem, movable: Integers) -> tuple[Integers, Integers]:
    """Give for each aisle the movable shipments with a stop there: offsets (aisles + 1,) and shipments."""
    start, places = problem.places
    owner = np.repeat(np.arange(problem.num_shipments), np.diff(start))
    is_movable = np.zeros(problem.num_shipments, np.bool_)
    is_movable[movable] = True
    pairs = np.unique(np.stack((places >> KEY_BITS, owner), axis=1)[is_movable[owner]], axis=0)
    return np.searchsorted(pairs[:, 0], np.arange(problem.block.num_aisles + 1)), np.ascontiguousarray(pairs[:, 1])
