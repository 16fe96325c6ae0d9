"""Proofs by slimmer items: if items made slimmer do not fit a box, the items do not.

An item whose edges are nearly alike stands in up to six ways that hardly differ, and a search that fails in one of them fails
in the others again. With the longer of two such edges cut down to the shorter one the ways become one, or three. What is cut
off makes the box emptier than it is, but where large items block each other it is seldom needed for the proof.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba
import numpy as np

from solvers.packing.kernels_work import JUDGED, MOST_DOUBLINGS, TOTAL_UNITS, TOTAL_VOLUME, Group, Search
from solvers.packing.proofs.kernels_search import NONE, search

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]

ALIKE_PERCENT = 15
SOON = 4


@numba.njit(cache=True, nogil=True)
def _slim(group: Group, e: int, slim: Group, percent: int) -> bool:
    """Write entry `e` with edges made alike into `slim`; False where no edges are nearly alike."""
    d = group.dims[e, group.usable[e, 1]]
    short, long = min(d[0], d[1], d[2]), max(d[0], d[1], d[2])
    middle = d[0] + d[1] + d[2] - short - long
    new_middle, new_long = middle, long
    if 100 * long <= (100 + percent) * short:
        new_middle = new_long = short
    # Of two pairs that are nearly alike, the one that differs less.
    elif middle * middle <= short * long and 100 * middle <= (100 + percent) * short:
        new_middle = short
    elif 100 * long <= (100 + percent) * middle:
        new_long = middle
    num = int(np.int64(0))
    for k in range(1, group.usable[e, 0] + 1):
        d, made = group.dims[e, group.usable[e, k]], slim.dims[e, num]
        for a in range(3):
            made[a] = new_long if d[a] == long else (new_middle if d[a] == middle else short)
        is_new = True
        for m in range(num):
            other = slim.dims[e, m]
            is_new = is_new and (other[0] != made[0] or other[1] != made[1] or other[2] != made[2])
        if is_new:
            num += 1
            slim.usable[e, num] = num - 1
    slim.num_dims[e] = slim.usable[e, 0] = num
    slim.quantity[e] = group.quantity[e]
    slim.volume[e] = short * new_middle * new_long
    return bool(new_middle < middle or new_long < long)


@numba.njit(cache=True, nogil=True)
def refuted_slim(
    s: Search, group: Group, rows: int, edge: Ints, percent: int, node_limit: int, boxes: Ints, entries: Ints
) -> bool:
    """Say whether the entries, made slimmer where their edges are nearly alike, are proven not to fit a box.

    Parameters
    ----------
    s
        Memory. A search is given up soon where it is stuck, unless `state[JUDGED]` is `MOST_DOUBLINGS`.
    group, rows
        The entries; their usable orientations match the box.
    edge
        Inner edges of the box.
    percent
        Edges of an item are alike if the longer one is at most so much longer.
    node_limit
        Most decisions of the search.
    boxes, entries
        Scratch, a row a unit.
    """
    slim = s.slim
    is_slimmer = False
    slim.total[TOTAL_UNITS], slim.total[TOTAL_VOLUME] = group.total[TOTAL_UNITS], 0
    for e in range(rows):
        is_slimmer |= _slim(group, e, slim, percent)
        slim.total[TOTAL_VOLUME] += slim.quantity[e] * slim.volume[e]
    if not is_slimmer:
        return False
    # Packings are of no use here, so what is stuck is given up soon, unless it shall never be.
    patient = s.state[JUDGED]
    if patient < MOST_DOUBLINGS:
        s.state[JUDGED] = min(patient, SOON)
    result = search(s, slim, rows, edge, node_limit, boxes, entries)
    s.state[JUDGED] = patient
    return result == NONE
