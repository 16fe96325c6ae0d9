"""Dual feasible functions: volumes that count awkward edges for more than they are (Carlier, Clautiaux and Moukrim 2007)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba
import numpy as np

from solvers.packing.kernels_work import MOST_DUALS, Group

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]


@numba.njit(cache=True, nogil=True)
def dual(kind: int, k: int, edge: int, x: int) -> int:
    """Give f(x) for a box edge: values of items side by side never add up to more than f(edge).

    Kind 0 is the edge itself. Kind 1 counts less than k for nothing and more than edge - k for all. Kind 2 rounds edges up
    to the half down, and beyond the half up, to multiples of k.
    """
    if kind == 0:
        return x
    if kind == 1:
        if x < k:
            return 0
        return edge if x > edge - k else x
    if 2 * x > edge:
        return 2 * (edge // k - (edge - x) // k)
    return edge // k if 2 * x == edge else 2 * (x // k)


@numba.njit(cache=True, nogil=True)
def _list_duals(group: Group, rows: int, axis: int, edge: int, table: Ints, cap: Ints) -> int:
    """Tabulate the functions worth trying on an axis for every entry and orientation; give their number."""
    num = int(np.int64(0))
    for trial in range(1 + 2 * rows * 6):
        kind = 0 if trial == 0 else 1 + (trial - 1) % 2
        k = 1
        if trial > 0:
            e = (trial - 1) // 12
            turn = (trial - 1) // 2 % 6
            if turn >= group.usable[e, 0]:
                continue
            d = group.dims[e, group.usable[e, turn + 1], axis]
            # The step just below which this edge falls, or just above which what is left beside it does.
            k = d if 2 * d <= edge else edge - d + 1
            if 2 * k > edge or k < 2:
                continue
        if num == MOST_DUALS:
            break
        cap[axis, num] = dual(kind, k, edge, edge)
        for e in range(rows):
            for turn in range(group.usable[e, 0]):
                table[axis, num, e, turn] = dual(kind, k, edge, group.dims[e, group.usable[e, turn + 1], axis])
        fresh = True
        for m in range(num):
            same = cap[axis, m] == cap[axis, num]
            for e in range(rows):
                for turn in range(group.usable[e, 0]):
                    same = same and table[axis, m, e, turn] == table[axis, num, e, turn]
            if same:
                fresh = False
        if fresh:
            num += 1
    return num


@numba.njit(cache=True, nogil=True)
def refuted_by_duals(group: Group, rows: int, edge: Ints, table: Ints, cap: Ints) -> bool:
    """Say whether some volume under dual feasible functions proves that the entries do not fit a box.

    Parameters
    ----------
    group, rows
        The entries; their usable orientations match the box.
    edge
        Inner edges of the box.
    table, cap
        Scratch of shape (3, MOST_DUALS, entries, 6) and (3, MOST_DUALS).
    """
    nx = _list_duals(group, rows, int(np.int64(0)), edge[0], table, cap)
    ny = _list_duals(group, rows, int(np.int64(1)), edge[1], table, cap)
    nz = _list_duals(group, rows, int(np.int64(2)), edge[2], table, cap)
    for i in range(nx):
        for j in range(ny):
            face = cap[0, i] * cap[1, j]
            for k in range(nz):
                room = face * cap[2, k]
                total = int(np.int64(0))
                for e in range(rows):
                    least = room + 1
                    for turn in range(group.usable[e, 0]):
                        value = table[0, i, e, turn] * table[1, j, e, turn] * table[2, k, e, turn]
                        least = min(least, value)
                    total += least * group.quantity[e]
                    if total > room:
                        return True
    return False
