"""One set after another: a single parcel, or several where one will not do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numba
import numpy as np

from solvers.packing.kernels_carton import best_carton
from solvers.packing.kernels_price import COST, NO_PRICE, PriceArrays, parcel_price
from solvers.packing.kernels_work import (
    BEST_CARTON,
    BEST_NUM,
    BEST_OUTER,
    BEST_PRICE,
    BEST_WEIGHT,
    TOTAL_PROTECTION,
    TOTAL_UNITS,
    TOTAL_WEIGHT,
    CartonArrays,
    Group,
    ItemArrays,
    RuleArrays,
    Search,
    Work,
    load_group,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    SmallInts = npt.NDArray[np.int32]

OPTIMAL, FEASIBLE, INFEASIBLE, NO_SOLUTION, OPEN = 0, 1, 2, 3, 4
TOO_MANY = 3
SPLIT_CHEAPER = 1


class SetArrays(NamedTuple):
    """The item sets; `unit_start` says where the parcels and placements of each may go."""

    set_start: Ints
    entry_type: Ints
    entry_quantity: Ints
    packaging: Ints
    price_table: Ints
    unit_start: Ints


class OutArrays(NamedTuple):
    """What is found: per set status, cost, bound, parcels, placements; per parcel and placement a row; per entry what is left.

    A parcel row is carton, price, weight, outer length, width, height, items. A placement row is parcel within its set, entry,
    x, y, z, dx, dy, dz; rows of a parcel stand in packing order.
    """

    sets: Ints
    parcels: Ints
    placements: SmallInts
    left: Ints
    reason: Ints


@numba.njit(cache=True, nogil=True)
def emit(s: int, group: Group, work: Work, sets: SetArrays, out: OutArrays) -> None:
    """Append the best packing as the next parcel of set `s`, bottom first."""
    info = work.best_info
    num = info[BEST_NUM]
    parcel = out.sets[s, 3]
    row = out.parcels[sets.unit_start[s] + parcel]
    row[0], row[1], row[2] = info[BEST_CARTON], info[BEST_PRICE], info[BEST_WEIGHT]
    for axis in range(3):
        row[3 + axis] = info[BEST_OUTER + axis]
    row[6] = num
    for i in range(num):
        b = work.best_box[i]
        key = (b[2] * 2**20 + b[1]) * 2**20 + b[0]
        at = i
        while at > 0 and work.key[at - 1] > key:
            work.key[at] = work.key[at - 1]
            work.turn[at] = work.turn[at - 1]
            at -= 1
        work.key[at] = key
        work.turn[at] = i
    for k in range(num):
        i = work.turn[k]
        b = work.best_box[i]
        place = out.placements[sets.unit_start[s] + out.sets[s, 4] + k]
        place[0] = parcel
        item_type = group.item_type[work.best_entry[i]]
        for entry in range(sets.set_start[s], sets.set_start[s + 1]):
            if sets.entry_type[entry] == item_type and out.left[entry] > 0:
                out.left[entry] -= 1
                place[1] = entry
                break
        for axis in range(3):
            place[2 + axis] = b[axis]
            place[5 + axis] = b[axis + 3] - b[axis]
    out.sets[s, 1] += info[BEST_PRICE]
    out.sets[s, 3] += 1
    out.sets[s, 4] += num


@numba.njit(cache=True, nogil=True)
def several_bound(
    group: Group, rows: int, cartons: CartonArrays, prices: PriceArrays, table: int, packaging: int, below: int
) -> int:
    """Give a lower bound on the price of two or more parcels together.

    With k parcels, one weighs at least a k-th of the whole and none less than the lightest unit.
    """
    lightest = 2**60
    for e in range(rows):
        if group.quantity[e] > 0:
            lightest = min(lightest, group.weight_g[e])
    units, weight = group.total[TOTAL_UNITS], group.total[TOTAL_WEIGHT]
    shared = group.total[TOTAL_PROTECTION] if prices.objective == COST else 0
    least = below
    for k in range(2, units + 1):
        light, heavy = NO_PRICE, NO_PRICE
        for c in range(cartons.cost_cents.size):
            if packaging not in (0, cartons.packaging[c]):
                continue
            size = int(np.int64(1))
            for axis in range(3):
                size *= cartons.outer[c, axis] if cartons.is_flat[c] == 0 else 1
            light = min(light, parcel_price(prices, table, lightest + cartons.tare_g[c], size, cartons.cost_cents[c]))
            share = -(-weight // k)
            if share + cartons.tare_g[c] <= cartons.max_weight_g[c]:
                heavy = min(heavy, parcel_price(prices, table, share + cartons.tare_g[c], size, cartons.cost_cents[c]))
        if light == NO_PRICE:
            return below
        if shared + k * light >= least:
            return least
        if heavy < NO_PRICE:
            least = min(least, shared + heavy + (k - 1) * light)
    return least


@numba.njit(cache=True, nogil=True)
def must_split(group: Group, rows: int, items: ItemArrays) -> bool:
    """Say whether some units may not share a parcel."""
    hazard = 0
    for e in range(rows):
        if group.quantity[e] == 0:
            continue
        t = group.item_type[e]
        if items.ships_alone[t] == 1 and group.total[TOTAL_UNITS] > 1:
            return True
        if items.hazard_class[t] > 0:
            if hazard not in (0, items.hazard_class[t]):
                return True
            hazard = items.hazard_class[t]
    return False


@numba.njit(cache=True, nogil=True, inline="always")
def solve_set(
    s: int,
    group: Group,
    work: Work,
    memory: Search,
    items: ItemArrays,
    rules: RuleArrays,
    cartons: CartonArrays,
    prices: PriceArrays,
    sets: SetArrays,
    out: OutArrays,
) -> None:
    """Pack one set into one parcel, or mark it `OPEN` where that will not do or several may cost less."""
    first, last = sets.set_start[s], sets.set_start[s + 1]
    state = out.sets[s]
    state[:] = 0
    for entry in range(first, last):
        out.left[entry] = sets.entry_quantity[entry]
    if first == last:
        return
    if sets.unit_start[s + 1] == sets.unit_start[s]:
        state[0] = NO_SOLUTION
        out.reason[first:last] = TOO_MANY
        return
    table, packaging = sets.price_table[s], sets.packaging[s]
    rows = load_group(group, items, sets.entry_type[first:last], sets.entry_quantity[first:last], last - first)
    bound = int(np.int64(NO_PRICE))
    work.best_info[BEST_NUM] = 0
    if not must_split(group, rows, items):
        bound = best_carton(
            group, rows, work, memory, rules, cartons, prices, table, packaging, int(np.int64(NO_PRICE))
        )
    found = work.best_info[BEST_NUM] > 0
    if found:
        emit(s, group, work, sets, out)
    state[2] = min(bound, state[1]) if found else bound
    if not found or (
        rules.split == SPLIT_CHEAPER
        and group.total[TOTAL_UNITS] > 1
        and several_bound(group, rows, cartons, prices, table, packaging, state[1]) < state[1]
    ):
        state[0] = OPEN
    if state[0] == 0 and state[2] < state[1]:
        state[0] = FEASIBLE


@numba.njit(cache=True, nogil=True)
def solve_sets(
    chosen: Ints,
    group: Group,
    work: Work,
    memory: Search,
    items: ItemArrays,
    rules: RuleArrays,
    cartons: CartonArrays,
    prices: PriceArrays,
    sets: SetArrays,
    out: OutArrays,
) -> None:
    """Pack the chosen sets one after another; each writes to rows of its own."""
    for i in range(chosen.size):
        solve_set(chosen[i], group, work, memory, items, rules, cartons, prices, sets, out)
