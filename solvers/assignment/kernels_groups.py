"""Groups of SKUs whose orders meet, grown one SKU at a time from those where the plan loses most."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.assignment.kernels_pricing import Int64, Whole


@njit(cache=True, nogil=True)
def grow_groups(
    seeds: Int64,
    order_start: Int64,
    order_of: Int64,
    family_start: Int64,
    family_of: Int64,
    size: Whole,
    member_start: Int64,
) -> NDArray[np.int64]:
    """Grow groups of families until each has so many orders; gives the orders of all groups, one after another.

    A group grows by the family of whose orders it has the largest share already. A family is in one group, an order in
    every group that has one of its families.

    Parameters
    ----------
    seeds
        All families, the one to begin with first.
    order_start, order_of
        The orders of each family.
    family_start, family_of
        The families of each order.
    size
        Orders in a group, about.
    member_start
        Written: where each group's orders begin; shape (num families + 1,), zeros from the last group on.
    """
    num_families = len(order_start) - 1
    members = np.empty(len(order_of), dtype=np.int64)
    done = np.zeros(num_families, dtype=np.bool_)
    group_of_order = np.full(len(family_start) - 1, -1, dtype=np.int64)
    shared = np.zeros(num_families, dtype=np.int64)
    touched = np.empty(num_families, dtype=np.int64)
    groups, end = np.int64(0), np.int64(0)
    for position in range(len(seeds)):
        family: Whole = np.int64(seeds[position])
        if done[family] or order_start[family] == order_start[family + 1]:
            continue
        first = end
        num_touched = np.int64(0)
        while family >= 0:
            done[family] = True
            for at in range(order_start[family], order_start[family + 1]):
                order = order_of[at]
                if group_of_order[order] == groups:
                    continue
                group_of_order[order] = groups
                members[end] = order
                end += 1
                for other in range(family_start[order], family_start[order + 1]):
                    met = family_of[other]
                    if not done[met]:
                        if shared[met] == 0:
                            touched[num_touched] = met
                            num_touched += 1
                        shared[met] += 1
            family = np.int64(-1)
            if end - first >= size:
                break
            largest = 0.0
            for at in range(num_touched):
                met = touched[at]
                if not done[met]:
                    share = shared[met] / (order_start[met + 1] - order_start[met])
                    if share > largest:
                        largest, family = share, np.int64(met)
        for at in range(num_touched):
            shared[touched[at]] = 0
        groups += 1
        member_start[groups] = end
    return members[:end]
