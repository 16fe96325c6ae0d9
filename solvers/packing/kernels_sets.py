"""One set after another: a single parcel, or several where one will not do."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numba
import numpy as np

from solvers.packing.kernels_carton import best_carton
from solvers.packing.kernels_fill import NUM_CRITERIA, NUM_KEYS, centre_contents, fill, order_units
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
    Work,
    load_group,
    match_box,
    sum_group,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    SmallInts = npt.NDArray[np.int32]

OPTIMAL, FEASIBLE, INFEASIBLE, NO_SOLUTION = 0, 1, 2, 3
PACKED, TOO_LARGE, TOO_HEAVY, TOO_MANY, NO_CARTON, NOT_TOGETHER = 0, 1, 2, 3, 4, 5
SPLIT_NEEDED, SPLIT_CHEAPER, SPLIT_NEVER = 0, 1, 2


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
            size = 1
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
def _fullest(
    group: Group,
    rows: int,
    work: Work,
    rules: RuleArrays,
    cartons: CartonArrays,
    prices: PriceArrays,
    table: int,
    packaging: int,
    most: Ints,
) -> int:
    """Fill each carton with what it takes of the entries; `most` gets the counts of the fullest. Gives its volume."""
    best = 0
    best_price = NO_PRICE
    taken = np.zeros(rows, np.int64)
    edge = np.zeros(3, np.int64)
    for c in range(cartons.cost_cents.size):
        if packaging not in (0, cartons.packaging[c]):
            continue
        room = cartons.max_weight_g[c]
        heaviest = prices.up_to_g[prices.table_start[table + 1] - 1]
        room = min(room, heaviest // prices.weight_step_g[table] * prices.weight_step_g[table]) - cartons.tare_g[c]
        rigid = cartons.outer[c, 0] * cartons.outer[c, 1] * cartons.outer[c, 2]
        for tried in range(NUM_KEYS if cartons.is_flat[c] == 0 else 0):
            for axis in range(3):
                edge[axis] = cartons.inner[c, axis]
            match_box(group, rows, edge[0], edge[1], edge[2])
            num = order_units(group, rows, work, tried)
            num = fill(group, rows, work, rules, num, edge, (tried * 5 + 6) % NUM_CRITERIA, False, room)
            if num == 0 or not centre_contents(group, work, rules, num, edge):
                continue
            volume, weight, own = 0, cartons.tare_g[c], cartons.cost_cents[c]
            taken[:] = 0
            for i in range(num):
                e = work.box_entry[i]
                taken[e] += 1
                volume += group.volume[e]
                weight += group.weight_g[e]
            price = parcel_price(prices, table, weight, rigid, own)
            if price < NO_PRICE and (volume > best or (volume == best and price < best_price)):
                best, best_price = volume, price
                saved = group.quantity[:rows].copy()
                most[:rows] = taken
                group.quantity[:rows] = saved
    return best


@numba.njit(cache=True, nogil=True)
def split_set(
    s: int,
    group: Group,
    rows: int,
    work: Work,
    items: ItemArrays,
    rules: RuleArrays,
    cartons: CartonArrays,
    prices: PriceArrays,
    sets: SetArrays,
    out: OutArrays,
) -> None:
    """Pack a set into several parcels, each as full as it gets, then in the cheapest carton for what it holds."""
    table, packaging = sets.price_table[s], sets.packaging[s]
    rest = group.quantity[:rows].copy()
    most = np.zeros(rows, np.int64)
    for e in range(rows):
        if rest[e] > 0 and items.ships_alone[group.item_type[e]] == 1:
            group.quantity[:rows] = 0
            group.quantity[e] = 1
            sum_group(group, items, rows)
            best_carton(group, rows, work, rules, cartons, prices, table, packaging, NO_PRICE)
            for _ in range(rest[e]):
                emit(s, group, work, sets, out)
            rest[e] = 0
    while rest.sum() > 0:
        hazard = 0
        for e in range(rows):
            other = items.hazard_class[group.item_type[e]]
            if rest[e] > 0 and other > 0 and hazard == 0:
                hazard = other
            group.quantity[e] = rest[e] if other in (0, hazard) else 0
        allowed = group.quantity[:rows].copy()
        sum_group(group, items, rows)
        best_carton(group, rows, work, rules, cartons, prices, table, packaging, NO_PRICE)
        most[:] = allowed
        if work.best_info[BEST_NUM] == 0:
            most[:] = 0
            _fullest(group, rows, work, rules, cartons, prices, table, packaging, most)
            if most.sum() == 0:
                for e in range(rows):
                    if most.sum() == 0 and allowed[e] > 0:
                        most[e] = 1
            while True:
                group.quantity[:rows] = most
                sum_group(group, items, rows)
                best_carton(group, rows, work, rules, cartons, prices, table, packaging, NO_PRICE)
                if work.best_info[BEST_NUM] > 0:
                    break
                # The same items in another order of placing need not fit again: give up the last of them.
                last = rows - 1
                while most[last] == 0:
                    last -= 1
                most[last] -= 1
        emit(s, group, work, sets, out)
        for e in range(rows):
            rest[e] -= most[e]


@numba.njit(cache=True, nogil=True)
def _must_split(group: Group, rows: int, items: ItemArrays) -> bool:
    """Say whether some units may not share a parcel."""
    hazard = 0
    for e in range(rows):
        t = group.item_type[e]
        if items.ships_alone[t] == 1 and group.total[TOTAL_UNITS] > 1:
            return True
        if items.hazard_class[t] > 0:
            if hazard not in (0, items.hazard_class[t]):
                return True
            hazard = items.hazard_class[t]
    return False


@numba.njit(cache=True, nogil=True)
def _why_left(e: int, group: Group, cartons: CartonArrays, prices: PriceArrays, table: int, packaging: int) -> int:
    """Say why a unit of an entry goes into no carton by itself."""
    any_carton = False
    for c in range(cartons.cost_cents.size):
        if packaging not in (0, cartons.packaging[c]):
            continue
        any_carton = True
        gross = group.weight_g[e] + cartons.tare_g[c]
        if gross > cartons.max_weight_g[c] or gross > prices.up_to_g[prices.table_start[table + 1] - 1]:
            continue
        return TOO_LARGE
    return TOO_HEAVY if any_carton else NO_CARTON


@numba.njit(cache=True, nogil=True)
def _drop_impossible(
    s: int,
    group: Group,
    rows: int,
    work: Work,
    items: ItemArrays,
    rules: RuleArrays,
    cartons: CartonArrays,
    prices: PriceArrays,
    sets: SetArrays,
    out: OutArrays,
) -> bool:
    """Take out the entries that go into no carton even by themselves, with the reason; True where there were any."""
    table, packaging = sets.price_table[s], sets.packaging[s]
    counts = group.quantity[:rows].copy()
    dropped = False
    for e in range(rows):
        if counts[e] == 0:
            continue
        group.quantity[:rows] = 0
        group.quantity[e] = 1
        sum_group(group, items, rows)
        best_carton(group, rows, work, rules, cartons, prices, table, packaging, NO_PRICE)
        if work.best_info[BEST_NUM] == 0:
            counts[e] = 0
            dropped = True
            why = _why_left(e, group, cartons, prices, table, packaging)
            for entry in range(sets.set_start[s], sets.set_start[s + 1]):
                if sets.entry_type[entry] == group.item_type[e]:
                    out.reason[entry] = why
    group.quantity[:rows] = counts
    sum_group(group, items, rows)
    return dropped


@numba.njit(cache=True, nogil=True)
def solve_set(
    s: int,
    group: Group,
    work: Work,
    items: ItemArrays,
    rules: RuleArrays,
    cartons: CartonArrays,
    prices: PriceArrays,
    sets: SetArrays,
    out: OutArrays,
) -> None:
    """Pack one set."""
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
    may_split = rules.split != SPLIT_NEVER
    bound = NO_PRICE
    while True:
        apart = _must_split(group, rows, items)
        if not apart:
            bound = best_carton(group, rows, work, rules, cartons, prices, table, packaging, NO_PRICE)
        found = not apart and work.best_info[BEST_NUM] > 0
        if (
            found
            or not may_split
            or not _drop_impossible(s, group, rows, work, items, rules, cartons, prices, sets, out)
        ):
            break
        if group.total[TOTAL_UNITS] == 0:
            state[0] = INFEASIBLE
            return
    if not found and not may_split:
        state[0] = INFEASIBLE if bound == NO_PRICE else NO_SOLUTION
        out.reason[first:last] = NOT_TOGETHER
        if group.total[TOTAL_UNITS] == 1:
            out.reason[first] = _why_left(0, group, cartons, prices, table, packaging)
        return
    if may_split and not (found and rules.split == SPLIT_NEEDED):
        price = work.best_info[BEST_PRICE] if found else NO_PRICE
        bound = min(bound, several_bound(group, rows, cartons, prices, table, packaging, price))
    if found:
        emit(s, group, work, sets, out)
    else:
        split_set(s, group, rows, work, items, rules, cartons, prices, sets, out)
    state[2] = min(bound, state[1])
    state[0] = OPTIMAL if state[2] == state[1] else FEASIBLE


@numba.njit(cache=True, nogil=True)
def solve_sets(
    chosen: Ints,
    group: Group,
    work: Work,
    items: ItemArrays,
    rules: RuleArrays,
    cartons: CartonArrays,
    prices: PriceArrays,
    sets: SetArrays,
    out: OutArrays,
) -> None:
    """Pack the chosen sets one after another; each writes to rows of its own."""
    for i in range(chosen.size):
        solve_set(chosen[i], group, work, items, rules, cartons, prices, sets, out)
