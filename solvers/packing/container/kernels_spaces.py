"""Kernels for the empty spaces of a container: which is filled next, and what a placed block leaves of them.

Without support these are the maximal spaces of Parreño et al. (2008), "A maximal-space algorithm for the container loading
problem". With support every space stands on the floor or on the tops of blocks of one height, and spaces of one level that
meet are joined.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numba import njit

from solvers.packing.container.kernels_state import ZERO

if TYPE_CHECKING:
    import numpy.typing as npt

    from solvers.packing.container.kernels_state import Cargo, Pool

    Array = npt.NDArray[Any]

DEAD = 1 << 29
"""The distance of a space that takes no block by itself."""


@njit(cache=True, nogil=True)
def choose_space(pool: Pool, slot: int) -> int:
    """Find the space nearest a corner of the container, the largest of equals."""
    best = -1
    best_volume = np.int64(-1)
    best_distance = np.int32(DEAD - 1)
    spaces = pool.spaces
    for i in range(int(pool.num_spaces[slot])):
        distance = spaces[slot, 6, i]
        if distance > best_distance:
            continue
        volume = np.int64(spaces[slot, 3, i] - spaces[slot, 0, i]) * (spaces[slot, 4, i] - spaces[slot, 1, i])
        volume *= spaces[slot, 5, i] - spaces[slot, 2, i]
        if distance < best_distance or volume > best_volume:
            best = i
            best_volume = volume
            best_distance = distance
    return best


@njit(cache=True, nogil=True)
def mirrored_axes(space: Array, container_mm: Array, supported: bool) -> int:
    """Tell along which axes the anchor corner of a space is the far one, as bits."""
    bits = 0
    for d in range(3):
        if container_mm[d] - space[d + 3] < space[d] and not (supported and d == 2):
            bits |= 1 << d
    return bits


@njit(cache=True, nogil=True)
def _move_space(spaces: Array, slot: int, source: int, target: int) -> None:
    # element by element: numba copies rows through slices several times slower
    for d in range(7):
        spaces[slot, d, target] = spaces[slot, d, source]


@njit(cache=True, nogil=True)
def drop_space(pool: Pool, slot: int, i: int, supported: bool) -> None:
    """Give up a space; on top of a block it stays as a sleeper that a neighbour of the same height may yet widen."""
    if supported and pool.spaces[slot, 2, i] > 0:
        pool.spaces[slot, 6, i] = DEAD
        return
    n = pool.num_spaces[slot] - 1
    _move_space(pool.spaces, slot, n, i)
    pool.num_spaces[slot] = n


@njit(cache=True, nogil=True)
def _add_space(
    spaces: Array,
    slot: int,
    n: int,
    first_new: int,
    least: tuple[int, int, int],
    container: tuple[int, int, int],
    supported: bool,
    x1: int,
    y1: int,
    z1: int,
    x2: int,
    y2: int,
    z2: int,
) -> int:
    """Add a space unless it is of no use or lies in another; drop the new ones that lie in it. Gives the count of spaces."""
    small = x2 - x1 < least[0] or y2 - y1 < least[1] or z2 - z1 < least[2]
    if (small and not (supported and z1 > 0)) or n >= spaces.shape[2]:
        return n
    # in the spaces' own width and with no early exit, so that the compiler compares many spaces at once
    low_x, low_y, low_z = np.int32(x1), np.int32(y1), np.int32(z1)
    high_x, high_y, high_z = np.int32(x2), np.int32(y2), np.int32(z2)
    inside = 0
    for i in range(n):
        inside |= (
            (low_x >= spaces[slot, 0, i])
            & (high_x <= spaces[slot, 3, i])
            & (low_y >= spaces[slot, 1, i])
            & (high_y <= spaces[slot, 4, i])
            & (low_z >= spaces[slot, 2, i])
            & (high_z <= spaces[slot, 5, i])
        )
    if inside:
        return n
    holds = 0
    for i in range(first_new, n):
        holds |= (
            (low_x <= spaces[slot, 0, i])
            & (high_x >= spaces[slot, 3, i])
            & (low_y <= spaces[slot, 1, i])
            & (high_y >= spaces[slot, 4, i])
            & (low_z <= spaces[slot, 2, i])
            & (high_z >= spaces[slot, 5, i])
        )
    kept = n
    if holds:
        kept = first_new
        for i in range(first_new, n):
            if not (
                x1 <= spaces[slot, 0, i]
                and x2 >= spaces[slot, 3, i]
                and y1 <= spaces[slot, 1, i]
                and y2 >= spaces[slot, 4, i]
                and z1 <= spaces[slot, 2, i]
                and z2 >= spaces[slot, 5, i]
            ):
                if kept != i:
                    _move_space(spaces, slot, i, kept)
                kept += 1
    far = z1 if supported else min(z1, container[2] - z2)
    spaces[slot, 0, kept] = x1
    spaces[slot, 1, kept] = y1
    spaces[slot, 2, kept] = z1
    spaces[slot, 3, kept] = x2
    spaces[slot, 4, kept] = y2
    spaces[slot, 5, kept] = z2
    spaces[slot, 6, kept] = DEAD if small else min(x1, container[0] - x2) + min(y1, container[1] - y2) + far
    return kept + 1


@njit(cache=True, nogil=True)
def _join_pair(
    spaces: Array,
    slot: int,
    n: int,
    least: tuple[int, int, int],
    container: tuple[int, int, int],
    supported: bool,
    i: int,
    j: int,
    level: int,
) -> int:
    """Add the space that two on one level make together across their common edge, if that is new."""
    ax1 = int(spaces[slot, 0, i])
    ay1 = int(spaces[slot, 1, i])
    ax2 = int(spaces[slot, 3, i])
    ay2 = int(spaces[slot, 4, i])
    bx1 = int(spaces[slot, 0, j])
    by1 = int(spaces[slot, 1, j])
    bx2 = int(spaces[slot, 3, j])
    by2 = int(spaces[slot, 4, j])
    high = min(int(spaces[slot, 5, i]), int(spaces[slot, 5, j]))
    low = max(ay1, by1)
    top = min(ay2, by2)
    if ax2 >= bx1 and ax1 < bx1 and ax2 < bx2 and top > low:
        return _add_space(spaces, slot, n, n, least, container, supported, ax1, low, level, bx2, top, high)
    low = max(ax1, bx1)
    top = min(ax2, bx2)
    if ay2 >= by1 and ay1 < by1 and ay2 < by2 and top > low:
        return _add_space(spaces, slot, n, n, least, container, supported, low, ay1, level, top, by2, high)
    return n


@njit(cache=True, nogil=True)
def _join_spaces(
    spaces: Array,
    slot: int,
    n: int,
    least: tuple[int, int, int],
    container: tuple[int, int, int],
    supported: bool,
    level: int,
) -> int:
    """Join spaces that stand on the same level and meet, so that a block may stand across several blocks."""
    i = ZERO + 0
    while i < n:
        if spaces[slot, 2, i] == level:
            for j in range(i):
                if spaces[slot, 2, j] == level:
                    n = _join_pair(spaces, slot, n, least, container, supported, i, j, level)
                    n = _join_pair(spaces, slot, n, least, container, supported, j, i, level)
        i += 1
    # joined spaces may hold the ones they came from
    kept = ZERO + 0
    for i in range(n):
        held = False
        for j in range(n):
            if (
                j != i
                and spaces[slot, 2, i] == level
                and spaces[slot, 2, j] == level
                and spaces[slot, 0, i] >= spaces[slot, 0, j]
                and spaces[slot, 1, i] >= spaces[slot, 1, j]
                and spaces[slot, 3, i] <= spaces[slot, 3, j]
                and spaces[slot, 4, i] <= spaces[slot, 4, j]
                and spaces[slot, 5, i] <= spaces[slot, 5, j]
            ):
                held = True
                break
        if held:
            spaces[slot, 2, i] = -1
    for i in range(n):
        if spaces[slot, 2, i] >= 0:
            if kept != i:
                _move_space(spaces, slot, i, kept)
            kept += 1
    return int(kept)


@njit(cache=True, nogil=True)
def cut_spaces(pool: Pool, slot: int, thread: int, cargo: Cargo, m: int) -> None:
    """Take the ``m``-th placed block out of every space it meets (maximal spaces; fully supported ones when asked)."""
    spaces = pool.spaces
    cut = pool.cut
    bx1 = int(pool.placed[slot, m, 0])
    by1 = int(pool.placed[slot, m, 1])
    bz1 = int(pool.placed[slot, m, 2])
    bx2 = int(pool.placed[slot, m, 3])
    by2 = int(pool.placed[slot, m, 4])
    bz2 = int(pool.placed[slot, m, 5])
    supported = cargo.supported
    least = (int(pool.least_edge[slot, 0]), int(pool.least_edge[slot, 1]), int(pool.least_edge[slot, 2]))
    container = (int(cargo.container_mm[0]), int(cargo.container_mm[1]), int(cargo.container_mm[2]))
    kept = ZERO + 0
    last_cut = 8
    for i in range(int(pool.num_spaces[slot])):
        x1 = int(spaces[slot, 0, i])
        y1 = int(spaces[slot, 1, i])
        z1 = int(spaces[slot, 2, i])
        x2 = int(spaces[slot, 3, i])
        y2 = int(spaces[slot, 4, i])
        z2 = int(spaces[slot, 5, i])
        if bx1 < x2 and bx2 > x1 and by1 < y2 and by2 > y1 and bz1 < z2 and bz2 > z1:
            for d in range(6):
                cut[thread, last_cut, d] = spaces[slot, d, i]
            last_cut += 1
        elif (supported and z1 > 0) or (x2 - x1 >= least[0] and y2 - y1 >= least[1] and z2 - z1 >= least[2]):
            if kept != i:
                _move_space(spaces, slot, i, kept)
            kept += 1
    n = kept
    for i in range(8, last_cut):
        x1 = int(cut[thread, i, 0])
        y1 = int(cut[thread, i, 1])
        z1 = int(cut[thread, i, 2])
        x2 = int(cut[thread, i, 3])
        y2 = int(cut[thread, i, 4])
        z2 = int(cut[thread, i, 5])
        if bx1 > x1:
            n = _add_space(spaces, slot, n, kept, least, container, supported, x1, y1, z1, bx1, y2, z2)
        if bx2 < x2:
            n = _add_space(spaces, slot, n, kept, least, container, supported, bx2, y1, z1, x2, y2, z2)
        if by1 > y1:
            n = _add_space(spaces, slot, n, kept, least, container, supported, x1, y1, z1, x2, by1, z2)
        if by2 < y2:
            n = _add_space(spaces, slot, n, kept, least, container, supported, x1, by2, z1, x2, y2, z2)
        if bz1 > z1:
            n = _add_space(spaces, slot, n, kept, least, container, supported, x1, y1, z1, x2, y2, bz1)
        if bz2 < z2 and not supported:
            n = _add_space(spaces, slot, n, kept, least, container, supported, x1, y1, bz2, x2, y2, z2)
    if supported and bz2 < container[2]:
        block = pool.placed[slot, m, 6]
        bits = pool.placed[slot, m, 7]
        if bits & 1:
            bx1 = bx2 - int(cargo.top_mm[block, 0])
        else:
            bx2 = bx1 + int(cargo.top_mm[block, 0])
        if bits & 2:
            by1 = by2 - int(cargo.top_mm[block, 1])
        else:
            by2 = by1 + int(cargo.top_mm[block, 1])
        n = _add_space(spaces, slot, n, n, least, container, supported, bx1, by1, bz2, bx2, by2, container[2])
        n = _join_spaces(spaces, slot, n, least, container, supported, bz2)
    pool.num_spaces[slot] = n
