"""Splitting sets with too many parts to weigh all of them: parcel after parcel, then pairs of parcels anew."""

from __future__ import annotations

from itertools import combinations
from typing import TYPE_CHECKING, Final

import numpy as np

from solvers.arrays import ranges
from solvers.packing.kernels_fullest import fullest_carton
from solvers.packing.kernels_price import NO_PRICE
from solvers.packing.kernels_sets import several_bound
from solvers.packing.kernels_work import load_group
from solvers.packing.splitting.partition import MOST_PARTS, Arrays, Partition, cheapest_partitions, num_parts

if TYPE_CHECKING:
    import numpy.typing as npt

    from solvers.packing.splitting.parts import Parts
    from solvers.packing.splitting.rows import Rows

    Ints = npt.NDArray[np.int64]

_MOST_PAIRS: Final = 60
_FEWEST: Final = 2
"""Parcels that a set has at least which did not go into one."""


def split_step_by_step(
    arrays: Arrays, parts: Parts, rows: Rows, positions: Ints, quantity: Ints
) -> tuple[Partition, Ints]:
    """Fill one parcel after another as full as it gets, hazard classes apart; then cut pairs of parcels anew.

    The sets go side by side, so that the parts that each of them asks for next are packed in one call.

    Parameters
    ----------
    arrays, parts, rows
        The problem, the parts packed so far and the rows of all sets.
    positions
        The sets, as rising positions in `rows.chosen`.
    quantity
        How often each row of all sets is to be packed.

    Returns
    -------
    Partition
        The parts.
    Ints
        Bounds on the price of any way to split each set.
    """
    fillers = [_Filler(arrays, parts, rows, position, quantity) for position in positions.tolist()]
    plans = _fill_up(fillers, hardest_first=False)
    unsure = [k for k, filler in enumerate(fillers) if not filler.is_best(plans[k])]
    others = _fill_up([fillers[k] for k in unsure], hardest_first=True)
    for k, other in zip(unsure, others, strict=True):
        plans[k] = _recut(fillers[k], min(plans[k], other, key=fillers[k].cost))
    chosen = [(filler, part) for filler, plan in zip(fillers, plans, strict=True) for part in plan]
    bounds = np.array([filler.bound for filler in fillers], dtype=np.int64)
    return _partition(parts, rows, chosen), bounds


def _fill_up(fillers: list[_Filler], *, hardest_first: bool) -> list[list[Ints]]:
    """Fill one parcel of every set after another; what is kept together begins a parcel."""
    plans: list[list[Ints]] = [[] for _ in fillers]
    rests = [filler.whole for filler in fillers]
    while open_ := [k for k, rest in enumerate(rests) if rest.any()]:
        taken = {k: fillers[k].one_class(rests[k]) for k in open_}
        _learn([(fillers[k], taken[k]) for k in open_])
        for k in open_:
            if fillers[k].price(taken[k]) == NO_PRICE:
                taken[k] = fillers[k].fullest(taken[k], hardest_first=hardest_first)
        _learn([(fillers[k], taken[k]) for k in open_])
        while missed := [k for k in open_ if fillers[k].price(taken[k]) == NO_PRICE]:
            for k in missed:
                # Placed in another order the same units need not fit again: give one of them up.
                taken[k][np.flatnonzero(taken[k])[-1]] -= 1
            _learn([(fillers[k], taken[k]) for k in missed])
        for k in open_:
            plans[k].append(taken[k])
            rests[k] = rests[k] - taken[k]
    return plans


def _learn(asked: list[tuple[_Filler, Ints]]) -> None:
    """Pack the parts whose price is not known yet, all in one call."""
    asked = [(filler, part) for filler, part in asked if part.tobytes() not in filler.prices]
    if asked:
        parts, rows = asked[0][0].parts, asked[0][0].rows
        number = _partition(parts, rows, asked).number
        for (filler, part), price in zip(asked, parts.price[number].tolist(), strict=True):
            filler.prices[part.tobytes()] = price


