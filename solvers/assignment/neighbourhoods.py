"""Rounds of exact solution: blocks of orders that contend for the same SKUs, each solved beside what others hold."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from solvers.arrays import ranges
from solvers.assignment.blocks import solve_block, uses_of
from solvers.assignment.deadlines import has_passed
from solvers.assignment.kernels_anneal import take_columns
from solvers.assignment.kernels_groups import grow_groups

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from solvers.assignment.kernels_columns import Columns
    from solvers.assignment.problem import Int64Array


_WHOLE_ORDERS = 60
"""So many orders are one block."""
_LEAST_BLOCKS = 4
"""More orders than those are never one block: where nobody else holds the stock, even the root takes minutes."""
_LEAST_AT_ONCE, _MOST_AT_ONCE = 4, 16
"""Blocks that see the same room and are solved side by side, whatever the number of threads."""
_WAVES = 20
"""A round of many blocks is solved in about so many waves: who waits for the last of a wave waits seldom."""
_JITTER = 0.3
"""How far the order in which blocks are begun is drawn, as a share of what the plan loses there."""


@contextlib.contextmanager
def _stdout_to_stderr() -> Iterator[None]:
    """Send what the integer solver prints on its own to stderr: stdout belongs to whoever called us."""
    sys.stdout.flush()
    kept = os.dup(1)
    os.dup2(2, 1)
    try:
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


class Neighbourhoods:
    """Improves a choice of columns in place by exact solution of blocks of orders.

    A block is some SKUs with all orders that want them. So many columns as are solved soon matter to it: those that
    lose least at prices, what the orders have, and what another plan chose for them. An order with one such column
    stands aside. So a SKU of few orders is searched widely and one of thousands where it is contested.

    Parameters
    ----------
    columns
        The plans of each order.
    loss
        Shape (num columns,): how much dearer at prices each is than its order's cheapest, thousandths of a cent.
    limit
        How much there is of each limit.
    family
        Shape (num limits,): the SKU of each limit, -1 for others.
    chosen
        One column of each order, within the limits together; changed in place.
    others
        Columns of other plans, that blocks may choose too.
    seed
        Seed of how the orders are grouped.
    """

    def __init__(
        self,
        columns: Columns,
        loss: Int64Array,
        limit: Int64Array,
        family: Int64Array,
        chosen: Int64Array,
        others: Int64Array,
        seed: int,
    ) -> None:
        self.columns = columns
        self.chosen = chosen
        self.left = limit.copy()
        take_columns(columns, chosen, self.left)
        self._random = np.random.default_rng(seed)
        self._loss = loss
        self._movable = np.diff(columns.start) > 1
        self._family, self._order = _pairs(columns, family, self._movable)
        self._num_families = int(family.max(initial=-1)) + 1
        self._others = np.zeros(len(loss), dtype=np.bool_)
        self._others[others] = True

    @property
    def cost(self) -> int:
        """What the choice costs, thousandths of a cent."""
        return int(self.columns.cost[self.chosen].sum())

    def round(self, size: int, most_columns: int, *, nodes: int, threads: int, deadline: float | None = None) -> int:
        """Solve blocks, some side by side, and keep what is cheaper; gives the saving, thousandths of a cent.

        Parameters
        ----------
        size
            Orders in a block, about.
        most_columns
            Columns a block chooses from, beside those its orders have and those of other plans.
        nodes
            Branch and bound nodes a block.
        threads
            Threads that share the blocks; the result does not depend on them.
        deadline
            `time.monotonic()` after which no further block is begun.
        """
        blocks = self._blocks(size)
        at_once = int(np.clip(len(blocks) // _WAVES, _LEAST_AT_ONCE, _MOST_AT_ONCE))
        saved = 0

        def one(block: Int64Array) -> tuple[Int64Array, Int64Array | None]:
            if has_passed(deadline):
                return block, None
            seconds = None if deadline is None else max(1.0, deadline - time.monotonic())
            block, kept = self._choices(block, most_columns)
            return block, solve_block(self.columns, block, kept, self.chosen, self.left, nodes=nodes, seconds=seconds)

        with _stdout_to_stderr(), ThreadPoolExecutor(threads) as pool:
            for first in range(0, len(blocks), at_once):
                wave = _disjoint(blocks[first : first + at_once], len(self.chosen))
                saved += sum(self._adopt(block, found) for block, found in list(pool.map(one, wave)))
        return saved

    def _choices(self, block: Int64Array, most: int) -> tuple[Int64Array, Int64Array]:
        """Give the orders of a block that keep a choice, and the columns to choose from: those that lose least."""
        start = self.columns.start[block]
        length = self.columns.start[block + 1] - start
        columns, row = ranges(start, length), np.repeat(np.arange(len(block)), length)
        present = np.zeros(len(columns), dtype=np.bool_)
        present[np.cumsum(length) - length + self.chosen[block] - start] = True
        near = present | self._others[columns]
        near[np.argsort(self._loss[columns], kind="stable")[:most]] = True
        open_orders = np.bincount(row[near], minlength=len(block)) > 1
        return block[open_orders], columns[near & open_orders[row]]

    def _blocks(self, size: int) -> list[Int64Array]:
        """Give groups of the orders that have a choice, begun where the plan loses most."""
        num_orders = len(self.chosen)
        count = int(np.count_nonzero(self._movable))
        if count == 0:
            return []
        size = size if count <= _WHOLE_ORDERS else min(size, -(-count // _LEAST_BLOCKS))
        family, order = self._family, self._order
        by_order = np.argsort(order, kind="stable")
        lost = np.bincount(family, weights=self._loss[self.chosen[order]], minlength=self._num_families)
        drawn = lost * self._random.uniform(1 - _JITTER, 1 + _JITTER, self._num_families)
        member_start = np.zeros(self._num_families + 1, dtype=np.int64)
        members = grow_groups(
            np.argsort(-drawn, kind="stable"),
            np.searchsorted(family, np.arange(self._num_families + 1)),
            order,
            np.searchsorted(order[by_order], np.arange(num_orders + 1)),
            family[by_order],
            np.int64(size),
            member_start,
        )
        ends = member_start[1:][member_start[1:] > 0]
        # Orders that contend for no stock, such as for cartons or pickups only, come last.
        alone = self._movable.copy()
        alone[order] = False
        rest = np.flatnonzero(alone)
        parts = np.array_split(rest, max(1, round(len(rest) / size)))
        groups = np.split(members, ends[:-1]) if len(ends) else []
        return [np.sort(group) for group in (*groups, *parts) if len(group)]

    def _adopt(self, block: Int64Array, found: Int64Array | None) -> int:
        """Take a block's new plans if they still fit beside what other blocks took."""
        if found is None:
            return 0
        before = self.chosen[block]
        taken, given = uses_of(self.columns, found), uses_of(self.columns, before)
        left = self.left.copy()
        np.add.at(left, self.columns.use_limit[given], self.columns.use_amount[given])
        np.subtract.at(left, self.columns.use_limit[taken], self.columns.use_amount[taken])
        if (left < 0).any():
            return 0
        self.left = left
        self.chosen[block] = found
        return int(self.columns.cost[before].sum() - self.columns.cost[found].sum())


def _pairs(columns: Columns, family: Int64Array, movable: NDArray[np.bool_]) -> tuple[Int64Array, Int64Array]:
    """Give each SKU with each of the orders that have a choice about it, SKU by SKU."""
    num_orders = len(movable)
    order = np.repeat(np.repeat(np.arange(num_orders), np.diff(columns.start)), np.diff(columns.use_start))
    wanted = family[columns.use_limit]
    meets = movable[order] & (wanted >= 0)
    pair = np.unique(wanted[meets] * np.int64(num_orders) + order[meets])
    return pair // max(1, num_orders), pair % max(1, num_orders)


def _disjoint(blocks: list[Int64Array], num_orders: int) -> list[Int64Array]:
    """Leave an order to the first of the blocks that have it."""
    seen = np.zeros(num_orders, dtype=np.bool_)
    apart = []
    for block in blocks:
        fresh = block[~seen[block]]
        seen[fresh] = True
        if len(fresh):
            apart.append(fresh)
    return apart
