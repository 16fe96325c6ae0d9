"""Going on with a set that fits one parcel: the boxes cheaper than its own that are neither packed nor refuted."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numba
import numpy as np

from solvers.packing.box.kernels_fill import obeys_rules
from solvers.packing.box.kernels_reorder import improve
from solvers.packing.kernels_carton import FITS, REFUTED, UNKNOWN, keep, list_cartons
from solvers.packing.kernels_price import NO_PRICE, PriceArrays
from solvers.packing.kernels_sets import SPLIT_CHEAPER, OutArrays, SetArrays, emit, several_bound
from solvers.packing.kernels_work import (
    BEST_NUM,
    BEST_PRICE,
    JUDGED,
    MOST_DOUBLINGS,
    NODES,
    TOTAL_VOLUME,
    CartonArrays,
    Group,
    ItemArrays,
    RuleArrays,
    Search,
    Work,
    load_group,
    match_box,
)
from solvers.packing.proofs.kernels_search import FOUND, NONE, search
from solvers.packing.proofs.kernels_slim import ALIKE_PERCENT, refuted_slim

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]


@numba.njit(cache=True, nogil=True)
def list_open(
    s: int,
    group: Group,
    work: Work,
    items: ItemArrays,
    rules: RuleArrays,
    cartons: CartonArrays,
    prices: PriceArrays,
    sets: SetArrays,
    out: OutArrays,
) -> int:
    """List what may hold a set for less than the parcel it has, in `work.carton_turn` and `work.carton_key`, cheapest first.

    Gives their number; 0 for a set of no or several parcels, and for one that several parcels may hold for less. The set is
    left in `group`, the number of its rows in `group.num_rows`.
    """
    if out.sets[s, 3] != 1:
        return 0
    first, last = sets.set_start[s], sets.set_start[s + 1]
    table, packaging, cost = sets.price_table[s], sets.packaging[s], out.sets[s, 1]
    rows = load_group(group, items, sets.entry_type[first:last], sets.entry_quantity[first:last], last - first)
    if rules.split == SPLIT_CHEAPER and several_bound(group, rows, cartons, prices, table, packaging, cost) < cost:
        return 0
    group.num_rows[0] = rows
    num = int(np.int64(0))
    for i in range(list_cartons(group, work, cartons, prices, table, packaging, cost)):
        c, edge = work.carton_turn[i], cartons.inner[work.carton_turn[i]]
        if work.carton_key[i] < out.sets[s, 2] or (
            cartons.is_flat[c] == 0
            and (
                group.total[TOTAL_VOLUME] > edge[0] * edge[1] * edge[2]
                or not match_box(group, rows, edge[0], edge[1], edge[2])
            )
        ):
            continue
        work.carton_turn[num], work.carton_key[num] = c, work.carton_key[i]
        num += 1
    return num


@numba.njit(cache=True, nogil=True)
def try_open(
    s: int,
    c: int,
    tries: int,
    nodes: int,
    group: Group,
    work: Work,
    memory: Search,
    rules: RuleArrays,
    cartons: CartonArrays,
    prices: PriceArrays,
    sets: SetArrays,
    out: OutArrays,
) -> int:
    """Try the set in `group` in one more box, by `tries` packings or by exact searches of `nodes` in all.

    A packing found takes the place of the set's parcel.
    """
    rows, edge = group.num_rows[0], cartons.inner[c]
    match_box(group, rows, edge[0], edge[1], edge[2])
    if nodes > 0:
        memory.state[NODES] = 0
        if refuted_slim(memory, group, rows, edge, ALIKE_PERCENT, nodes, work.box, work.box_entry):
            return REFUTED
        left = max(1, nodes - memory.state[NODES])
        result = search(memory, group, rows, edge, left, work.box, work.box_entry)
        if result == NONE:
            return REFUTED
        if result != FOUND or not obeys_rules(group, work, rules, edge):
            return UNKNOWN
    elif not improve(group, rows, work, rules, edge, tries, tries):
        return UNKNOWN
    work.best_info[BEST_NUM], work.best_info[BEST_PRICE] = 0, NO_PRICE
    keep(group, work, cartons, prices, sets.price_table[s], c)
    for entry in range(sets.set_start[s], sets.set_start[s + 1]):
        out.left[entry] = sets.entry_quantity[entry]
    out.sets[s, 1] = out.sets[s, 3] = out.sets[s, 4] = 0
    emit(s, group, work, sets, out)
    return FITS


@numba.njit(cache=True, nogil=True)
def refute_open(c: int, nodes: int, group: Group, work: Work, memory: Search, cartons: CartonArrays) -> bool:
    """Say whether a box is refuted for the set in `group` by slimmer items alone, in a search never given up as stuck."""
    edge, judged = cartons.inner[c], memory.state[JUDGED]
    match_box(group, group.num_rows[0], edge[0], edge[1], edge[2])
    memory.state[JUDGED] = MOST_DOUBLINGS
    is_refuted = refuted_slim(memory, group, group.num_rows[0], edge, ALIKE_PERCENT, nodes, work.box, work.box_entry)
    memory.state[JUDGED] = judged
    return is_refuted
