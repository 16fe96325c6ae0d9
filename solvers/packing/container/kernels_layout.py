"""Kernels that turn placed blocks into placed items, and order the items so that they can be loaded."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from solvers.packing.container.kernels_state import ZERO

if TYPE_CHECKING:
    import numpy.typing as npt

    from solvers.packing.container.kernels_blocks import Blocks

    Array = npt.NDArray[Any]


@njit(cache=True, nogil=True)
def unfold_blocks(placed: Array, blocks: Blocks, item_type: Array, position_mm: Array, size_mm: Array) -> int:
    """Write the type, position and size of every item in the placed blocks; gives how many there are.

    ``placed`` holds low corner, high corner, block and mirrored axes, as the search leaves them.
    """
    deepest = 64
    for i in range(placed.shape[0]):
        deepest = max(deepest, blocks.num_items[placed[i, 6]] + 2)
    stack = np.zeros((deepest, 4), np.int64)
    n = 0
    for i in range(placed.shape[0]):
        root = placed[i, 6]
        bits = placed[i, 7]
        stack[0, 0] = root
        stack[0, 1:] = 0
        depth = 1
        while depth > 0:
            depth -= 1
            block = stack[depth, 0]
            x = stack[depth, 1]
            y = stack[depth, 2]
            z = stack[depth, 3]
            if blocks.first[block] < 0:
                item_type[n] = -1 - blocks.first[block]
                for d in range(3):
                    size_mm[n, d] = blocks.size_mm[block, d]
                    if bits & (1 << d):
                        position_mm[n, d] = placed[i, d + 3] - stack[depth, d + 1] - blocks.size_mm[block, d]
                    else:
                        position_mm[n, d] = placed[i, d] + stack[depth, d + 1]
                n += 1
                continue
            axis = blocks.axis[block]
            first = blocks.first[block]
            for k in range(blocks.times[block]):
                stack[depth, 0] = first
                stack[depth, 1] = x
                stack[depth, 2] = y
                stack[depth, 3] = z
                stack[depth, 1 + axis] += k * blocks.size_mm[first, axis]
                depth += 1
            if blocks.second[block] >= 0:
                stack[depth, 0] = blocks.second[block]
                stack[depth, 1] = x
                stack[depth, 2] = y
                stack[depth, 3] = z
                stack[depth, 1 + axis] += blocks.size_mm[first, axis]
                depth += 1
    return n


@njit(cache=True, nogil=True)
def _must_precede(position_mm: Array, size_mm: Array, i: int, j: int) -> bool:
    """Tell whether item i stands in the way of loading j later: it lies below j, or deeper in the container than j."""
    meets_x = (
        position_mm[i, 0] < position_mm[j, 0] + size_mm[j, 0] and position_mm[j, 0] < position_mm[i, 0] + size_mm[i, 0]
    )
    meets_y = (
        position_mm[i, 1] < position_mm[j, 1] + size_mm[j, 1] and position_mm[j, 1] < position_mm[i, 1] + size_mm[i, 1]
    )
    meets_z = (
        position_mm[i, 2] < position_mm[j, 2] + size_mm[j, 2] and position_mm[j, 2] < position_mm[i, 2] + size_mm[i, 2]
    )
    if meets_x and meets_y:
        return bool(position_mm[i, 2] + size_mm[i, 2] <= position_mm[j, 2])
    return bool(meets_y and meets_z and position_mm[i, 0] + size_mm[i, 0] <= position_mm[j, 0])


@njit(cache=True, nogil=True)
def loading_order(position_mm: Array, size_mm: Array) -> Array:
    """Order items so that each can be put in over those before it: what is below or deeper goes first.

    The door is at the far end of the length, open to the top. Among the items that are free to go, the deepest goes first,
    then the lowest. Should below and deeper ever contradict each other, the lowest item goes.
    """
    n = position_mm.shape[0]
    waiting = np.zeros(n, np.int64)
    for j in range(n):
        for i in range(n):
            if i != j and _must_precede(position_mm, size_mm, i, j):
                waiting[j] += 1
    order = np.zeros(n, np.int64)
    done = np.zeros(n, np.bool_)
    for step in range(n):
        best = ZERO - 1
        for j in range(n):
            if done[j]:
                continue
            if best < 0:
                best = j
                continue
            free = waiting[j] == 0
            best_free = waiting[best] == 0
            if free != best_free:
                if free:
                    best = j
                continue
            if free:
                for d in (0, 2, 1):
                    if position_mm[j, d] != position_mm[best, d]:
                        if position_mm[j, d] < position_mm[best, d]:
                            best = j
                        break
            elif position_mm[j, 2] < position_mm[best, 2]:
                best = j
        order[step] = best
        done[best] = True
        for j in range(n):
            if not done[j] and _must_precede(position_mm, size_mm, best, j):
                waiting[j] -= 1
    return order
