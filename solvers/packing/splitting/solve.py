"""Several parcels for a set: where one will not do, or where more cost less."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from solvers.arrays import ranges
from solvers.packing.kernels_price import NO_PRICE
from solvers.packing.kernels_sets import FEASIBLE, INFEASIBLE, NO_SOLUTION, OPTIMAL
from solvers.packing.splitting.balance import balance
from solvers.packing.splitting.greedy import split_step_by_step
from solvers.packing.splitting.kernels_split import publish
from solvers.packing.splitting.partition import MOST_PARTS, Arrays, Partition, cheapest_partitions, num_parts
from solvers.packing.splitting.rows import Rows

if TYPE_CHECKING:
    import numpy.typing as npt

    from solvers.packing.splitting.parts import Parts

    Ints = npt.NDArray[np.int64]

_SPLIT_NEVER: Final = 2
_TOO_LARGE, _TOO_HEAVY, _NO_CARTON, _NOT_TOGETHER = 1, 2, 4, 5


def split_sets(arrays: Arrays, parts: Parts, together: Ints, chosen: Ints) -> None:
    """Settle sets that one parcel did not settle: parcels, status, cost and bound go to `arrays.out`.

    Parameters
    ----------
    arrays, parts
        The problem with the results so far, and the parts packed so far.
    together
        For each entry the mark of what it is kept together with; 0 for none.
    chosen
        The sets.
    """
    rows = Rows.of(arrays.sets, together, arrays.items, chosen)
    if arrays.rules.split == _SPLIT_NEVER:
        _leave(arrays, rows)
        return
    alone = parts.numbers(rows.each_alone())
    has_one = arrays.out.sets[chosen, 3] == 1
    may = (parts.price[alone] < NO_PRICE) | has_one[rows.owner]
    _give_reasons(arrays, rows, together, np.flatnonzero(~may))
    quantity = np.where(may, rows.quantity, 0)
    apart = np.where(rows.ships_alone, quantity, 0)
    partition, bound = _cut(arrays, parts, rows, quantity - apart)
    of_apart = np.repeat(np.arange(apart.size), apart)
    one_each = Partition(
        rows.owner[of_apart], np.arange(of_apart.size + 1), of_apart, np.ones_like(of_apart), alone[of_apart]
    )
    np.add.at(bound, rows.owner[of_apart], parts.bound[alone[of_apart]])
    _write(arrays, parts, rows, Partition.joined([one_each, partition]), together)
    _judge(arrays, rows, bound, may, parts.bound[alone])


def _cut(arrays: Arrays, parts: Parts, rows: Rows, quantity: Ints) -> tuple[Partition, Ints]:
    """Choose the parts of every set: exactly where there are few enough to choose from, else step by step."""
    size = num_parts(rows, quantity)
    exact, long = np.flatnonzero((size > 1) & (size <= MOST_PARTS)), np.flatnonzero(size > MOST_PARTS)
    bound = np.zeros(rows.chosen.size, np.int64)
    partition, bound[exact] = cheapest_partitions(arrays, parts, rows, exact, quantity)
    if long.size:
        steps, bound[long] = split_step_by_step(arrays, parts, rows, long, quantity)
        partition = Partition.joined([partition, steps])
    return (balance(parts, rows, partition) if arrays.rules.balance else partition), bound


def _leave(arrays: Arrays, rows: Rows) -> None:
    """Leave sets whole that one parcel does not hold: they must not be split."""
    a = arrays
    for position, s in enumerate(rows.chosen):
        first, last = int(a.sets.set_start[s]), int(a.sets.set_start[s + 1])
        is_unit = a.sets.entry_quantity[first:last].sum() == 1
        a.out.sets[s, 0] = INFEASIBLE if a.out.sets[s, 2] == NO_PRICE else NO_SOLUTION
        a.out.sets[s, 2] = 0
        a.out.reason[first:last] = _why(a, rows, int(rows.start[position])) if is_unit else _NOT_TOGETHER


def _give_reasons(arrays: Arrays, rows: Rows, together: Ints, impossible: Ints) -> None:
    """Say of the entries of rows that go into no carton why that is so."""
    sets, out = arrays.sets, arrays.out
    for row in impossible:
        s = rows.chosen[rows.owner[row]]
        entries = slice(int(sets.set_start[s]), int(sets.set_start[s + 1]))
        items = slice(int(rows.item_start[row]), int(rows.item_start[row + 1]))
        mine = together[entries] == rows.together[row]
        if rows.together[row] == 0:
            mine &= sets.entry_type[entries] == rows.kind[items]
        is_unit = rows.count[items].sum() == 1
        out.reason[entries][mine] = _why(arrays, rows, int(row)) if is_unit else _NOT_TOGETHER


def _why(arrays: Arrays, rows: Rows, row: int) -> int:
    """Say why a unit goes into no carton by itself, as a `Reason`."""
    a, owner = arrays, rows.owner[row]
    usable = [c for c, p in enumerate(a.cartons.packaging) if rows.packaging[owner] in (0, p)]
    if not usable:
        return _NO_CARTON
    gross = rows.weight_g[row] + a.cartons.tare_g[usable]
    heaviest = a.prices.up_to_g[a.prices.table_start[rows.price_table[owner] + 1] - 1]
    light = (gross <= a.cartons.max_weight_g[usable]) & (gross <= heaviest)
    return _TOO_LARGE if bool(light.any()) else _TOO_HEAVY


def _write(arrays: Arrays, parts: Parts, rows: Rows, partition: Partition, together: Ints) -> None:
    """Write the parcels of all sets in place of what they had."""
    sets, out = arrays.sets, arrays.out
    packed = parts.packed(partition.number)
    every = ranges(sets.set_start[rows.chosen], np.diff(sets.set_start)[rows.chosen])
    out.sets[rows.chosen] = 0
    out.left[every] = sets.entry_quantity[every]
    first = np.searchsorted(partition.owner, partition.owner)
    number_within = np.arange(partition.owner.size) - first
    parcel_of_entry = np.full(sets.entry_type.size, -1, dtype=np.int64)
    part = np.repeat(np.arange(partition.owner.size), np.diff(partition.row_start))
    for at in np.flatnonzero(rows.together[partition.row] > 0):
        s = rows.chosen[partition.owner[part[at]]]
        entries = slice(int(sets.set_start[s]), int(sets.set_start[s + 1]))
        mine = together[entries] == rows.together[partition.row[at]]
        parcel_of_entry[entries][mine] = number_within[part[at]]
    # What is kept together and left out must not be taken for units that are free to go anywhere.
    parcel_of_entry[(together > 0) & (parcel_of_entry < 0)] = -2
    publish(rows.chosen[partition.owner], *packed, parcel_of_entry, sets, out)


def _judge(arrays: Arrays, rows: Rows, bound: Ints, may: npt.NDArray[np.bool_], least: Ints) -> None:
    """State how each set ended."""
    state = arrays.out.sets[rows.chosen]
    cost, is_packed = state[:, 1], state[:, 3] > 0
    is_open = np.zeros(rows.chosen.size, np.bool_)
    is_open[rows.owner[~may & (least < NO_PRICE)]] = True
    nothing = np.where(is_open, NO_SOLUTION, INFEASIBLE)
    arrays.out.sets[rows.chosen, 2] = np.where(is_packed, np.minimum(bound, cost), 0)
    arrays.out.sets[rows.chosen, 0] = np.where(is_packed, np.where(bound >= cost, OPTIMAL, FEASIBLE), nothing)
