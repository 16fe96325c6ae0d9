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
from solvers.assignment.kernels_anneal import take_columns
from solvers.assignment.kernels_groups import grow_groups

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from solvers.assignment.kernels_columns import Columns
    from solvers.assignment.problem import Int64Array


_WHOLE_ORDERS = 60
"""So many orders are one block with all their columns."""
_LEAST_BLOCKS = 4
"""More orders than those are never one block: where nobody else holds the stock, even the root takes minutes."""
_AT_ONCE = 4
"""Blocks that see the same room and are solved side by side, whatever the number of threads."""
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

    Few columns matter to a block: those that are nearly as cheap at prices as their order's cheapest, those no dearer
    than what the order has, and those that another plan chose. An order with one such column stands aside. What is
    left of a SKU's orders is then few enough to be solved together, along with other SKUs that the same orders want.

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
        self._order_of_column = np.repeat(np.arange(len(chosen)), np.diff(columns.start))
        uses = np.diff(columns.use_start)
        self._column_of_use = np.repeat(np.arange(len(loss)), uses)
        self._family_of_use = family[columns.use_limit]
        self._num_families = int(family.max(initial=-1)) + 1
        self._others = np.zeros(len(loss), dtype=np.bool_)
        self._others[others] = True

    def round(self, size: int, loss: int, *, nodes: int, threads: int, deadline: float | None = None) -> int:
        """Solve blocks, some side by side, and keep what is cheaper; gives the saving, thousandths of a cent.

        Parameters
        ----------
        size
            Orders in a block, about.
        loss
            Columns this much dearer at prices than their order's cheapest are among those to choose from.
        nodes
            Branch and bound nodes a block.
        threads
            Threads that share the blocks; the result does not depend on them.
        deadline
            `time.monotonic()` after which no further block is begun.
        """
        near = self._near(loss)
        blocks = self._blocks(size, near)
        saved = 0
        start = self.columns.start

        def one(block: Int64Array) -> Int64Array | None:
            if deadline is not None and time.monotonic() > deadline:
                return None
            seconds = None if deadline is None else max(1.0, deadline - time.monotonic())
            kept = ranges(start[block], start[block + 1] - start[block])
            kept = kept[near[kept]]
            return solve_block(self.columns, block, kept, self.chosen, self.left, nodes=nodes, seconds=seconds)

        with _stdout_to_stderr(), ThreadPoolExecutor(threads) as pool:
            for first in range(0, len(blocks), _AT_ONCE):
                wave = _disjoint(blocks[first : first + _AT_ONCE], len(self.chosen))
                results = list(pool.map(one, wave))
                saved += sum(self._adopt(block, found) for block, found in zip(wave, results, strict=True))
        return saved

    def _near(self, loss: int) -> NDArray[np.bool_]:
        """Mark the columns that matter: all of them where the orders are few."""
        if np.count_nonzero(np.diff(self.columns.start) > 1) <= _WHOLE_ORDERS:
            return np.ones(len(self._loss), dtype=np.bool_)
        most = np.maximum(self._loss[self.chosen], loss)
        near = (self._loss <= most[self._order_of_column]) | self._others
        near[self.chosen] = True
        return near

    def _blocks(self, size: int, near: NDArray[np.bool_]) -> list[Int64Array]:
        """Give groups of the orders that have a choice, begun where the plan loses most."""
        num_orders = len(self.chosen)
        choices = np.bincount(self._order_of_column[near], minlength=num_orders)
        movable = choices > 1
        count = int(np.count_nonzero(movable))
        if count == 0:
            return []
        size = size if count <= _WHOLE_ORDERS else min(size, -(-count // _LEAST_BLOCKS))
        order_of_use = self._order_of_column[self._column_of_use]
        meets = near[self._column_of_use] & movable[order_of_use] & (self._family_of_use >= 0)
        pair = np.unique(self._family_of_use[meets] * np.int64(num_orders) + order_of_use[meets])
        family, order = pair // num_orders, pair % num_orders
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
        alone = movable.copy()
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
