"""Proofs, cheap ones first, that items cannot lie in a box together, whatever the rules on top of that."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba

from solvers.packing.kernels_work import TOTAL_UNITS, TOTAL_VOLUME, Group

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]


@numba.njit(cache=True, nogil=True)
def _beside(group: Group, a: int, b: int, edge: Ints) -> bool:
    """Say whether one unit of each entry can lie in the box side by side along some axis."""
    for axis in range(3):
        least_a = 2**40
        for k in range(1, group.usable[a, 0] + 1):
            least_a = min(least_a, group.dims[a, group.usable[a, k], axis])
        for k in range(1, group.usable[b, 0] + 1):
            if least_a + group.dims[b, group.usable[b, k], axis] <= edge[axis]:
                return True
    return False


@numba.njit(cache=True, nogil=True)
def _reach(group: Group, rows: int, axis: int, edge: int, reach: Ints) -> int:
    """Give the longest run of item edges along an axis that stays within `edge`."""
    for x in range(edge + 1):
        reach[x] = 0
    reach[0] = 1
    for e in range(rows):
        for _ in range(group.quantity[e]):
            changed = False
            for x in range(edge, 0, -1):
                if reach[x] == 1:
                    continue
                for k in range(1, group.usable[e, 0] + 1):
                    d = group.dims[e, group.usable[e, k], axis]
                    if d <= x and reach[x - d] == 1:
                        reach[x] = 1
                        changed = True
                        break
            if reach[edge] == 1:
                return edge
            if not changed:
                break
    for x in range(edge, -1, -1):
        if reach[x] == 1:
            return x
    return 0


@numba.njit(cache=True, nogil=True)
def refuted(group: Group, rows: int, edge: Ints, reach: Ints) -> bool:
    """Say whether it is proven that the entries do not fit a box; their usable orientations must match it."""
    if group.total[TOTAL_VOLUME] > edge[0] * edge[1] * edge[2]:
        return True
    if group.total[TOTAL_UNITS] == 1:
        return False
    for a in range(rows):
        if group.quantity[a] == 0:
            continue
        for b in range(a, rows):
            if group.quantity[b] > (1 if a == b else 0) and not _beside(group, a, b, edge):
                return True
    free = 1
    for axis in range(3):
        free *= _reach(group, rows, axis, edge[axis], reach)
    return bool(group.total[TOTAL_VOLUME] > free)
