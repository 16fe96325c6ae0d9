"""The cheapest way to cut sets into parts, exactly, for sets with few enough of them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple, Self

import numpy as np

from solvers.arrays import ranges
from solvers.packing.kernels_sets import SPLIT_CHEAPER
from solvers.packing.splitting.kernels_partition import NO_COVER
from solvers.packing.splitting.kernels_split import PER_PARCEL, SplitArrays, least_prices, missing_parts, settle

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy.typing as npt

    from solvers.packing.kernels_price import PriceArrays
    from solvers.packing.kernels_sets import OutArrays, SetArrays
    from solvers.packing.kernels_work import CartonArrays, ItemArrays, RuleArrays
    from solvers.packing.memory import Memories
    from solvers.packing.splitting.parts import Parts
    from solvers.packing.splitting.rows import Rows

    Ints = npt.NDArray[np.int64]

MOST_PARTS: Final = 4096
"""Sets with more sub-multisets than this are split step by step."""
NODES_PER_ROUND: Final = 2_000
"""Parts are packed in at most one round for so many nodes of the search, and in at least `LEAST_ROUNDS`."""
LEAST_ROUNDS: Final = 8
EARNEST_ROUNDS: Final = 8
"""How often parts that would make a better partition are packed in earnest."""
_PARTS_AT_ONCE: Final = 2**20


class Arrays(NamedTuple):
    """A problem as the kernels take it, where the results go, and memory to work in."""

    items: ItemArrays
    rules: RuleArrays
    cartons: CartonArrays
    prices: PriceArrays
    sets: SetArrays
    out: OutArrays
    memories: Memories

    @property
    def per_parcel(self) -> int:
        """What a parcel costs on top of its price, so that fewer parcels come first where they are to."""
        return 0 if self.rules.split == SPLIT_CHEAPER else PER_PARCEL


@dataclass(frozen=True, slots=True)
class Partition:
    """Sets cut into parts.

    Parameters
    ----------
    owner
        The set of each part, as a position in `Rows.chosen`; rising.
    row_start, row, times
        Rows of each part, `row_start[i]:row_start[i + 1]`, and how often each is in it.
    number
        Of each part among the packed `Parts`.
    """

    owner: Ints
    row_start: Ints
    row: Ints
    times: Ints
    number: Ints

    @classmethod
    def joined(cls, partitions: list[Self]) -> Self:
        """Give several partitions as one, by set; parts of one set in the order of the partitions."""
        owner, row, times, number = (
            np.concatenate([getattr(p, name) for p in partitions] or [np.zeros(0, np.int64)])
            for name in ("owner", "row", "times", "number")
        )
        size = np.concatenate([np.diff(p.row_start) for p in partitions] or [np.zeros(0, np.int64)])
        start = np.cumsum(size) - size
        order = np.argsort(owner, kind="stable")
        rows = ranges(start[order], size[order])
        return cls(owner[order], np.r_[0, np.cumsum(size[order])], row[rows], times[rows], number[order])


def num_parts(rows: Rows, quantity: Ints) -> npt.NDArray[np.float64]:
    """Give how many sub-multisets each set has, the empty one included."""
    parts = np.zeros(rows.chosen.size)
    np.add.at(parts, rows.owner, np.log2(quantity + 1.0))
    return np.asarray(np.round(np.exp2(np.minimum(parts, 62.0))), dtype=np.float64)


def cheapest_partitions(
    arrays: Arrays, parts: Parts, rows: Rows, positions: Ints, quantity: Ints
) -> tuple[Partition, Ints]:
    """Cut sets into parts at the least price and bound the price of any way to do it.

    Parameters
    ----------
    arrays, parts
        The problem, and the parts packed so far.
    rows, positions
        The rows of all sets, and the sets to cut, as positions in `rows.chosen`.
    quantity
        How often each row is to be packed, shape as `rows.quantity`; at most `MOST_PARTS` sub-multisets a set.

    Returns
    -------
    Partition
        The parts chosen.
    Ints
        The bounds, in the order of `positions`.
    """
    found, bounds = [], [np.zeros(0, np.int64)]
    for some in _chunks(positions, num_parts(rows, quantity)[positions]):
        cut = _Cut(arrays, parts, rows, some, quantity)
        partition, bound = cut.solve()
        found.append(partition)
        bounds.append(bound)
    return Partition.joined(found), np.concatenate(bounds)


def _chunks(positions: Ints, size: npt.NDArray[np.float64]) -> Iterator[Ints]:
    """Give the sets in portions whose parts fit into memory together."""
    portion = np.cumsum(size) // _PARTS_AT_ONCE
    yield from np.split(positions, np.flatnonzero(np.diff(portion)) + 1) if positions.size else ()


class _Cut:
    """Some sets and the values of all their parts.

    A part not packed yet counts with a bound on its price (`least_prices`). Once all parts of the partition that is best by
    these hopeful values are packed, no other partition of what can be found beats it.
    """

    def __init__(self, arrays: Arrays, parts: Parts, rows: Rows, positions: Ints, quantity: Ints) -> None:
        self._arrays, self._parts, self._rows, self._positions = arrays, parts, rows, positions
        size = np.diff(rows.start)[positions]
        self._row = ranges(rows.start[positions], size)
        row_start = np.r_[0, np.cumsum(size)]
        count = quantity[self._row]
        radix, num = _radices(row_start, count)
        item_size = np.diff(rows.item_start)[self._row]
        items = ranges(rows.item_start[self._row], item_size)
        alone = parts.numbers(rows.each_alone())[self._row]
        self._splits = SplitArrays(
            packaging=rows.packaging[positions],
            price_table=rows.price_table[positions],
            row_start=row_start,
            row_quantity=count,
            row_weight_g=rows.weight_g[self._row],
            row_volume=rows.volume[self._row],
            row_cents=rows.cents[self._row],
            row_hazard=rows.hazard[self._row],
            row_bound=parts.bound[alone],
            radix=radix,
            item_start=np.r_[0, np.cumsum(item_size)],
            item_type=rows.kind[items],
            item_count=rows.count[items],
            part_start=np.r_[0, np.cumsum(num)],
        )
        self._hopeful = np.zeros(int(num.sum()), np.int64)
        self._real = np.full(self._hopeful.size, NO_COVER, dtype=np.int64)
        self._number = np.full(self._hopeful.size, -1, dtype=np.int64)

    def solve(self) -> tuple[Partition, Ints]:
        a, splits = self._arrays, self._splits
        per_parcel = int(np.int64(a.per_parcel))
        least_prices(splits, a.items.edges, a.cartons, a.prices, per_parcel, self._hopeful)
        value, is_packed = self._hopeful.copy(), np.zeros(self._hopeful.size, np.int64)
        is_open = np.ones(self._positions.size, np.int64)
        missing = np.zeros(self._hopeful.size, np.int64)
        owner = np.repeat(np.arange(self._positions.size), np.diff(splits.row_start))
        units = (splits.part_start[owner] + splits.radix)[splits.row_quantity > 0]
        self._pack(np.unique(np.r_[units, splits.part_start[1:] - 1]), value, is_packed)
        for _ in range(max(LEAST_ROUNDS, a.rules.node_limit // NODES_PER_ROUND)):
            num = missing_parts(splits, value, is_packed, is_open, missing)
            if num == 0:
                break
            self._pack(missing[:num], value, is_packed)
        at, bound, is_open = self._settled()
        if self._parts.can_improve and is_open.any():
            self._improve(is_open, is_packed)
            at, bound, _ = self._settled()
        position, row_start, row, times = self._rows_of(at)
        return Partition(position, row_start, row, times, self._number[at]), bound

    def _settled(self) -> tuple[Ints, Ints, Ints]:
        """Give the parts of the best partitions, the bounds, and 1 for every set that may be cut at a lesser price."""
        splits, num_sets = self._splits, self._positions.size
        chosen = np.zeros_like(self._real)
        num_chosen, bound = np.zeros(num_sets, np.int64), np.zeros(num_sets, np.int64)
        per_parcel = int(np.int64(self._arrays.per_parcel))
        at = chosen[: settle(splits, self._real, self._hopeful, per_parcel, chosen, num_chosen, bound)]
        cost = np.zeros(num_sets, np.int64)
        np.add.at(cost, np.repeat(np.arange(num_sets), num_chosen), self._real[at] - per_parcel)
        return at, bound, (bound < cost).astype(np.int64)

    def _improve(self, is_open: Ints, is_packed: Ints) -> None:
        """Pack in earnest what the partitions consist of that would be best if all their parts reached their bounds."""
        # A whole set was packed in earnest before it came here.
        is_tried = ((self._number >= 0) & (self._real == self._hopeful)).astype(np.int64)
        is_tried[self._splits.part_start[1:] - 1] = 1
        value = np.where(is_tried == 1, self._real, self._hopeful)
        missing = np.zeros_like(self._real)
        for _ in range(EARNEST_ROUNDS):
            at = missing[: missing_parts(self._splits, value, is_tried, is_open, missing)]
            if not at.size:
                return
            self._pack(at[is_packed[at] == 0], value, is_packed)
            self._parts.improve(np.unique(self._number[at]))
            self._note(at, self._number[at], value)

    def _pack(self, at: Ints, value: Ints, is_packed: Ints) -> None:
        """Pack parts and put what was found and proven in place of what was hoped."""
        if at.size:
            self._note(at, self._parts.numbers(self._rows.contents(*self._rows_of(at))), value)
            is_packed[at] = 1

    def _note(self, at: Ints, number: Ints, value: Ints) -> None:
        """Put what was found and proven of parts in place of what was hoped."""
        price, bound = self._parts.price[number], self._parts.bound[number]
        per_parcel = self._arrays.per_parcel
        self._number[at] = number
        self._real[at] = value[at] = np.where(price >= NO_COVER, NO_COVER, price + per_parcel)
        proven = np.where(bound >= NO_COVER, NO_COVER, bound + per_parcel)
        self._hopeful[at] = np.maximum(self._hopeful[at], proven)

    def _rows_of(self, at: Ints) -> tuple[Ints, Ints, Ints, Ints]:
        """Give set, offsets, rows and counts of parts."""
        splits = self._splits
        here = np.searchsorted(splits.part_start, at, side="right") - 1
        size = np.diff(splits.row_start)[here]
        row = ranges(splits.row_start[here], size)
        times = np.repeat(at - splits.part_start[here], size) // splits.radix[row] % (splits.row_quantity[row] + 1)
        part = np.repeat(np.arange(at.size), size)[times > 0]
        start = np.searchsorted(part, np.arange(at.size + 1)).astype(np.int64)
        return self._positions[here], start, self._row[row[times > 0]], times[times > 0]


def _radices(row_start: Ints, count: Ints) -> tuple[Ints, Ints]:
    """Give the place value of each row in the number of a part, and how many parts each set has."""
    size = np.diff(row_start)
    radix, num = np.ones(count.size, np.int64), np.ones(size.size, np.int64)
    for k in range(int(size.max(initial=0))):
        longer = np.flatnonzero(size > k)
        at = row_start[longer] + k
        radix[at] = num[longer]
        num[longer] *= count[at] + 1
    return radix, num
