"""The rounding cuts in force: take up those that a search breaks, let go of those that cost nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solvers.assignment.kernels_rounding import Cuts, charge_cuts, find_cuts, pieces_of_uses, use_cuts

if TYPE_CHECKING:
    from solvers.assignment.kernels_columns import Columns
    from solvers.assignment.kernels_rounding import Askers
    from solvers.assignment.preparation import Prepared
    from solvers.assignment.problem import Int64Array

_DIVISORS = np.array([2, 3, 4])
_LEAST_BROKEN = 0.03
"""By how much a cut must be broken on average to be taken up."""
_MOST_UNITS = 100
"""Most units of a limit that is cut: in more, a unit that is left over matters little and costs much to prove."""


def no_cuts(num_limits: int) -> Cuts:
    """Give no cuts of any limit."""
    none = np.zeros(0, dtype=np.int64)
    return Cuts(np.zeros(num_limits + 1, dtype=np.int64), none, none, np.zeros(1, dtype=np.int64), none)


def taken_up(
    cuts: Cuts, price: Int64Array, askers: Askers, quantity: Int64Array, rounds: int, limit: Int64Array
) -> tuple[Cuts, Int64Array]:
    """Give the cuts that have a price and those that the askers break, with their prices, new ones at 0.

    Parameters
    ----------
    cuts, price
        Cuts in force and their prices, thousandths of a cent.
    askers
        Who asked for what in some rounds.
    quantity
        Shape (num_pieces,): units.
    rounds
        How many rounds that were.
    limit
        Units of each contested limit.
    """
    found = np.empty((len(_DIVISORS) * len(limit), 4), dtype=np.int64)
    listed = np.empty(len(_DIVISORS) * len(askers.piece), dtype=np.int64)
    least = np.int64(max(1, _LEAST_BROKEN * rounds))
    size = find_cuts(askers, quantity, np.int64(rounds), limit, np.int64(_MOST_UNITS), _DIVISORS, least, found, listed)
    found = found[:size]
    kept = np.flatnonzero(price > 0)
    limits = np.concatenate([np.repeat(np.arange(len(limit)), np.diff(cuts.limit_start))[kept], found[:, 0]])
    ends = np.concatenate([np.zeros(1, dtype=np.int64), found[:, 3]])
    pool = np.concatenate([cuts.piece, listed[: ends[-1]]])
    begin = np.concatenate([cuts.piece_start[kept], len(cuts.piece) + ends[:-1]])
    end = np.concatenate([cuts.piece_start[kept + 1], len(cuts.piece) + ends[1:]])
    divisor = np.concatenate([cuts.divisor[kept], found[:, 1]])
    chosen = _distinct(limits, divisor, begin, end, pool)
    length = (end - begin)[chosen]
    start = np.concatenate([np.zeros(1, dtype=np.int64), np.cumsum(length)])
    piece = pool[np.repeat(begin[chosen] - start[:-1], length) + np.arange(start[-1])]
    most = np.concatenate([cuts.most[kept], found[:, 2]])
    by_limit = np.searchsorted(limits[chosen], np.arange(len(limit) + 1))
    prices = np.concatenate([price[kept], np.zeros(size, dtype=np.int64)])
    return Cuts(by_limit, divisor[chosen], most[chosen], start, piece), prices[chosen]


def _distinct(
    limits: Int64Array, divisor: Int64Array, begin: Int64Array, end: Int64Array, pool: Int64Array
) -> Int64Array:
    """Give the positions of different cuts, by limit; of equal ones the first."""
    # Sums of scrambled numbers tell lists apart; two that clash would only cost a cut.
    scrambled = (pool.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
    scrambled = (scrambled ^ scrambled >> np.uint64(29)) * np.uint64(0xBF58476D1CE4E5B9)
    total = np.concatenate([np.zeros(1, dtype=np.uint64), np.cumsum(scrambled)])
    key = (total[end] - total[begin]) * np.uint64(31) + (limits * 8 + divisor).astype(np.uint64)
    first = np.unique(key, return_index=True)[1]
    return np.asarray(first[np.lexsort((first, limits[first]))])


@dataclass(frozen=True)
class CutColumns:
    """Columns, and by which piece each uses each limit.

    Parameters
    ----------
    columns
        The columns.
    piece_of_use
        Shape (num_uses,): the piece; -1 where several of an order do or the limit is not stock.
    """

    columns: Columns
    piece_of_use: Int64Array

    @classmethod
    def of(cls, prepared: Prepared, columns: Columns) -> CutColumns:
        """Find the pieces."""
        piece_of_use = np.empty(len(columns.use_limit), dtype=np.int64)
        pieces_of_uses(prepared.instance, columns, prepared.family(), piece_of_use)
        return cls(columns, piece_of_use)

    def within(self, cuts: Cuts, quantity: Int64Array) -> Columns:
        """Give the columns with what they take of the cuts, which are numbered on after the limits."""
        num_limits = np.int64(len(cuts.limit_start) - 1)
        more = self.columns._replace(use_start=np.zeros_like(self.columns.use_start))
        use_cuts(self.columns, self.piece_of_use, quantity, cuts, num_limits, False, more)
        size = int(more.use_start[-1])
        more = more._replace(use_limit=np.empty(size, dtype=np.int32), use_amount=np.empty(size, dtype=np.int64))
        use_cuts(self.columns, self.piece_of_use, quantity, cuts, num_limits, True, more)
        return more


def premiums_of(prepared: Prepared, cuts: Cuts, price: Int64Array) -> tuple[Int64Array, Int64Array, Int64Array]:
    """Give pieces, warehouses and thousandths of a cent that the prices of cuts come to, by piece and warehouse.

    Parameters
    ----------
    prepared
        The problem.
    cuts
        Cuts of its contested limits.
    price
        Their prices, thousandths of a cent.
    """
    num_skus, num_warehouses = prepared.limit.stock.shape
    sku, quantity = prepared.instance.piece_sku, prepared.instance.piece_quantity
    by_sku = np.argsort(sku, kind="stable")
    start = np.searchsorted(sku[by_sku], np.arange(num_skus + 1))
    charged = np.zeros((0, 3), dtype=np.int64)
    size = charge_cuts(cuts, price, prepared.family(), start, by_sku, quantity, charged)
    charged = np.zeros((size, 3), dtype=np.int64)
    charge_cuts(cuts, price, prepared.family(), start, by_sku, quantity, charged)
    warehouse = prepared.contested[charged[:, 0]] % num_warehouses
    order = np.lexsort((warehouse, charged[:, 1]))
    return charged[order, 1], warehouse[order], charged[order, 2]
