"""Splitting a set with too many parts to weigh all of them: parcel after parcel, then pairs of parcels anew."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np

from solvers.packing.kernels_fill import NUM_CRITERIA, NUM_KEYS, fill, order_units
from solvers.packing.kernels_price import NO_PRICE, parcel_price
from solvers.packing.kernels_sets import several_bound
from solvers.packing.kernels_work import load_group, make_group, make_work, match_box
from solvers.packing.split_partition import MOST_PARTS, Arrays, Partition, cheapest_partitions, num_parts

if TYPE_CHECKING:
    import numpy.typing as npt

    from solvers.packing.parts import Contents, Parts
    from solvers.packing.split_rows import Rows

    Ints = npt.NDArray[np.int64]

_MOST_PAIRS: Final = 60


def split_step_by_step(
    arrays: Arrays, parts: Parts, rows: Rows, position: int, quantity: Ints
) -> tuple[Partition, int]:
    """Fill one parcel after another as full as it gets, hazard classes apart; then cut pairs of parcels anew.

    Parameters
    ----------
    arrays, parts, rows
        The problem, the parts packed so far and the rows of all sets.
    position
        The set, as a position in `rows.chosen`.
    quantity
        How often each row of all sets is to be packed.

    Returns
    -------
    Partition
        The parts.
    int
        A bound on the price of any way to split the set.
    """
    filler = _Filler(arrays, parts, rows, position)
    rest = quantity[rows.of_set(position)]
    plans = [filler.fill_up(rest, hardest_first=first) for first in (False, True)]
    best = min(plans, key=filler.cost)
    return filler.partition(_recut(filler, best)), filler.bound(rest)


def _recut(filler: _Filler, plan: list[Ints]) -> list[Ints]:
    """Cut pairs of parcels anew at the least price, while that gains and the pair has few enough parts."""
    tried: set[bytes] = set()
    improved = True
    while improved:
        improved = False
        for one, two in combinations(range(len(plan)), 2):
            both = plan[one] + plan[two]
            if both.tobytes() in tried or len(tried) == _MOST_PAIRS or not filler.is_short(both):
                continue
            tried.add(both.tobytes())
            anew = filler.cut(both)
            if filler.cost(anew) < filler.cost([plan[one], plan[two]]):
                plan = [part for k, part in enumerate(plan) if k not in (one, two)] + anew
                improved = True
                break
    return plan


class _Filler:
    """One set to fill parcels with; a part is how often it has each row of the set."""

    def __init__(self, arrays: Arrays, parts: Parts, rows: Rows, position: int) -> None:
        self._arrays, self._parts, self._rows, self._position = arrays, parts, rows, position
        own = rows.of_set(position)
        self._own, self._table = own, int(rows.price_table[position])
        self._hazard, self._is_free = rows.hazard[own], rows.together[own] == 0
        first = rows.item_start[own.start : own.stop]
        self._kind = rows.kind[first]
        num_units = int(np.add.reduceat(rows.count, first) @ rows.quantity[own])
        cartons = arrays.cartons
        self._group = make_group(self._kind.size)
        self._work = make_work(num_units, self._kind.size, cartons.cost_cents.size, int(cartons.inner.max()))

    def _contents(self, plan: list[Ints]) -> Contents:
        owner = np.full(len(plan), self._position)
        return self._rows.contents(owner, *self._rows_of(plan))

    def _rows_of(self, plan: list[Ints]) -> tuple[Ints, Ints, Ints]:
        """Give offsets, rows and counts of parts."""
        table = np.stack(plan)
        part, row = np.nonzero(table)
        start = np.searchsorted(part, np.arange(len(plan) + 1)).astype(np.int64)
        return start, row + self._own.start, table[part, row]

    def partition(self, plan: list[Ints]) -> Partition:
        """Give parts with their numbers."""
        start, row, times = self._rows_of(plan)
        number = self._parts.numbers(self._contents(plan))
        return Partition(np.full(len(plan), self._position), start, row, times, number)

    def price(self, part: Ints) -> int:
        """Give the price of a part as one parcel, `NO_PRICE` where none was found."""
        number = int(self._parts.numbers(self._contents([part]))[0])
        return int(self._parts.price[number])

    def cost(self, plan: list[Ints]) -> int:
        """Give the price of parts together, fewest parcels first where they are to be."""
        return sum(self.price(part) + self._arrays.per_parcel for part in plan)

    def is_short(self, part: Ints) -> bool:
        """Say whether a part has few enough parts of its own to weigh them all."""
        return bool(np.prod(part + 1.0) <= MOST_PARTS)

    def cut(self, part: Ints) -> list[Ints]:
        """Cut a part at the least price."""
        quantity = np.zeros(self._rows.quantity.size, np.int64)
        quantity[self._own] = part
        assert num_parts(self._rows, quantity)[self._position] <= MOST_PARTS
        found, _ = cheapest_partitions(self._arrays, self._parts, self._rows, np.array([self._position]), quantity)
        plan = []
        for k in range(found.owner.size):
            one = slice(found.row_start[k], found.row_start[k + 1])
            counts = np.zeros(part.size, np.int64)
            counts[found.row[one] - self._own.start] = found.times[one]
            plan.append(counts)
        return plan

    def bound(self, rest: Ints) -> int:
        """Bound the price of any way to pack all of it."""
        a = self._arrays
        contents = self._contents([rest])
        group = make_group(contents.kind.size)
        num = load_group(group, a.items, contents.kind, contents.times, contents.kind.size)
        packaging = int(self._rows.packaging[self._position])
        several = int(several_bound(group, num, a.cartons, a.prices, self._table, packaging, NO_PRICE))
        number = int(self._parts.numbers(contents)[0])
        least = min(several, int(self._parts.bound[number]))
        return 0 if least == NO_PRICE else least

    def fill_up(self, rest: Ints, *, hardest_first: bool) -> list[Ints]:
        """Fill one parcel after another; what is kept together begins a parcel."""
        plan: list[Ints] = []
        while rest.any():
            part = self._one_class(rest)
            if self.price(part) == NO_PRICE:
                part = self._fullest(part, hardest_first=hardest_first)
            while self.price(part) == NO_PRICE:
                # Placed in another order the same units need not fit again: give one of them up.
                part[np.flatnonzero(part)[-1]] -= 1
            plan.append(part)
            rest = rest - part
        return plan

    def _one_class(self, rest: Ints) -> Ints:
        """Give what is without hazard or of the first hazard class there is."""
        classes = self._hazard[(rest > 0) & (self._hazard > 0)]
        return np.asarray(np.where((self._hazard == 0) | np.isin(self._hazard, classes[:1]), rest, 0), dtype=np.int64)

    def _fullest(self, part: Ints, *, hardest_first: bool) -> Ints:
        """Give the units of the carton that takes the largest volume of them; or of those that take the hardest unit."""
        kept = np.flatnonzero((part > 0) & ~self._is_free)
        if kept.size:
            return self._only(int(kept[0]))
        a, group, work = self._arrays, self._group, self._work
        own = np.flatnonzero(part)
        num = int(load_group(group, a.items, self._kind[own], part[own], own.size))
        hardest = min(range(own.size), key=lambda k: (self._num_cartons_for(int(own[k])), -int(group.volume[k])))
        best, chosen = (0, 0), self._only(int(own[hardest]))
        heaviest = int(a.prices.up_to_g[a.prices.table_start[self._table + 1] - 1])
        packaging = int(self._rows.packaging[self._position])
        for c in range(a.cartons.cost_cents.size):
            if packaging not in (0, a.cartons.packaging[c]) or a.cartons.is_flat[c] == 1:
                continue
            edge, tare = a.cartons.inner[c], int(a.cartons.tare_g[c])
            room = min(int(a.cartons.max_weight_g[c]), heaviest) - tare
            for key in range(2 * NUM_KEYS):
                match_box(group, num, edge[0], edge[1], edge[2])
                size = order_units(group, num, work, key % NUM_KEYS)
                if hardest_first:
                    order = work.unit[:size]
                    order[:] = np.r_[order[order == hardest], order[order != hardest]]
                size = fill(group, num, work, a.rules, size, edge, (key * 5 + 6) % NUM_CRITERIA, 0, room)
                taken = np.bincount(work.box_entry[:size], minlength=num)
                if hardest_first and not taken[hardest]:
                    continue
                volume, weight = int(group.volume[:num] @ taken), int(group.weight_g[:num] @ taken) + tare
                outer = int(a.cartons.outer[c].prod())
                price = int(parcel_price(a.prices, self._table, weight, outer, int(a.cartons.cost_cents[c])))
                if size and price < NO_PRICE and (volume, -price) > best:
                    best, chosen = (volume, -price), np.zeros(part.size, np.int64)
                    chosen[own] = taken
        return chosen

    def _only(self, row: int) -> Ints:
        return np.asarray(np.arange(self._kind.size) == row, dtype=np.int64)

    def _num_cartons_for(self, row: int) -> int:
        """Count the cartons that a unit fits by its edges alone."""
        edges = np.sort(self._arrays.items.edges[self._kind[row]])
        return int((edges <= np.sort(self._arrays.cartons.inner, axis=1)).all(axis=1).sum())
