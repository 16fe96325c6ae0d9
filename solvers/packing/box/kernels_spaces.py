"""Empty maximal spaces: the largest free boxes left in a carton (Lai and Chan 1997; Parreno et al. 2008)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]


@numba.njit(cache=True, nogil=True)
def _contained(some: Ints, i: int, others: Ints, j: int) -> bool:
    """Say whether row i of some spaces lies within row j of others."""
    return bool(
        some[i, 0] >= others[j, 0]
        and some[i, 1] >= others[j, 1]
        and some[i, 2] >= others[j, 2]
        and some[i, 3] <= others[j, 3]
        and some[i, 4] <= others[j, 4]
        and some[i, 5] <= others[j, 5]
    )


@numba.njit(cache=True, nogil=True)
def cut_spaces(spaces: Ints, num: int, into: Ints, pieces: Ints, box: Ints, least: int) -> int:
    """Take `box` out of the free spaces and give their new number.

    Parameters
    ----------
    spaces
        Rows x1, y1, z1, x2, y2, z2 of the maximal free spaces.
    num
        How many rows count.
    into
        Gets what remains; may be `spaces` itself.
    pieces
        Scratch of the same width.
    box
        What was placed, as a row of `spaces`.
    least
        Spaces with an edge below this hold nothing that is left to place and are dropped.
    """
    x1, y1, z1, x2, y2, z2 = box[0], box[1], box[2], box[3], box[4], box[5]
    kept = 0
    made = 0
    for s in range(num):
        a1, b1, c1, a2, b2, c2 = spaces[s, 0], spaces[s, 1], spaces[s, 2], spaces[s, 3], spaces[s, 4], spaces[s, 5]
        if x1 >= a2 or x2 <= a1 or y1 >= b2 or y2 <= b1 or z1 >= c2 or z2 <= c1:
            _write(into, kept, a1, b1, c1, a2, b2, c2)
            kept += 1
            continue
        if made + 6 > pieces.shape[0]:
            continue
        if x1 - a1 >= least:
            _write(pieces, made, a1, b1, c1, x1, b2, c2)
            made += 1
        if a2 - x2 >= least:
            _write(pieces, made, x2, b1, c1, a2, b2, c2)
            made += 1
        if y1 - b1 >= least:
            _write(pieces, made, a1, b1, c1, a2, y1, c2)
            made += 1
        if b2 - y2 >= least:
            _write(pieces, made, a1, y2, c1, a2, b2, c2)
            made += 1
        if z1 - c1 >= least:
            _write(pieces, made, a1, b1, c1, a2, b2, z1)
            made += 1
        if c2 - z2 >= least:
            _write(pieces, made, a1, b1, z2, a2, b2, c2)
            made += 1
    # What was maximal before stays maximal; only the new pieces can lie inside another space.
    old = kept
    for i in range(made):
        inside = False
        for s in range(old):
            if _contained(pieces, i, into, s):
                inside = True
                break
        if inside:
            continue
        for j in range(made):
            if j != i and _contained(pieces, i, pieces, j) and (j < i or not _contained(pieces, j, pieces, i)):
                inside = True
                break
        if not inside and kept < into.shape[0]:
            for k in range(6):
                into[kept, k] = pieces[i, k]
            kept += 1
    return kept


@numba.njit(cache=True, nogil=True)
def _write(spaces: Ints, row: int, x1: int, y1: int, z1: int, x2: int, y2: int, z2: int) -> None:
    spaces[row, 0], spaces[row, 1], spaces[row, 2] = x1, y1, z1
    spaces[row, 3], spaces[row, 4], spaces[row, 5] = x2, y2, z2
