"""Empty maximal spaces: the largest free boxes left in a carton (Lai and Chan 1997; Parreno et al. 2008)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]


@numba.njit(cache=True, nogil=True)
def _contained(a: Ints, b: Ints) -> bool:
    return bool(a[0] >= b[0] and a[1] >= b[1] and a[2] >= b[2] and a[3] <= b[3] and a[4] <= b[4] and a[5] <= b[5])


@numba.njit(cache=True, nogil=True)
def cut_spaces(spaces: Ints, num: int, pieces: Ints, box: Ints, least: int) -> int:
    """Take `box` out of the free spaces and give their new number.

    Parameters
    ----------
    spaces
        Rows x1, y1, z1, x2, y2, z2 of the maximal free spaces, changed in place.
    num
        How many rows count.
    pieces
        Scratch of the same width.
    box
        What was placed, as a row of `spaces`.
    least
        Spaces with an edge below this hold nothing that is left to place and are dropped.
    """
    kept = 0
    made = 0
    for s in range(num):
        a = spaces[s]
        if box[0] >= a[3] or box[3] <= a[0] or box[1] >= a[4] or box[4] <= a[1] or box[2] >= a[5] or box[5] <= a[2]:
            if kept != s:
                for k in range(6):
                    spaces[kept, k] = a[k]
            kept += 1
            continue
        for axis in range(3):
            if box[axis] - a[axis] >= least and made < pieces.shape[0]:
                for k in range(6):
                    pieces[made, k] = a[k]
                pieces[made, axis + 3] = box[axis]
                made += 1
            if a[axis + 3] - box[axis + 3] >= least and made < pieces.shape[0]:
                for k in range(6):
                    pieces[made, k] = a[k]
                pieces[made, axis] = box[axis + 3]
                made += 1
    # What was maximal before stays maximal; only the new pieces can lie inside another space.
    old = kept
    for i in range(made):
        p = pieces[i]
        inside = False
        for s in range(old):
            if _contained(p, spaces[s]):
                inside = True
                break
        if inside:
            continue
        for j in range(made):
            if j != i and _contained(p, pieces[j]) and (j < i or not _contained(pieces[j], p)):
                inside = True
                break
        if not inside and kept < spaces.shape[0]:
            for k in range(6):
                spaces[kept, k] = p[k]
            kept += 1
    return kept
