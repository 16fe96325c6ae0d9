"""A plan from the columns by simulated annealing, in parts that are searched side by side."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from solvers.assignment.columns import worth_of
from solvers.assignment.kernels_anneal import Holding, anneal, enter_orders, take_columns

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.assignment.kernels_columns import Columns
    from solvers.assignment.problem import Int64Array

_HOTTEST, _COLDEST = 0.015, 0.004
"""First and last heat as shares of what an option typically costs."""
_LEAST_WORTH = 0.8
"""Share of the prices that still counts in the last of the hot rounds; after them only money counts."""
_HOT_SHARE = 0.7
"""Share of a time limit for the hot rounds; the rest is for settling."""
_MORE_ROUNDS = 8
"""Times as many hot rounds are made at most where a time limit allows them."""
_MOVES_A_ROUND = 20
"""Moves per order in a round."""
_MOST_MOVED = 8
"""Orders a move may touch."""
_ORDERS_A_PART = 40_000
_MOST_PARTS = 4
_QUANTILES = np.rint(-np.log((np.arange(1024) + 0.5) / 1024) * 1024).astype(np.int64)


class Annealer:
    """Searches among the columns for a plan of little cost.

    The prices count as money at first, so that an order that leaves what others want is rewarded at once and need not
    wait for a taker; as the search cools they count less, and what is left over has cost its price. The orders are
    cut by SKU into parts that are searched at once, each with a share of what is left, and cut anew every round: the
    result depends on the size of the problem, never on the number of threads.

    Parameters
    ----------
    columns
        The plans of each order.
    price
        Price of each limit, thousandths of a cent.
    limit
        How much there is of each limit.
    family
        Shape (num limits,): the SKU of each limit, -1 for others.
    typical_cost
        What an option typically costs, thousandths of a cent: the scale of the heat.
    chosen
        One column of each order, within the limits together; changed in place.
    seed
        Seed of all choices.

    References
    ----------
    Kirkpatrick, Gelatt and Vecchi (1983), Optimization by simulated annealing, Science 220.
    """

    def __init__(
        self,
        columns: Columns,
        price: Int64Array,
        limit: Int64Array,
        family: Int64Array,
        typical_cost: float,
        chosen: Int64Array,
        seed: int,
    ) -> None:
        self.columns = columns
        self.chosen = chosen
        self.left = limit.copy()
        take_columns(columns, chosen, self.left)
        self._random = np.random.default_rng(seed)
        self._typical_cost = typical_cost
        self._worth = worth_of(columns, price)
        movable = self._movable()
        parts = int(np.clip(len(movable) // _ORDERS_A_PART, 1, _MOST_PARTS))
        order_of_use = np.repeat(
            np.repeat(np.arange(len(chosen), dtype=np.int32), np.diff(columns.start)), np.diff(columns.use_start)
        )
        self._orders = movable
        self._pair_order, self._pair_family = _pairs(order_of_use, family[columns.use_limit], movable)
        self._num_families = int(family.max(initial=-1)) + 1
        counts = np.bincount(columns.use_limit, minlength=len(limit))
        first = np.cumsum(counts) - counts
        uses = len(columns.use_limit)
        self._holdings = [
            Holding(
                chosen, np.zeros_like(limit), first, np.zeros_like(limit), np.zeros(uses, dtype=np.int32),
                np.zeros(uses, dtype=np.int32), order_of_use,
            )
            for _ in range(parts)
        ]  # fmt: skip

    @property
    def num_parts(self) -> int:
        """Number of parts that are searched side by side."""
        return len(self._holdings)

    def run(self, rounds: int, threads: int, deadline: float | None = None) -> None:
        """Anneal in rounds of falling heat, then settle in money.

        Parameters
        ----------
        rounds
            Number of hot rounds; up to eight times as many before a deadline.
        threads
            Threads that share the parts.
        deadline
            `time.monotonic()` by which to have cooled, whatever the number of rounds.
        """
        if deadline is not None:
            rounds *= _MORE_ROUNDS
        cold = self._typical_cost * _COLDEST
        started = time.monotonic()
        with ThreadPoolExecutor(threads) as pool:
            for number in range(rounds):
                cooled = max(number / max(rounds - 1, 1), _passed(started, deadline) / _HOT_SHARE)
                if cooled > 1:
                    break
                heat = self._typical_cost * _HOTTEST * (_COLDEST / _HOTTEST) ** cooled
                worth = 1.0 - (1.0 - _LEAST_WORTH) * cooled
                self._round(heat, worth, pool)
            for share, worth in ((0.5, _LEAST_WORTH / 2), (0.25, 0.0), (0.02, 0.0)):
                if _passed(started, deadline) > 1:
                    break
                self._round(cold * share, worth, pool)

    def _round(self, heat: float, worth: float, pool: ThreadPoolExecutor) -> None:
        """Cut the orders, share out what is left, and search the parts."""
        energy = self.columns.cost + np.rint(self._worth * worth).astype(np.int64)
        least = np.minimum.reduceat(energy, self.columns.start[:-1]) if len(self.chosen) else energy
        parts = self._parts()
        shares = self._shares(len(parts))
        states = [self._random.integers(1, 2147483646, 1) for _ in parts]

        def search(number: int) -> None:
            holding, orders = self._holdings[number], parts[number]
            holding.left[:] = shares[number]
            enter_orders(self.columns, orders, holding)
            anneal(
                self.columns, energy, least, orders, holding, np.int64(_MOVES_A_ROUND * len(orders)), np.int64(heat),
                _QUANTILES, np.int64(_MOST_MOVED), states[number],
            )  # fmt: skip

        list(pool.map(search, range(len(parts))))
        self.left = np.sum([self._holdings[number].left for number in range(len(parts))], axis=0)

    def _movable(self) -> Int64Array:
        """Give the orders that have another column than theirs beside waiting for everything."""
        columns = self.columns
        last = columns.start[1:] - 1
        return np.flatnonzero((np.diff(columns.start) > 2) | ((self.chosen == last) & (np.diff(columns.start) > 1)))

    def _parts(self) -> list[Int64Array]:
        """Cut the orders so that most holders of a SKU are together, anew each time."""
        if len(self._holdings) == 1:
            return [self._orders]
        rank = self._random.permutation(self._num_families)
        key = np.full(len(self.chosen), self._num_families, dtype=np.int64)
        np.minimum.at(key, self._pair_order, rank[self._pair_family])
        return np.array_split(self._orders[np.argsort(key[self._orders], kind="stable")], len(self._holdings))

    def _shares(self, parts: int) -> NDArray[np.int64]:
        """Deal what is left of each limit out to the parts."""
        share = np.repeat((self.left // parts)[None, :], parts, axis=0)
        extra = self.left % parts
        dealt = (np.arange(parts)[:, None] - self._random.integers(0, parts, len(self.left))) % parts
        return share + (dealt < extra)


def anneal_columns(
    columns: Columns,
    price: Int64Array,
    limit: Int64Array,
    family: Int64Array,
    typical_cost: float,
    chosen: Int64Array,
    *,
    rounds: int,
    threads: int,
    seed: int,
    deadline: float | None = None,
) -> list[Int64Array]:
    """Search from one plan in several ways at once; gives what was found, the cheapest first.

    A small problem is searched twice from two seeds; a large one once, in parts. What the ways disagree on tells where
    there is still something to decide.

    Parameters
    ----------
    columns, price, limit, family, typical_cost
        As for `Annealer`.
    chosen
        Shape (num_orders,): the column of each order to begin with.
    rounds
        Number of hot rounds; up to eight times as many before a deadline.
    threads
        Threads to share the work; the result does not depend on them.
    seed
        Seed of all choices.
    deadline
        `time.monotonic()` by which to have cooled.
    """
    first = Annealer(columns, price, limit, family, typical_cost, chosen.copy(), seed)
    ways = [first]
    if first.num_parts == 1:
        ways.append(Annealer(columns, price, limit, family, typical_cost, chosen.copy(), seed + 1))
    with ThreadPoolExecutor(min(threads, len(ways))) as pool:
        list(pool.map(lambda way: way.run(rounds, threads, deadline), ways))
    found = [way.chosen for way in ways] + [chosen]
    return sorted(found, key=lambda choice: int(columns.cost[choice].sum()))


def _passed(started: float, deadline: float | None) -> float:
    """Give the share of the time until the deadline that has passed; above 1 after it."""
    if deadline is None:
        return 0.0
    return (time.monotonic() - started) / max(deadline - started, 1e-9)


def _pairs(order: NDArray[np.int32], family: Int64Array, movable: Int64Array) -> tuple[Int64Array, Int64Array]:
    """Give each movable order with each of the families it may take from."""
    wanted = np.zeros(int(order.max(initial=-1)) + 1, dtype=np.bool_)
    wanted[movable[movable < len(wanted)]] = True
    kept = (family >= 0) & wanted[order]
    most = int(family.max(initial=0)) + 1
    pair = np.unique(order[kept] * np.int64(most) + family[kept])
    return pair // most, pair % most
