"""Layers of stock by the day they came: lists, oldest first, that share one heap of nodes."""

from __future__ import annotations

import numpy as np
from numba import njit

from solvers.inventory.ledger.kernels_log import UNKNOWN, Integers


@njit(cache=True, nogil=True, error_model="numpy")
def _new_node(nodes: Integers, heap: Integers, day: int, units: int, after: int) -> int:
    """Give a node for units of an age; heap holds the first node to use again, and the number of nodes ever used."""
    node = heap[0]
    if node >= 0:
        heap[0] = nodes[node, 2]
    else:
        node = heap[1]
        heap[1] += 1
    nodes[node, 0], nodes[node, 1], nodes[node, 2] = day, units, after
    return int(node)


@njit(cache=True, nogil=True, error_model="numpy")
def add_layer(lists: Integers, nodes: Integers, heap: Integers, stock: int, day: int, units: int) -> None:
    """Add units of an age to a stock's list, oldest first. Lists hold head and tail."""
    tail, nobody = lists[stock, 1], int(np.int64(UNKNOWN))
    if tail >= 0 and nodes[tail, 0] < day:
        nodes[tail, 2] = lists[stock, 1] = _new_node(nodes, heap, day, units, nobody)
        return
    before, at = nobody, lists[stock, 0]
    if tail >= 0 and nodes[tail, 0] == day:
        at = tail
    while at >= 0 and nodes[at, 0] < day:
        before, at = at, nodes[at, 2]
    if at >= 0 and nodes[at, 0] == day:
        nodes[at, 1] += units
        return
    node = _new_node(nodes, heap, day, units, at)
    if before >= 0:
        nodes[before, 2] = node
    else:
        lists[stock, 0] = node
    if at < 0:
        lists[stock, 1] = node


@njit(cache=True, nogil=True, error_model="numpy")
def move_layers(
    lists: Integers, nodes: Integers, heap: Integers, source: int, targets: Integers, target: int, units: int
) -> None:
    """Take units from the oldest layers of a list; add them to another, or nowhere where target is UNKNOWN."""
    while units > 0 and lists[source, 0] >= 0:
        at = lists[source, 0]
        day = nodes[at, 0]
        moved = min(units, nodes[at, 1])
        nodes[at, 1] -= moved
        units -= moved
        if nodes[at, 1] == 0:
            lists[source, 0] = nodes[at, 2]
            if nodes[at, 2] < 0:
                lists[source, 1] = UNKNOWN
            nodes[at, 2] = heap[0]
            heap[0] = at
        if target >= 0:
            add_layer(targets, nodes, heap, target, day, moved)
