"""The carton that takes the most of what is at hand in one parcel."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba
import numpy as np

from solvers.packing.box.kernels_fill import NUM_CRITERIA, NUM_KEYS, fill, order_units
from solvers.packing.kernels_price import NO_PRICE, PriceArrays, parcel_price
from solvers.packing.kernels_work import CartonArrays, Group, RuleArrays, Work, match_box

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]


@numba.njit(cache=True, nogil=True)
def _put_first(work: Work, num_units: int, entry: int) -> None:
    """Move the units of an entry to the front of the order."""
    num = 0
    for i in range(num_units):
        if work.unit[i] == entry:
            for k in range(i, num, -1):
                work.unit[k] = work.unit[k - 1]
            work.unit[num] = entry
            num += 1


@numba.njit(cache=True, nogil=True)
def fullest_carton(
    group: Group,
    rows: int,
    work: Work,
    rules: RuleArrays,
    cartons: CartonArrays,
    prices: PriceArrays,
    table: int,
    packaging: int,
    first: int,
    taken: Ints,
) -> bool:
    """Fill every box in several orders and keep what takes the largest volume, at the least price among equals.

    Parameters
    ----------
    group, rows, work
        The entries at hand and memory.
    rules, cartons, prices, table, packaging
        Rules inside the parcel, and which cartons there are at which price.
    first
        An entry of which a unit must be taken, and which is placed before all others; -1 for none.
    taken
        How many units of each entry are taken, as a result.

    Returns
    -------
    bool
        Whether any unit goes into any box.
    """
    best_volume, best_price = int(np.int64(0)), int(np.int64(NO_PRICE))
    counts = np.zeros(rows, np.int64)
    heaviest = prices.up_to_g[prices.table_start[table + 1] - 1]
    for c in range(cartons.cost_cents.size):
        if packaging not in (0, cartons.packaging[c]) or cartons.is_flat[c] == 1:
            continue
        edge, tare = cartons.inner[c], cartons.tare_g[c]
        room = min(cartons.max_weight_g[c], heaviest) - tare
        outer = cartons.outer[c, 0] * cartons.outer[c, 1] * cartons.outer[c, 2]
        match_box(group, rows, edge[0], edge[1], edge[2])
        for key in range(2 * NUM_KEYS):
            num_units = order_units(group, rows, work, key % NUM_KEYS)
            if first >= 0:
                _put_first(work, num_units, first)
            criterion = (key * 5 + 6) % NUM_CRITERIA
            placed = fill(group, rows, work, rules, num_units, edge, criterion, int(np.int64(0)), room)
            counts[:] = 0
            volume, weight = int(np.int64(0)), int(tare)
            for i in range(placed):
                e = work.box_entry[i]
                counts[e] += 1
                volume += group.volume[e]
                weight += group.weight_g[e]
            if placed == 0 or (first >= 0 and counts[first] == 0):
                continue
            price = parcel_price(prices, table, weight, outer, cartons.cost_cents[c])
            if price < NO_PRICE and (volume > best_volume or (volume == best_volume and price < best_price)):
                best_volume, best_price = volume, price
                taken[:rows] = counts
    return best_volume > 0
