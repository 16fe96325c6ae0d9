"""The moments most like a given one, and what came after them."""

from __future__ import annotations

import numpy as np
from numba import njit

from solvers.inventory.demand.kernels_forecast import Flags, Numbers, Units


@njit(cache=True, nogil=True)
def recent_features(demand: Units, is_known: Flags, end: int, short: int, first: int, last: int, out: Numbers) -> None:
    """Fill out[series] before period `end`: periods since the last demand, share of recent periods with one, mean size.

    `short` is how many periods are recent. Unknown periods count neither way; without any demand, all of them are since.
    """
    for series in range(first, last):
        since, seen, with_demand, total, sizes = 0, 0, 0, 0.0, 0
        has_demand = False
        for period in range(end - 1, -1, -1):
            if not is_known[series, period]:
                continue
            units = demand[series, period]
            is_recent = period >= end - short
            if is_recent:
                seen += 1
            if units > 0:
                has_demand = True
                total += units
                sizes += 1
                if is_recent:
                    with_demand += 1
            if not has_demand:
                since += 1
        out[series, 0] = since
        out[series, 1] = with_demand / seen if seen else 0.0
        out[series, 2] = total / sizes if sizes else 0.0


@njit(cache=True, nogil=True)
def _sift_down(distance: Numbers, place: Units, at: int) -> None:
    """Restore the heap whose largest distance stands first, below one place."""
    size = distance.size
    while True:
        child = 2 * at + 1
        if child >= size:
            return
        if child + 1 < size and distance[child + 1] > distance[child]:
            child += 1
        if distance[child] <= distance[at]:
            return
        distance[at], distance[child] = distance[child], distance[at]
        place[at], place[child] = place[child], place[at]
        at = child


@njit(cache=True, nogil=True)
def fill_analogues(
    wanted: Numbers, library: Numbers, came: Numbers, levels: Numbers, count: int, first: int, last: int, out: Numbers
) -> None:
    """Fill out[series] with mean, variance and quantiles of what came after the `count` nearest moments of the library.

    A quantile is the smallest of them that is not passed with that probability. Of moments as near, the first are taken.
    """
    distance = np.empty(count)
    place = np.empty(count, np.int32)
    found = np.empty(count)
    for series in range(first, last):
        distance[:] = np.inf
        place[:] = 0
        for moment in range(library.shape[0]):
            total = 0.0
            for one in range(library.shape[1]):
                apart = wanted[series, one] - library[moment, one]
                total += apart * apart
                if total >= distance[0]:
                    break
            if total < distance[0]:
                distance[0], place[0] = total, moment
                _sift_down(distance, place, 0)
        mean, squares = 0.0, 0.0
        for one in range(count):
            found[one] = came[place[one]]
            mean += found[one]
            squares += found[one] * found[one]
        found.sort()
        mean /= count
        out[series, 0], out[series, 1] = mean, max(squares / count - mean * mean, 0.0)
        for one in range(levels.size):
            rank = int(np.ceil(levels[one] * count - 1e-9)) - 1
            out[series, 2 + one] = found[min(max(rank, 0), count - 1)]
