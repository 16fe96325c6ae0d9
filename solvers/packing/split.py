"""Several parcels for a set: where one will not do, or where more cost less."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np

from solvers.packing.kernels_carton import best_carton
from solvers.packing.kernels_fill import NUM_CRITERIA, NUM_KEYS, fill, order_units
from solvers.packing.kernels_partition import NO_COVER, cheapest_partition
from solvers.packing.kernels_price import NO_PRICE, PriceArrays, parcel_price
from solvers.packing.kernels_sets import (
    FEASIBLE,
    INFEASIBLE,
    NO_SOLUTION,
    OPTIMAL,
    SPLIT_CHEAPER,
    OutArrays,
    SetArrays,
    emit,
    must_split,
    several_bound,
)
from solvers.packing.kernels_work import (
    BEST_NUM,
    BEST_PRICE,
    CartonArrays,
    Group,
    ItemArrays,
    RuleArrays,
    Search,
    Work,
    load_group,
    match_box,
    sum_group,
)

if TYPE_CHECKING:
    import numpy.typing as npt

    Ints = npt.NDArray[np.int64]
    Counts = tuple[int, ...]

MOST_PARTS: Final = 4096
"""Sets with more sub-multisets than this are split greedily."""
NODES_PER_ROUND: Final = 1_000
"""Parts are priced in at most one round for so many nodes of the search, and in at least `LEAST_ROUNDS`."""
LEAST_ROUNDS: Final = 8
_PER_PARCEL: Final = 2**50
_SPLIT_NEVER: Final = 2


class Arrays(NamedTuple):
    """A problem as the kernels take it, and where the results go."""

    items: ItemArrays
    rules: RuleArrays
    cartons: CartonArrays
    prices: PriceArrays
    sets: SetArrays
    out: OutArrays


@dataclass(frozen=True, slots=True)
class _Parcel:
    """The best single parcel found for some units, and a bound on every other."""

    price: int
    bound: int
    info: Ints
    boxes: Ints
    entries: Ints


class Splitter:
    """Splits one set after another in the memory of one thread.

    Parameters
    ----------
    arrays
        The problem and the results.
    group, work, memory
        The thread's memory.
    """

    def __init__(self, arrays: Arrays, group: Group, work: Work, memory: Search) -> None:
        self._arrays, self._group, self._work, self._memory = arrays, group, work, memory
        self._rows = self._table = self._packaging = 0
        self._known: dict[Counts, _Parcel] = {}

    def split(self, s: int) -> None:
        """Settle a set that one parcel did not settle: parcels, status, cost and bound go to the results."""
        a = self._arrays
        first, last = int(a.sets.set_start[s]), int(a.sets.set_start[s + 1])
        self._table, self._packaging = int(a.sets.price_table[s]), int(a.sets.packaging[s])
        types, quantities = a.sets.entry_type[first:last], a.sets.entry_quantity[first:last]
        self._rows = int(load_group(self._group, a.items, types, quantities, last - first))
        self._known = {}
        whole = tuple(int(q) for q in self._group.quantity[: self._rows])
        have_one, bound_of_one = a.out.sets[s, 3] == 1, int(a.out.sets[s, 2])
        if a.rules.split == _SPLIT_NEVER:
            a.out.sets[s, 0] = INFEASIBLE if bound_of_one == NO_PRICE else NO_SOLUTION
            a.out.sets[s, 2] = 0
            a.out.reason[first:last] = self._why(0) if sum(whole) == 1 else 5
            return
        rest = whole if have_one else self._possible(s, whole)
        if sum(rest) == 0:
            a.out.sets[s, 0], a.out.sets[s, 2] = INFEASIBLE, 0
            return
        parts, bound = self._best_parts(rest)
        if a.rules.balance and len(parts) > 1:
            parts = self._balance(parts)
        self._publish(s, parts, bound)

    def _single(self, counts: Counts) -> _Parcel:
        """Give the best single parcel for these units."""
        known = self._known.get(counts)
        if known is not None:
            return known
        a, work = self._arrays, self._work
        self._group.quantity[: self._rows] = counts
        sum_group(self._group, a.items, self._rows)
        work.best_info[BEST_NUM] = 0
        price = bound = NO_PRICE
        if not must_split(self._group, self._rows, a.items):
            bound = int(
                best_carton(
                    self._group,
                    self._rows,
                    work,
                    self._memory,
                    a.rules,
                    a.cartons,
                    a.prices,
                    self._table,
                    self._packaging,
                    NO_PRICE,
                )
            )
            price = int(work.best_info[BEST_PRICE])
        num = int(work.best_info[BEST_NUM])
        parcel = _Parcel(price, bound, work.best_info.copy(), work.best_box[:num].copy(), work.best_entry[:num].copy())
        self._known[counts] = parcel
        return parcel

    def _unit(self, e: int) -> Counts:
        return tuple(int(k == e) for k in range(self._rows))

    def _possible(self, s: int, whole: Counts) -> Counts:
        """Give the units that go into some carton by themselves; the others get the reason why not."""
        a, rest = self._arrays, list(whole)
        for e in range(self._rows):
            if self._single(self._unit(e)).price == NO_PRICE:
                rest[e] = 0
                for entry in range(int(a.sets.set_start[s]), int(a.sets.set_start[s + 1])):
                    if a.sets.entry_type[entry] == self._group.item_type[e]:
                        a.out.reason[entry] = self._why(e)
        return tuple(rest)

    def _why(self, e: int) -> int:
        """Say why a unit goes into no carton by itself, as a `Reason`."""
        a = self._arrays
        usable = [c for c, p in enumerate(a.cartons.packaging) if self._packaging in (0, p)]
        if not usable:
            return 4
        gross = self._group.weight_g[e] + a.cartons.tare_g[usable]
        heaviest = a.prices.up_to_g[a.prices.table_start[self._table + 1] - 1]
        light = (gross <= a.cartons.max_weight_g[usable]) & (gross <= heaviest)
        return 1 if bool(light.any()) else 2

    def _best_parts(self, rest: Counts) -> tuple[list[Counts], int]:
        """Choose the parcels and prove a bound on the price of any choice."""
        a = self._arrays
        alone = [e for e in range(self._rows) if a.items.ships_alone[self._group.item_type[e]] == 1]
        parts = [self._unit(e) for e in alone for _ in range(rest[e])]
        bound = sum(self._single(part).bound for part in parts)
        rest = tuple(0 if e in alone else q for e, q in enumerate(rest))
        if sum(rest) == 0:
            return parts, bound
        size = 1
        for q in rest:
            size *= q + 1
        more, least = self._partition(rest, size) if size <= MOST_PARTS else self._greedy(rest)
        return parts + more, bound + least

    def _partition(self, rest: Counts, size: int) -> tuple[list[Counts], int]:
        """Find the cheapest partition, pricing only the parts that an optimistic one would use.

        A part not priced yet counts with its dearest unit's bound, and with the cheapest carton that holds its volume and
        weight and each of its units alone: below these it cannot be. Once all parts of the
        optimistic best are priced, no other partition of what was found beats it.
        """
        quantity = np.array(rest, dtype=np.int64)
        radix = np.r_[1, np.cumprod(quantity + 1)[:-1]].astype(np.int64)
        extra = 0 if self._arrays.rules.split == SPLIT_CHEAPER else _PER_PARCEL
        number = np.arange(size)
        counts = (number[:, None] // radix) % (quantity + 1)
        hopeful = np.zeros(size, dtype=np.int64)
        for e in np.flatnonzero(quantity):
            hopeful = np.maximum(hopeful, np.where(counts[:, e] > 0, self._single(self._unit(int(e))).bound, 0))
        hopeful = np.maximum(hopeful, self._least_prices(counts))
        hopeful[hopeful < NO_COVER] += extra
        real = np.full(size, NO_COVER, dtype=np.int64)
        mixed = hopeful.copy()
        total, choice = np.zeros(size, np.int64), np.zeros(size, np.int64)
        pending = [int(r) for r in radix[quantity > 0]] + [size - 1]
        for _ in range(max(LEAST_ROUNDS, self._arrays.rules.node_limit // NODES_PER_ROUND)):
            for part in pending:
                parcel = self._single(tuple(int(c) for c in counts[part]))
                real[part] = mixed[part] = NO_COVER if parcel.price == NO_PRICE else parcel.price + extra
                hopeful[part] = NO_COVER if parcel.bound == NO_PRICE else parcel.bound + extra
            cheapest_partition(quantity, radix, mixed, total, choice)
            used = dict.fromkeys(_walk(choice, size - 1))
            pending = [part for part in used if tuple(counts[part].tolist()) not in self._known]
            if not pending:
                break
        cheapest_partition(quantity, radix, hopeful, total, choice)
        bound = int(total[-1])
        cheapest_partition(quantity, radix, real, total, choice)
        parts = _walk(choice, size - 1)
        # With fewest parcels first, the bound tells of the price only as long as the number of parcels is proven.
        proven_number = extra == 0 or bound // _PER_PARCEL == len(parts)
        return [tuple(int(c) for c in counts[p]) for p in parts], bound % _PER_PARCEL if proven_number else 0

    def _least_prices(self, counts: Ints) -> Ints:
        """Give a lower bound on the price of each part as one parcel, `NO_COVER` where no carton can hold it."""
        a, rows = self._arrays, self._rows
        kinds = self._group.item_type[:rows]
        weight, volume = counts @ self._group.weight_g[:rows], counts @ self._group.volume[:rows]
        own = counts @ a.items.protection_cents[kinds]
        has = counts > 0
        edges = np.sort(a.items.edges[kinds], axis=1)
        least = np.full(len(counts), NO_COVER, dtype=np.int64)
        for c in range(a.cartons.cost_cents.size):
            if self._packaging not in (0, a.cartons.packaging[c]):
                continue
            too_long = (edges > np.sort(a.cartons.inner[c])).any(axis=1)
            gross = weight + a.cartons.tare_g[c]
            may = (
                (gross <= a.cartons.max_weight_g[c])
                & (volume <= a.cartons.inner[c].prod())
                & ~has[:, too_long].any(axis=1)
            )
            outer = np.zeros_like(volume) if a.cartons.is_flat[c] else np.full_like(volume, a.cartons.outer[c].prod())
            price = self._prices(gross, np.maximum(outer, volume), own + a.cartons.cost_cents[c])
            least = np.where(may, np.minimum(least, price), least)
        return least

    def _prices(self, gross: Ints, volume: Ints, own: Ints) -> Ints:
        """Price parcels by the set's freight table, `NO_COVER` for those that are too heavy for it."""
        p, table = self._arrays.prices, self._table
        divisor = int(p.dim_divisor[table])
        counts_by_size = (volume > p.dim_from_mm3[table]) & (divisor > 0)
        grams = np.where(counts_by_size, np.maximum(gross, -(-volume // max(divisor, 1))), gross)
        step = p.weight_step_g[table]
        first, last = p.table_start[table], p.table_start[table + 1]
        at = np.searchsorted(p.up_to_g[first:last], -(-grams // step) * step)
        cents = own + p.price_cents[first:last][np.minimum(at, last - first - 1)]
        worth = {0: cents, 1: volume}.get(p.objective, np.ones_like(volume))
        return np.where(at < last - first, worth, NO_COVER)

    def _greedy(self, rest: Counts) -> tuple[list[Counts], int]:
        """Fill one parcel after another as full as it gets, hazard classes apart."""
        a = self._arrays
        self._group.quantity[: self._rows] = rest
        sum_group(self._group, a.items, self._rows)
        bound = int(several_bound(self._group, self._rows, a.cartons, a.prices, self._table, self._packaging, NO_PRICE))
        bound = min(bound, self._single(rest).bound)
        extra = 0 if a.rules.split == SPLIT_CHEAPER else _PER_PARCEL
        plans = [self._fill_up(rest, hardest_first) for hardest_first in (False, True)]
        parts = min(plans, key=lambda plan: sum(self._single(part).price + extra for part in plan))
        return parts, 0 if bound == NO_PRICE else bound

    def _fill_up(self, rest: Counts, hardest_first: bool) -> list[Counts]:
        a = self._arrays
        parts: list[Counts] = []
        while sum(rest) > 0:
            hazard = 0
            part = []
            for e, q in enumerate(rest):
                other = int(a.items.hazard_class[self._group.item_type[e]])
                hazard = hazard or (other if q else 0)
                part.append(q if other in (0, hazard) else 0)
            if self._single(tuple(part)).price == NO_PRICE:
                part = self._fullest(part, hardest_first)
            while self._single(tuple(part)).price == NO_PRICE:
                # Placed in another order the same units need not fit again: give one of them up.
                last = max(e for e, q in enumerate(part) if q)
                part[last] -= 1
            parts.append(tuple(part))
            rest = tuple(q - p for q, p in zip(rest, part, strict=True))
        return parts

    def _num_cartons_for(self, e: int) -> int:
        """Count the cartons that a unit fits by its edges alone."""
        edges = np.sort(self._arrays.items.edges[self._group.item_type[e]])
        return int((edges <= np.sort(self._arrays.cartons.inner, axis=1)).all(axis=1).sum())

    def _fullest(self, part: list[int], hardest_first: bool) -> list[int]:
        """Give the units of the carton that takes the largest volume of them; or of those that take the hardest unit."""
        a, group, work = self._arrays, self._group, self._work
        units = [e for e, q in enumerate(part) if q]
        hardest = min(units, key=lambda e: (self._num_cartons_for(e), -int(group.volume[e])))
        best, chosen = (0, 0), list(self._unit(hardest))
        heaviest = int(a.prices.up_to_g[a.prices.table_start[self._table + 1] - 1])
        for c in range(a.cartons.cost_cents.size):
            if self._packaging not in (0, a.cartons.packaging[c]) or a.cartons.is_flat[c] == 1:
                continue
            edge = a.cartons.inner[c]
            room = min(int(a.cartons.max_weight_g[c]), heaviest) - int(a.cartons.tare_g[c])
            for key in range(2 * NUM_KEYS):
                group.quantity[: self._rows] = part
                sum_group(group, a.items, self._rows)
                match_box(group, self._rows, edge[0], edge[1], edge[2])
                num = order_units(group, self._rows, work, key % NUM_KEYS)
                if hardest_first:
                    order = work.unit[:num]
                    order[:] = np.r_[order[order == hardest], order[order != hardest]]
                num = fill(group, self._rows, work, a.rules, num, edge, (key * 5 + 6) % NUM_CRITERIA, 0, room)
                taken = np.bincount(work.box_entry[:num], minlength=self._rows)
                if hardest_first and not taken[hardest]:
                    continue
                volume = int(group.volume[: self._rows] @ taken)
                outer = int(a.cartons.outer[c].prod())
                weight = int(group.weight_g[: self._rows] @ taken) + int(a.cartons.tare_g[c])
                price = int(parcel_price(a.prices, self._table, weight, outer, int(a.cartons.cost_cents[c])))
                if num and price < NO_PRICE and (volume, -price) > best:
                    best, chosen = (volume, -price), [int(t) for t in taken]
        return chosen

    def _weight(self, part: Counts) -> int:
        return int(self._group.weight_g[: self._rows] @ np.array(part))

    def _balance(self, parts: list[Counts]) -> list[Counts]:
        """Even out weights: units move or change places between two parcels as long as that costs nothing more."""
        improved = True
        while improved:
            improved = False
            parts = sorted(parts, key=self._weight)
            for light, heavy in ((i, j) for i in range(len(parts)) for j in range(len(parts) - 1, i, -1)):
                pair = self._even_out(parts[light], parts[heavy])
                if pair is not None:
                    parts[light], parts[heavy] = pair
                    improved = True
                    break
        return parts

    def _even_out(self, light: Counts, heavy: Counts) -> tuple[Counts, Counts] | None:
        """Give the pair with the smallest difference in weight that one move or exchange makes at no more cost."""
        apart = abs(self._weight(heavy) - self._weight(light))
        most = self._single(light).price + self._single(heavy).price
        units = [e for e in range(self._rows) if self._arrays.items.ships_alone[self._group.item_type[e]] == 0]
        trades = []
        for down in (e for e in units if heavy[e]):
            for up in [-1, *(e for e in units if light[e] and e != down)]:
                step = [int(e == down) - int(e == up) for e in range(self._rows)]
                one = tuple(q + d for q, d in zip(light, step, strict=True))
                two = tuple(q - d for q, d in zip(heavy, step, strict=True))
                difference = abs(self._weight(two) - self._weight(one))
                if difference < apart and sum(two) > 0:
                    trades.append((difference, one, two))
        for _, one, two in sorted(trades):
            prices = self._single(one).price, self._single(two).price
            if NO_PRICE not in prices and sum(prices) <= most:
                return one, two
        return None

    def _publish(self, s: int, parts: list[Counts], bound: int) -> None:
        """Write the parcels of a set in place of what it had."""
        a, work = self._arrays, self._work
        first, last = int(a.sets.set_start[s]), int(a.sets.set_start[s + 1])
        a.out.sets[s] = 0
        a.out.left[first:last] = a.sets.entry_quantity[first:last]
        for part in parts:
            parcel = self._single(part)
            work.best_info[:] = parcel.info
            work.best_box[: len(parcel.boxes)] = parcel.boxes
            work.best_entry[: len(parcel.entries)] = parcel.entries
            emit(s, self._group, work, a.sets, a.out)
        cost = int(a.out.sets[s, 1])
        a.out.sets[s, 2] = min(bound, cost)
        a.out.sets[s, 0] = OPTIMAL if bound >= cost else FEASIBLE


def _walk(choice: Ints, state: int) -> list[int]:
    """Follow the choices of a partition from a sub-multiset down to nothing."""
    parts = []
    while state > 0:
        parts.append(int(choice[state]))
        state -= parts[-1]
    return parts
