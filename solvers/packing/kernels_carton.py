"""The cheapest carton that holds all items at hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba
import numpy as np

from solvers.packing.box.kernels_fill import fits, obeys_rules
from solvers.packing.box.kernels_reorder import reorder
from solvers.packing.kernels_price import NO_PRICE, PriceArrays, parcel_price
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
    Search,
    Work,
    match_box,
)
from solvers.packing.proofs.kernels_duals import refuted_by_duals
from solvers.packing.proofs.kernels_search import FOUND, LIMIT, NONE, search
from solvers.packing.proofs.kernels_slim import ALIKE_PERCENT, refuted_slim

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]

FITS, UNKNOWN, REFUTED = 1, 0, -1
QUICK_TRIES = 12
FIRST_NODES = 100
QUICK_NODES = 2_000
SLIM_NODES = 20_000
"""With a smaller limit, as for the parts of a split, slimmer items are not worth their search."""
FLAT_TRIES = 3
FLAT_NODES = 500


@numba.njit(cache=True, nogil=True, inline="always")
def try_box(
    group: Group,
    rows: int,
    work: Work,
    memory: Search,
    rules: RuleArrays,
    edge: Ints,
    in_earnest: int,
    is_flat: int,
) -> int:
    """Pack a box (`FITS`, the packing in `work.box`), or prove that it cannot be done (`REFUTED`), or neither.

    Most boxes that hold the items are easy to fill and most others easy to refute: that is tried first. What that leaves
    `UNKNOWN` can be tried `in_earnest`, by exhaustive search and many more packings. One of the many shapes of a mailer
    (`is_flat`) gets less effort than a box.
    """
    if group.total[TOTAL_VOLUME] > edge[0] * edge[1] * edge[2] or not match_box(group, rows, edge[0], edge[1], edge[2]):
        return REFUTED
    tries = min(FLAT_TRIES if is_flat == 1 else QUICK_TRIES, rules.tries)
    first_nodes, quick_nodes = min(FIRST_NODES, rules.node_limit), min(QUICK_NODES, rules.node_limit)
    result = search(
        memory, group, rows, edge, first_nodes if in_earnest == 0 else quick_nodes, work.box, work.box_entry
    )
    if result == NONE:
        return REFUTED
    if result == FOUND and obeys_rules(group, work, rules, edge):
        return FITS
    if in_earnest == 0:
        if fits(group, rows, work, rules, edge, tries):
            return FITS
        # Items that fit, if not by the rules, leave no proof to be had, only luck.
        if result == FOUND:
            return UNKNOWN
        result = search(memory, group, rows, edge, quick_nodes, work.box, work.box_entry)
        if result == NONE:
            return REFUTED
        if result == FOUND:
            return FITS if obeys_rules(group, work, rules, edge) else UNKNOWN
        return REFUTED if refuted_by_duals(group, rows, edge, work.dual_table, work.dual_cap) else UNKNOWN
    if is_flat == 1:
        return UNKNOWN
    slim = rules.node_limit >= SLIM_NODES
    if (
        slim
        and result == LIMIT
        and refuted_slim(memory, group, rows, edge, ALIKE_PERCENT, quick_nodes, work.box, work.box_entry)
    ):
        return REFUTED
    if reorder(group, rows, work, rules, edge, rules.tries - tries):
        return FITS
    if result == FOUND or rules.node_limit <= quick_nodes:
        return UNKNOWN
    if slim and refuted_slim(memory, group, rows, edge, ALIKE_PERCENT, rules.node_limit, work.box, work.box_entry):
        return REFUTED
    result = search(memory, group, rows, edge, rules.node_limit, work.box, work.box_entry)
    if result == NONE:
        return REFUTED
    return FITS if result == FOUND and obeys_rules(group, work, rules, edge) else UNKNOWN


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
def _list_heights(group: Group, rows: int, top: int, heights: Ints) -> None:
    """Mark the heights up to `top` that edges of the items add up to."""
    for h in range(1, top + 1):
        heights[h] = 0
    heights[0] = 1
    for e in range(rows):
        for _ in range(group.quantity[e]):
            for h in range(top, 0, -1):
                for k in range(group.num_dims[e]):
                    d = group.dims[e, k, 2]
                    if d <= h and heights[h - d] == 1:
                        heights[h] = 1


@numba.njit(cache=True, nogil=True)
def list_cartons(
    group: Group, work: Work, cartons: CartonArrays, prices: PriceArrays, table: int, packaging: int, below: int
) -> int:
    """List the cartons that may be used, by the least price they can have, then by size; give their number."""
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
    return num


@numba.njit(cache=True, nogil=True, inline="always")
def _fill_one_of_many(
    group: Group,
    rows: int,
    work: Work,
    rules: RuleArrays,
    cartons: CartonArrays,
    prices: PriceArrays,
    table: int,
    i: int,
    num: int,
) -> None:
    """Fill a box of which others cost as much, by plain orders: while one of them may do, none need be refuted."""
    c = work.carton_turn[i]
    has_equal = (i > 0 and work.carton_key[i - 1] == work.carton_key[i]) or (
        i + 1 < num and work.carton_key[i + 1] == work.carton_key[i]
    )
    inner = cartons.inner[c]
    if not has_equal or cartons.is_flat[c] == 1 or group.total[TOTAL_VOLUME] > inner[0] * inner[1] * inner[2]:
        return
    if match_box(group, rows, inner[0], inner[1], inner[2]) and fits(
        group, rows, work, rules, inner, min(QUICK_TRIES, rules.tries)
    ):
        keep(group, work, cartons, prices, table, c)


@numba.njit(cache=True, nogil=True)
def _largest_first(work: Work, i: int, num: int) -> int:
    """Give the turn of a carton when those of one price are taken from the largest down."""
    first, last = i, i
    while first > 0 and work.carton_key[first - 1] == work.carton_key[i]:
        first -= 1
    while last + 1 < num and work.carton_key[last + 1] == work.carton_key[i]:
        last += 1
    return int(first + last - i)


@numba.njit(cache=True, nogil=True, inline="always")
def best_carton(
    group: Group,
    rows: int,
    work: Work,
    memory: Search,
    rules: RuleArrays,
    cartons: CartonArrays,
    prices: PriceArrays,
    table: int,
    packaging: int,
    below: int,
) -> int:
    """Find the cheapest carton for all entries, cheaper than `below`.

    A mailer is tried as the boxes it can become, one for each height that its contents can reach.

    Returns
    -------
    int
        A proven lower bound on the price of a single parcel: `below` where nothing cheaper exists. The packing found, if
        any, is in `work.best_box` and `work.best_info`, its price in `best_info[BEST_PRICE]` (`below` if there is none).
    """
    work.best_info[BEST_PRICE] = below
    work.best_info[BEST_NUM] = 0
    bound = below
    edge = np.zeros(3, np.int64)
    num = list_cartons(group, work, cartons, prices, table, packaging, below)
    for i in range(num):
        if work.carton_key[i] < work.best_info[BEST_PRICE]:
            _fill_one_of_many(group, rows, work, rules, cartons, prices, table, i, num)
    # Quickly through all cartons; then in earnest through those that are cheaper than what was found.
    for step in range(2 * num):
        i, in_earnest = step % num, step // num
        if in_earnest == 1:
            i = _largest_first(work, i, num)
        least, c = work.carton_key[i], work.carton_turn[i]
        if least >= work.best_info[BEST_PRICE] or (in_earnest == 1 and work.is_open[i] == 0):
            continue
        work.is_open[i] = 0
        inner = cartons.inner[c]
        flat = cartons.is_flat[c] == 1
        if flat:
            _list_heights(group, rows, inner[2], work.heights)
        for height in range(1 if flat else inner[2], inner[2] + 1):
            edge[0], edge[1], edge[2] = inner[0], inner[1], height
            if flat:
                if work.heights[height] == 0 or inner[0] <= height or inner[1] <= height:
                    continue
                edge[0] -= height
                edge[1] -= height
            result = try_box(group, rows, work, memory, rules, edge, in_earnest, cartons.is_flat[c])
            if result == FITS:
                if keep(group, work, cartons, prices, table, c) <= least:
                    break
                # Another bounding box of the same mailer may cost less.
                bound = min(bound, least)
            elif result == UNKNOWN:
                work.is_open[i] = 1
                if in_earnest == 1:
                    bound = min(bound, least)
    return int(min(bound, work.best_info[BEST_PRICE]))
