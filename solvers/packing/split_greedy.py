"""Splitting a set with too many parts to weigh all of them: parcel after parcel, then pairs of parcels anew."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np

from solvers.packing.kernels_fullest import fullest_carton
from solvers.packing.kernels_price import NO_PRICE
from solvers.packing.kernels_sets import several_bound
from solvers.packing.kernels_work import load_group, make_group, make_work
from solvers.packing.split_partition import MOST_PARTS, Arrays, Partition, cheapest_partitions, num_parts

if TYPE_CHECKING:
    import numpy.typing as npt

    from solvers.packing.parts import Contents, Parts
    from solvers.packing.split_rows import Rows

    Ints = npt.NDArray[np.int64]

_MOST_PAIRS: Final = 60
_FEWEST: Final = 2
"""Parcels that a set has at least which did not go into one."""


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
    bound = filler.bound(rest)
    best = filler.fill_up(rest, hardest_first=False)
    if not filler.is_best(best, bound):
        best = min(best, filler.fill_up(rest, hardest_first=True), key=filler.cost)
        best = _recut(filler, best)
    return filler.partition(best), bound


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
        self._num_cartons = _count_cartons(arrays.items.edges[self._kind], cartons.inner)
        self._group = make_group(self._kind.size)
        self._work = make_work(num_units, self._kind.size, cartons.cost_cents.size, int(cartons.inner.max()))
        self._prices: dict[bytes, int] = {}
        state = arrays.out.sets[rows.chosen[position]]
        self._whole, self._whole_bound = rows.quantity[own], int(state[2])
        if not state[3]:
            # No one parcel was found for all of it, with more effort than a part gets.
            self._prices[self._whole.tobytes()] = NO_PRICE

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
        key = part.tobytes()
        if key not in self._prices:
            number = int(self._parts.numbers(self._contents([part]))[0])
            self._prices[key] = int(self._parts.price[number])
        return self._prices[key]

    def cost(self, plan: list[Ints]) -> int:
        """Give the price of parts together, fewest parcels first where they are to be."""
        return sum(self.price(part) + self._arrays.per_parcel for part in plan)

    def is_best(self, plan: list[Ints], bound: int) -> bool:
        """Say whether no plan costs less, nor has fewer parcels where they are to be few."""
        is_few = self._arrays.per_parcel == 0 or len(plan) <= _FEWEST
        return is_few and sum(map(self.price, plan)) <= bound

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
        if np.array_equal(rest, self._whole):
            least = min(several, self._whole_bound)
        else:
            least = min(several, int(self._parts.bound[int(self._parts.numbers(contents)[0])]))
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
        a, group = self._arrays, self._group
        own = np.flatnonzero(part)
        num = int(load_group(group, a.items, self._kind[own], part[own], own.size))
        hardest = int(np.lexsort((-group.volume[:num], self._num_cartons[own]))[0])
        taken = np.zeros(own.size, np.int64)
        if not fullest_carton(
            group,
            num,
            self._work,
            a.rules,
            a.cartons,
            a.prices,
            self._table,
            int(self._rows.packaging[self._position]),
            hardest if hardest_first else -1,
            taken,
        ):
            return self._only(int(own[hardest]))
        chosen = np.zeros(part.size, np.int64)
        chosen[own] = taken
        return chosen

    def _only(self, row: int) -> Ints:
        return np.asarray(np.arange(self._kind.size) == row, dtype=np.int64)


def _count_cartons(edges: Ints, inner: Ints) -> Ints:
    """Count for each unit the cartons that it fits by its edges alone."""
    return np.asarray((np.sort(edges)[:, None] <= np.sort(inner)).all(axis=2).sum(axis=1), dtype=np.int64)
