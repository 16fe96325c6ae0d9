"""Cutting a set into parcels: the cheapest cover of a multiset by sub-multisets of known price."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]

NO_COVER = 2**60


@numba.njit(cache=True, nogil=True)
def cheapest_partition(quantity: Ints, radix: Ints, value: Ints, total: Ints, choice: Ints) -> None:
    """Fill `total` with the least value of covering every sub-multiset, and `choice` with the part to begin with.

    A sub-multiset with c[e] units of entry e has the number sum of c[e] * radix[e]; `radix` counts up from 1 with the
    entries. Exact dynamic programming; each part takes a unit of the first entry left, so no cover is met twice.

    Parameters
    ----------
    quantity
        Units of each entry.
    radix
        Place value of each entry.
    value
        Price of every sub-multiset as one parcel, `NO_COVER` where it cannot be.
    total, choice
        Results, one value a sub-multiset.
    """
    size = quantity.size
    have = quantity.copy()
    part = quantity.copy()
    total[0] = 0
    for state in range(1, value.size):
        total[state] = NO_COVER
        choice[state] = 0
        rest = state
        for e in range(size):
            have[e] = rest % (quantity[e] + 1)
            rest //= quantity[e] + 1
            part[e] = 0
        first = 0
        while have[first] == 0:
            first += 1
        part[first] = 1
        number = radix[first]
        while True:
            worth = value[number]
            if worth < NO_COVER and worth + total[state - number] < total[state]:
                total[state] = worth + total[state - number]
                choice[state] = number
            e = first
            while e < size and part[e] == have[e]:
                low = 1 if e == first else 0
                number -= (part[e] - low) * radix[e]
                part[e] = low
                e += 1
            if e == size:
                break
            part[e] += 1
            number += radix[e]


@numba.njit(cache=True, nogil=True)
def cheapest_cover(quantity: Ints, radix: Ints, value: Ints, total: Ints, choice: Ints) -> None:
    """Fill `total` and `choice` as `cheapest_partition` does, but only as far as one comes on the way down from the whole.

    The best of all covers by one or two parts is found in one pass, and is the best of all where three of the cheapest parts
    cost more. Parameters are those of `cheapest_partition`.
    """
    whole = value.size - 1
    first = 0
    while first < quantity.size - 1 and quantity[first] == 0:
        first += 1
    least, best, part = NO_COVER, NO_COVER, 0
    for number in range(1, whole + 1):
        worth = value[number]
        least = min(least, worth)
        rest = value[whole - number] if number < whole else 0
        # The first unit lies in one of the two: let it be this one.
        if number % (quantity[first] + 1) != 0 and worth + rest < best:
            best, part = worth + rest, number
    if best < min(3 * least, NO_COVER):
        total[0], total[whole] = 0, best
        choice[whole], choice[whole - part] = part, whole - part
        return
    cheapest_partition(quantity, radix, value, total, choice)