def _partition(parts: Parts, rows: Rows, chosen: list[tuple[_Filler, Ints]]) -> Partition:
    """Give parts with their numbers."""
    owner = np.array([filler.position for filler, _ in chosen], dtype=np.int64)
    size = np.diff(rows.start)[owner]
    row, times = ranges(rows.start[owner], size), np.concatenate([part for _, part in chosen])
    is_in = times > 0
    start = np.r_[0, np.cumsum(is_in)][np.r_[0, np.cumsum(size)]]
    number = parts.numbers(rows.contents(owner, start, row[is_in], times[is_in]))
    return Partition(owner, start, row[is_in], times[is_in], number)


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

    def __init__(self, arrays: Arrays, parts: Parts, rows: Rows, position: int, quantity: Ints) -> None:
        self._arrays, self.parts, self.rows, self.position = arrays, parts, rows, position
        own = rows.of_set(position)
        self._own, self._table = own, int(rows.price_table[position])
        self._hazard, self._is_free = rows.hazard[own], rows.together[own] == 0
        self._kind = rows.kind[rows.item_start[own.start : own.stop]]
        self._num_cartons = _count_cartons(arrays.items.edges[self._kind], arrays.cartons.inner)
        state = arrays.out.sets[rows.chosen[position]]
        first, last = arrays.sets.unit_start[rows.chosen[position]], arrays.sets.unit_start[rows.chosen[position] + 1]
        self._group, self._work, _ = arrays.memories.of_thread(0, int(last - first))
        self.whole, self.prices = quantity[own], dict[bytes, int]()
        self.bound = self._bound(int(state[2]))
        if not state[3]:
            # No one parcel was found for all of it, with more effort than a part gets.
            self.prices[rows.quantity[own].tobytes()] = NO_PRICE

    def price(self, part: Ints) -> int:
        """Give the price of a part as one parcel, `NO_PRICE` where none was found."""
        _learn([(self, part)])
        return self.prices[part.tobytes()]

    def cost(self, plan: list[Ints]) -> int:
        """Give the price of parts together, fewest parcels first where they are to be."""
        return sum(self.price(part) + self._arrays.per_parcel for part in plan)

    def is_best(self, plan: list[Ints]) -> bool:
        """Say whether no plan costs less, nor has fewer parcels where they are to be few."""
        is_few = self._arrays.per_parcel == 0 or len(plan) <= _FEWEST
        return is_few and sum(map(self.price, plan)) <= self.bound

    def is_short(self, part: Ints) -> bool:
        """Say whether a part has few enough parts of its own to weigh them all."""
        return bool(np.prod(part + 1.0) <= MOST_PARTS)

    def cut(self, part: Ints) -> list[Ints]:
        """Cut a part at the least price."""
        quantity = np.zeros(self.rows.quantity.size, np.int64)
        quantity[self._own] = part
        assert num_parts(self.rows, quantity)[self.position] <= MOST_PARTS
        found, _ = cheapest_partitions(self._arrays, self.parts, self.rows, np.array([self.position]), quantity)
        plan = []
        for k in range(found.owner.size):
            one = slice(found.row_start[k], found.row_start[k + 1])
            counts = np.zeros(part.size, np.int64)
            counts[found.row[one] - self._own.start] = found.times[one]
            plan.append(counts)
        return plan

    def _bound(self, whole_bound: int) -> int:
        """Bound the price of any way to pack all that is to be packed; `whole_bound` is that of all there is in one parcel."""
        a, own, rows = self._arrays, self._own, self.rows
        first, last = int(rows.item_start[own.start]), int(rows.item_start[own.stop])
        counts = rows.count[first:last] * np.repeat(self.whole, np.diff(rows.item_start[own.start : own.stop + 1]))
        num = load_group(self._group, a.items, rows.kind[first:last], counts, last - first)
        packaging = int(rows.packaging[self.position])
        several = int(several_bound(self._group, num, a.cartons, a.prices, self._table, packaging, NO_PRICE))
        if not np.array_equal(self.whole, rows.quantity[own]):
            number = _partition(self.parts, rows, [(self, self.whole)]).number
            whole_bound = int(self.parts.bound[number[0]])
        least = min(several, whole_bound)
        return 0 if least == NO_PRICE else least

    def one_class(self, rest: Ints) -> Ints:
        """Give what is without hazard or of the first hazard class there is."""
        classes = self._hazard[(rest > 0) & (self._hazard > 0)]
        return np.asarray(np.where((self._hazard == 0) | np.isin(self._hazard, classes[:1]), rest, 0), dtype=np.int64)

    def fullest(self, part: Ints, *, hardest_first: bool) -> Ints:
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
            int(self.rows.packaging[self.position]),
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
