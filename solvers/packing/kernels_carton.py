"""The cheapest carton that holds all items at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba
import numpy as np

from solvers.packing.kernels_fill import fits
from solvers.packing.kernels_price import NO_PRICE, PriceArrays, parcel_price
from solvers.packing.kernels_refute import refuted
from solvers.packing.kernels_work import (
    BEST_CARTON,
    BEST_NUM,
    BEST_OUTER,
    BEST_PRICE,
    BEST_WEIGHT,
    TOTAL_PROTECTION,
    TOTAL_UNITS,
    TOTAL_VOLUME,
    TOTAL_WEIGHT,
    CartonArrays,
    Group,
    RuleArrays,
    Work,
    match_box,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]

FITS, UNKNOWN, REFUTED = 1, 0, -1


@numba.njit(cache=True, nogil=True)
def try_box(group: Group, rows: int, work: Work, rules: RuleArrays, edge: Ints) -> int:
    """Pack a box (`FITS`, the packing in `work.box`), or prove that it cannot be done (`REFUTED`), or neither."""
    if group.total[TOTAL_VOLUME] > edge[0] * edge[1] * edge[2] or not match_box(group, rows, edge[0], edge[1], edge[2]):
        return REFUTED
    if refuted(group, rows, edge, work.reach):
        return REFUTED
    return FITS if fits(group, rows, work, rules, edge) else UNKNOWN


@numba.njit(cache=True, nogil=True)
def _price(group: Group, cartons: CartonArrays, prices: PriceArrays, table: int, c: int, volume: int) -> int:
    own = cartons.cost_cents[c] + group.total[TOTAL_PROTECTION]
    return parcel_price(prices, table, group.total[TOTAL_WEIGHT] + cartons.tare_g[c], volume, own)


@numba.njit(cache=True, nogil=True)
def keep(group: Group, work: Work, cartons: CartonArrays, prices: PriceArrays, table: int, c: int) -> int:
    """Price the packing in `work.box`, keep it as the best if it is, and give its price."""
    num = group.total[TOTAL_UNITS]
    outer = np.zeros(3, np.int64)
    for axis in range(3):
        outer[axis] = cartons.outer[c, axis]
        if cartons.is_flat[c] == 1:
            last = 0
            for i in range(num):
                last = max(last, work.box[i, axis + 3])
            outer[axis] += last - cartons.inner[c, axis]
    price = _price(group, cartons, prices, table, c, outer[0] * outer[1] * outer[2])
    if price < work.best_info[BEST_PRICE]:
        work.best_info[BEST_NUM] = num
        work.best_info[BEST_CARTON] = c
        work.best_info[BEST_PRICE] = price
        work.best_info[BEST_WEIGHT] = group.total[TOTAL_WEIGHT] + cartons.tare_g[c]
        for axis in range(3):
            work.best_info[BEST_OUTER + axis] = outer[axis]
        for i in range(num):
            work.best_entry[i] = work.box_entry[i]
            for k in range(6):
                work.best_box[i, k] = work.box[i, k]
    return price


@numba.njit(cache=True, nogil=True)
def _try_flat(
    group: Group,
    rows: int,
    work: Work,
    rules: RuleArrays,
    cartons: CartonArrays,
    prices: PriceArrays,
    table: int,
    c: int,
    least: int,
) -> bool:
    """Try a mailer as the boxes it can become, one for each height its contents can reach; True where all is proven.

    `least` is the lowest price it can have: reached, no other height matters.
    """
    inner = cartons.inner[c]
    top = inner[2]
    heights = np.zeros(top + 1, np.uint8)
    heights[0] = 1
    for e in range(rows):
        for _ in range(group.quantity[e]):
            for h in range(top, 0, -1):
                if heights[h] == 0:
                    for k in range(group.num_dims[e]):
                        d = group.dims[e, k, 2]
                        if d <= h and heights[h - d] == 1:
                            heights[h] = 1
                            break
    edge = np.zeros(3, np.int64)
    proven = True
    for h in range(1, top + 1):
        if heights[h] == 0 or inner[0] <= h or inner[1] <= h:
            continue
        edge[0], edge[1], edge[2] = inner[0] - h, inner[1] - h, h
        result = try_box(group, rows, work, rules, edge)
        if result == FITS:
            if keep(group, work, cartons, prices, table, c) <= least:
                return True
            # A smaller bounding box at this or another height may cost less.
            proven = False
        elif result == UNKNOWN:
            proven = False
    return proven


@numba.njit(cache=True, nogil=True)
def best_carton(
    group: Group,
    rows: int,
    work: Work,
    rules: RuleArrays,
    cartons: CartonArrays,
    prices: PriceArrays,
    table: int,
    packaging: int,
    below: int,
) -> int:
    """Find the cheapest carton for all entries, cheaper than `below`.

    Returns
    -------
    int
        A proven lower bound on the price of a single parcel: `below` where nothing cheaper exists. The packing found, if
        any, is in `work.best_box` and `work.best_info`, its price in `best_info[BEST_PRICE]` (`below` if there is none).
    """
    work.best_info[BEST_PRICE] = below
    work.best_info[BEST_NUM] = 0
    num = 0
    for c in range(cartons.cost_cents.size):
        if (
            packaging not in (0, cartons.packaging[c])
            or group.total[TOTAL_WEIGHT] + cartons.tare_g[c] > cartons.max_weight_g[c]
        ):
            continue
        volume = cartons.outer[c, 0] * cartons.outer[c, 1] * cartons.outer[c, 2]
        if cartons.is_flat[c] == 1:
            volume = group.total[TOTAL_VOLUME]
        price = _price(group, cartons, prices, table, c, volume)
        if price >= below or price >= NO_PRICE:
            continue
        at = num
        while at > 0 and (
            work.carton_key[at - 1] > price or (work.carton_key[at - 1] == price and work.carton_size[at - 1] > volume)
        ):
            work.carton_key[at] = work.carton_key[at - 1]
            work.carton_size[at] = work.carton_size[at - 1]
            work.carton_turn[at] = work.carton_turn[at - 1]
            at -= 1
        work.carton_key[at] = price
        work.carton_size[at] = volume
        work.carton_turn[at] = c
        num += 1
    bound = below
    edge = np.zeros(3, np.int64)
    for i in range(num):
        least, c = work.carton_key[i], work.carton_turn[i]
        if least >= work.best_info[BEST_PRICE]:
            break
        if cartons.is_flat[c] == 1:
            if not _try_flat(group, rows, work, rules, cartons, prices, table, c, least):
                bound = min(bound, least)
            continue
        for axis in range(3):
            edge[axis] = cartons.inner[c, axis]
        result = try_box(group, rows, work, rules, edge)
        if result == FITS:
            keep(group, work, cartons, prices, table, c)
        elif result == UNKNOWN:
            bound = min(bound, least)
    return int(min(bound, work.best_info[BEST_PRICE]))
