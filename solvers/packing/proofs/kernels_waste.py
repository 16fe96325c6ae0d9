"""Space that is lost beside the units placed, whatever the units still to come.

Along an axis units follow one another in chains, and what a chain leaves of the box's edge is filled by edges of other
units as well as they happen to add up. The rest is lost to the chain, so its units may be lengthened by it without harm:
lengths under which every chain still fits leave a packing a packing (Fekete and Schepers 2004 call them conservative
scales; Belov, Kartak, Rohling and Scheithauer 2013 lengthen by what sums of lengths cannot reach). Once some units stand and
their relations are decided few chains are left and the lengths grow. Volumes of lengthened units together with those of the
rest must not exceed the box.

Short edges fill any gap, though few units may have them. So the check is repeated without the units whose shortest edge is
at most some threshold: their volume is taken for granted instead.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba
import numpy as np

from solvers.packing.kernels_work import (
    MAX_SEARCHED,
    MOST_CHAINS,
    MOST_THRESHOLDS,
    NUM_THRESHOLDS,
    SLACK,
    TOTAL_UNITS,
    TOTAL_VOLUME,
    Group,
    Search,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]

MOST_WEIGHED = 64
_AMPLE = 2**40


@numba.njit(cache=True, nogil=True)
def _shortest(group: Group, e: int) -> int:
    shortest = _AMPLE
    for k in range(1, group.usable[e, 0] + 1):
        for a in range(3):
            shortest = min(shortest, group.dims[e, group.usable[e, k], a])
    return shortest


@numba.njit(cache=True, nogil=True)
def _add_edges(group: Group, e: int, axis: int, edge: int, reach: Ints) -> bool:
    """Let sums of edges along an axis use one more unit of an entry; False where that brings nothing new."""
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
    return changed


@numba.njit(cache=True, nogil=True)
def _tabulate(s: Search, group: Group, rows: int, row: int, threshold: int, edge: Ints) -> None:
    """Fill `lost[m, row]` and `supply[m, row]` for every number m of units placed."""
    for a in range(3):
        for x in range(1, edge[a] + 1):
            s.reach[x] = 0
        s.reach[0] = 1
        left = group.total[TOTAL_UNITS]
        supply = int(np.int64(0))
        for at in range(rows - 1, -1, -1):
            e = s.by_size[at]
            is_short = _shortest(group, e) <= threshold
            changed = True
            for _ in range(group.quantity[e]):
                if left <= MAX_SEARCHED:
                    s.supply[left, row] = supply
                    longest = 0
                    for x in range(edge[a] + 1):
                        longest = x if s.reach[x] == 1 else longest
                        s.lost[left, row, a, x] = x - longest
                left -= 1
                if is_short:
                    supply += group.volume[e]
                else:
                    changed = changed and _add_edges(group, e, a, edge[a], s.reach)


@numba.njit(cache=True, nogil=True)
def prepare_waste(s: Search, group: Group, rows: int, edge: Ints) -> None:
    """Tabulate what chains lose; `by_size` lists the entries, largest first."""
    slack = edge[0] * edge[1] * edge[2] - group.total[TOTAL_VOLUME]
    s.state[SLACK] = slack
    s.state[NUM_THRESHOLDS] = 0
    if group.total[TOTAL_UNITS] > MOST_WEIGHED:
        return
    threshold = int(np.int64(0))
    for row in range(MOST_THRESHOLDS):
        _tabulate(s, group, rows, row, threshold, edge)
        s.state[NUM_THRESHOLDS] = row + 1
        further, supply = _AMPLE, 0
        for e in range(rows):
            shortest = _shortest(group, e)
            if group.quantity[e] > 0 and shortest > threshold:
                further = min(further, shortest)
        for e in range(rows):
            if _shortest(group, e) <= further:
                supply += group.quantity[e] * group.volume[e]
        if further == _AMPLE or supply > 3 * slack:
            return
        threshold = further


@numba.njit(cache=True, nogil=True)
def _list_chains(s: Search, frame: int, axis: int, num: int, edge: int) -> int:
    """List the sets of placed units that may follow one another on an axis; give their number, 0 if there are too many."""
    bound, length = s.bound[frame, axis], s.length
    s.chain[0], s.chain_length[0] = 0, 0
    chains = 1
    for i in range(1, num + 1):
        # Two units that overlap on the axis wherever they come to lie are never in one chain.
        over = int(np.int64(0))
        for j in range(1, i):
            if bound[i, j] < length[i, axis] and bound[j, i] < length[j, axis]:
                over |= 1 << j
        for q in range(chains):
            if s.chain[q] & over == 0 and s.chain_length[q] + length[i, axis] <= edge:
                if chains == MOST_CHAINS:
                    return 0
                s.chain[chains] = s.chain[q] | 1 << i
                s.chain_length[chains] = s.chain_length[q] + length[i, axis]
                chains += 1
    return chains


@numba.njit(cache=True, nogil=True)
def is_wasteful(s: Search, frame: int, num: int, edge: Ints) -> bool:
    """Say whether the first `num` units, placed within the bounds of a frame, lose more space than there is to lose."""
    thresholds = s.state[NUM_THRESHOLDS]
    for i in range(1, num + 1):
        for row in range(thresholds):
            s.grown[row, i] = s.length[i, 0] * s.length[i, 1] * s.length[i, 2]
    for a in range(3):
        chains = _list_chains(s, frame, a, num, edge[a])
        if chains == 0:
            return False
        for row in range(thresholds):
            for q in range(1, chains):
                s.chain_lost[q] = s.lost[num, row, a, edge[a] - s.chain_length[q]]
            # The largest units are lengthened first, each by the least that is still lost to any of its chains.
            for i in range(1, num + 1):
                least = _AMPLE
                for q in range(1, chains):
                    if s.chain[q] >> i & 1:
                        least = min(least, s.chain_lost[q])
                if least == 0:
                    continue
                for q in range(1, chains):
                    if s.chain[q] >> i & 1:
                        s.chain_lost[q] -= least
                s.grown[row, i] = s.grown[row, i] * (s.length[i, a] + least) // s.length[i, a]
    for row in range(thresholds):
        grown = -s.supply[num, row]
        for i in range(1, num + 1):
            grown += s.grown[row, i] - s.length[i, 0] * s.length[i, 1] * s.length[i, 2]
        if grown > s.state[SLACK]:
            return True
    return False
