"""Evening out the weights of the parcels of a set."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solvers.packing.kernels_price import NO_PRICE
from solvers.packing.splitting.partition import Partition

if TYPE_CHECKING:
    import numpy.typing as npt

    from solvers.packing.splitting.parts import Parts
    from solvers.packing.splitting.rows import Rows

    Ints = npt.NDArray[np.int64]
    Counts = tuple[int, ...]


def balance(parts: Parts, rows: Rows, partition: Partition) -> Partition:
    """Even out weights: rows move or change places between two parcels of a set as long as that costs nothing more.

    Parameters
    ----------
    parts, rows
        The parts packed so far, and the rows of all sets.
    partition
        The sets cut into parts.
    """
    pieces = []
    for owner in np.unique(partition.owner):
        mine = np.flatnonzero(partition.owner == owner)
        own = rows.of_set(int(owner))
        plan = []
        for k in mine:
            one = slice(partition.row_start[k], partition.row_start[k + 1])
            counts = np.zeros(own.stop - own.start, np.int64)
            counts[partition.row[one] - own.start] = partition.times[one]
            plan.append(tuple(counts.tolist()))
        scale = _Scale(parts, rows, int(owner))
        pieces.append(scale.partition(scale.balanced(plan)))
    return Partition.joined(pieces)


class _Scale:
    """One set whose parcels are weighed; a part is how often it has each row of the set."""

    def __init__(self, parts: Parts, rows: Rows, position: int) -> None:
        self._parts, self._rows, self._position = parts, rows, position
        self._own = rows.of_set(position)
        self._weight_g = rows.weight_g[self._own]
        self._may_move = np.flatnonzero(~rows.ships_alone[self._own]).tolist()

    def partition(self, plan: list[Counts]) -> Partition:
        """Give parts with their numbers."""
        table = np.array(plan, dtype=np.int64)
        part, row = np.nonzero(table)
        start = np.searchsorted(part, np.arange(len(plan) + 1)).astype(np.int64)
        owner = np.full(len(plan), self._position)
        row_, times = row + self._own.start, table[part, row]
        number = self._parts.numbers(self._rows.contents(owner, start, row_, times))
        return Partition(owner, start, row_, times, number)

    def _price(self, *plan: Counts) -> int:
        number = self.partition(list(plan)).number
        prices = self._parts.price[number]
        return NO_PRICE if (prices == NO_PRICE).any() else int(prices.sum())

    def _weight(self, part: Counts) -> int:
        return int(self._weight_g @ np.array(part))

    def balanced(self, plan: list[Counts]) -> list[Counts]:
        """Give the plan evened out."""
        improved = True
        while improved:
            improved = False
            plan = sorted(plan, key=self._weight)
            for light, heavy in ((i, j) for i in range(len(plan)) for j in range(len(plan) - 1, i, -1)):
                pair = self._even_out(plan[light], plan[heavy])
                if pair is not None:
                    plan[light], plan[heavy] = pair
                    improved = True
                    break
        return plan

    def _even_out(self, light: Counts, heavy: Counts) -> tuple[Counts, Counts] | None:
        """Give the pair with the smallest difference in weight that one move or exchange makes at no more cost."""
        apart = abs(self._weight(heavy) - self._weight(light))
        most = self._price(light, heavy)
        trades = []
        for down in (e for e in self._may_move if heavy[e]):
            for up in [-1, *(e for e in self._may_move if light[e] and e != down)]:
                step = [int(e == down) - int(e == up) for e in range(len(light))]
                one = tuple(q + d for q, d in zip(light, step, strict=True))
                two = tuple(q - d for q, d in zip(heavy, step, strict=True))
                difference = abs(self._weight(two) - self._weight(one))
                if difference < apart and sum(two) > 0:
                    trades.append((difference, one, two))
        for _, one, two in sorted(trades):
            if self._price(one, two) <= most:
                return one, two
        return None
