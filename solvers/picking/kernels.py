"""The shortest walk of one picker in one block, by dynamic programming over the aisles.

Ratliff and Rosenthal, Order-picking in a rectangular warehouse: a solvable case of the traveling salesman problem,
Operations Research 31 (1983) 507-521. Going from one aisle to the next, all that matters of the part behind is whether
its ends at the back and the front cross-aisle have odd, even or no degree, and whether it hangs together: five states.
Aisles without stops are skipped: crossing the block there is never better than crossing it in a neighbour with stops.

A place is one number: the aisle in the high bits, the distance from the front cross-aisle in the low ones. The depot is
a place at distance 0, so it needs no special case.
"""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from numba import njit

Integers: TypeAlias = npt.NDArray[np.int64]

KEY_BITS = 32
LOW_BITS = (1 << KEY_BITS) - 1
FAR = 1 << 60


@njit(cache=True, nogil=True)
def walk_of_merged(
    kept: Integers,
    num_kept: int,
    removed: Integers,
    removed_start: int,
    removed_stop: int,
    added: Integers,
    added_start: int,
    added_stop: int,
    length_mm: int,
    pitch_mm: int,
) -> int:
    """Give the shortest closed walk through the sorted places `kept`, less `removed`, plus `added`.

    `kept` is a multiset that includes the depot; each place of `removed` takes one copy away.
    """
    traverse = np.int64(length_mm)
    odd = np.int64(FAR)  # both ends odd, one component
    back = np.int64(FAR)  # back even, front untouched
    front = np.int64(FAR)  # front even, back untouched
    joined = np.int64(FAR)  # both even, one component
    apart = np.int64(FAR)  # both even, two components
    i = 0
    j = removed_start
    k = added_start
    aisle = np.int64(-1)
    previous = np.int64(-1)
    low = np.int64(0)
    high = np.int64(0)
    gap = np.int64(0)
    while True:
        while i < num_kept and j < removed_stop and kept[i] == removed[j]:
            i += 1
            j += 1
        if i < num_kept and (k >= added_stop or kept[i] <= added[k]):
            key = kept[i]
            i += 1
        elif k < added_stop:
            key = added[k]
            k += 1
        else:
            key = np.int64(-1)
        offset = key & LOW_BITS
        if key >= 0 and key >> KEY_BITS == aisle:
            gap = max(gap, offset - high)
            high = offset
            continue
        if aisle >= 0:
            from_back = 2 * (length_mm - low)
            from_front = 2 * high
            around_gap = 2 * (length_mm - gap)
            if previous < 0:
                odd = traverse
                back = from_back
                front = from_front
                apart = around_gap
                joined = 2 * traverse
            else:
                step = 2 * pitch_mm * (aisle - previous)
                odd_here = odd + step
                back_here = min(back, joined) + step
                front_here = min(front, joined) + step
                joined_here = joined + 2 * step
                apart_here = min(apart, back, front) + 2 * step
                least = min(from_back, from_front, around_gap)
                even = min(back_here, front_here, apart_here)
                odd = min(odd_here + least, min(even, joined_here) + traverse)
                back = back_here + from_back
                front = front_here + from_front
                joined = min(odd_here + traverse, joined_here + least, even + 2 * traverse)
                apart = min(
                    back_here + min(from_front, around_gap),
                    front_here + min(from_back, around_gap),
                    apart_here + least,
                )
            previous = aisle
        if key < 0:
            break
        aisle = key >> KEY_BITS
        low = offset
        high = offset
        gap = np.int64(0)
    return int(min(back, front, joined))


@njit(cache=True, nogil=True)
def walk_of_each(
    place_start: Integers, places: Integers, depot: Integers, length_mm: int, pitch_mm: int, out: Integers
) -> None:
    """Give the shortest walk through the places of each shipment alone."""
    # Typed, because a literal argument would compile a copy of the kernel of its own.
    none = int(np.int64(0))
    one = int(np.int64(1))
    for shipment in range(out.size):
        out[shipment] = walk_of_merged(
            depot,
            one,
            places,
            none,
            none,
            places,
            place_start[shipment],
            place_start[shipment + 1],
            length_mm,
            pitch_mm,
        )
