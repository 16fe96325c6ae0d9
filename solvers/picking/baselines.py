"""Routing policies that pickers follow without a plan, and batching by order of arrival: what to compare with.

References
----------
Petersen, An evaluation of order picking routeing policies, International Journal of Operations & Production Management
17 (1997) 1098-1111. Roodbergen and de Koster, International Journal of Production Research 39 (2001) 1865-1883.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING

import numpy as np

from solvers.arrays import whole_numbers

if TYPE_CHECKING:
    import numpy.typing as npt

    from solvers.picking.kernels import Integers
    from solvers.picking.problem import Block, PickingProblem


class Policy(StrEnum):
    """How a picker walks."""

    S_SHAPE = "s_shape"
    """Every aisle with stops is traversed; the last one is left the way it was entered where their number is odd."""
    RETURN = "return"
    """Every aisle with stops is entered and left at the front."""
    MIDPOINT = "midpoint"
    """First and last aisle traversed; in between the front half is picked from the front, the back half from the back."""
    LARGEST_GAP = "largest_gap"
    """As midpoint, but each aisle is left unwalked between its two stops farthest apart instead of at its middle."""
    COMPOSITE = "composite"
    """The best choice, aisle by aisle, of traversing and of returning."""


def walk_by_policy(block: Block, aisle: npt.ArrayLike, position: npt.ArrayLike, policy: Policy) -> int:
    """Give the length of the walk through places of the block by a policy, in millimetres.

    Parameters
    ----------
    block
        The layout.
    aisle, position
        (stops,) places from 0.
    policy
        How the picker walks.
    """
    aisles = whole_numbers(aisle, "aisle")
    if aisles.size == 0:
        return 0
    offsets = block.offsets_mm(whole_numbers(position, "position"))
    visited = [int(one) for one in np.unique(aisles)]
    stops = [np.unique(offsets[aisles == one]) for one in visited]
    span = max(*visited, block.depot_aisle) - min(*visited, block.depot_aisle)
    front_to_front = 2 * span * block.aisle_pitch_mm
    length = block.length_mm
    if policy == Policy.S_SHAPE:
        through = _s_shape(stops, length)
    elif policy == Policy.RETURN:
        through = sum(2 * int(one[-1]) for one in stops)
    elif policy == Policy.COMPOSITE:
        through = _composite(stops, length)
    else:
        through = _around_the_block(stops, length, policy)
    return front_to_front + through


def lists_by_arrival(problem: PickingProblem) -> Integers:
    """Give the list of each shipment where lists are filled in the order of shipments, (shipments,)."""
    list_of = np.zeros(problem.num_shipments, np.int64)
    limits = problem.cart.limits
    room = limits.copy()
    current = 0
    for shipment, load in enumerate(problem.loads):
        if shipment > 0 and bool((load > room).any()):
            current += 1
            room = limits.copy()
        list_of[shipment] = current
        room = room - load
    return list_of


def _s_shape(stops: list[Integers], length_mm: int) -> int:
    through = (len(stops) - len(stops) % 2) * length_mm
    return through + (2 * int(stops[-1][-1]) if len(stops) % 2 else 0)


def _around_the_block(stops: list[Integers], length_mm: int, policy: Policy) -> int:
    if len(stops) == 1:
        return 2 * int(stops[0][-1])
    through = 2 * length_mm
    for offsets in stops[1:-1]:
        ends = np.concatenate(([0], offsets, [length_mm]))
        if policy == Policy.LARGEST_GAP:
            through += 2 * (length_mm - int(np.diff(ends).max()))
        else:
            front = ends[2 * ends <= length_mm].max()
            back = ends[2 * ends > length_mm].min()
            through += 2 * int(front + length_mm - back)
    return through


def _composite(stops: list[Integers], length_mm: int) -> int:
    at_front, at_back = 0, None
    for offsets in stops:
        from_front, from_back = 2 * int(offsets[-1]), 2 * (length_mm - int(offsets[0]))
        front = [at_front + from_front]
        back = [at_front + length_mm]
        if at_back is not None:
            front.append(at_back + length_mm)
            back.append(at_back + from_back)
        at_front, at_back = min(front), min(back)
    return at_front
