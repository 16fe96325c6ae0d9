"""Rounds of exact solution: the orders are cut by SKU into blocks, each solved beside what all others hold."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from solvers.assignment.blocks import solve_block, uses_of
from solvers.assignment.kernels_anneal import take_columns

if TYPE_CHECKING:
    from collections.abc import Iterator

    from solvers.assignment.kernels_columns import Columns
    from solvers.assignment.problem import Int64Array


_WHOLE_ORDERS = 60
_LEAST_BLOCKS = 4
"""More orders than those are never one block: where nobody else holds the stock, even the root takes minutes."""


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

    Parameters
    ----------
    columns
        The plans of each order.
    limit
        How much there is of each limit.
    family
        Shape (num limits,): the SKU of each limit, -1 for others.
    chosen
        One column of each order, within the limits together; changed in place.
    seed
        Seed of how the orders are cut.
    """

    def __init__(
        self,
        columns: Columns,
        limit: Int64Array,
        family: Int64Array,
        chosen: Int64Array,
        seed: int,
    ) -> None:
        self.columns = columns
        self.chosen = chosen
        self.left = limit.copy()
        take_columns(columns, chosen, self.left)
        self._random = np.random.default_rng(seed)
        self._family = family
        self._order_of_column = np.repeat(np.arange(len(chosen)), np.diff(columns.start))
        self._order_of_use = np.repeat(self._order_of_column, np.diff(columns.use_start))

    def round(self, size: int, *, nodes: int, threads: int, deadline: float | None = None) -> int:
        """Solve disjoint blocks side by side and keep what is cheaper; gives the saving, thousandths of a cent.

        Parameters
        ----------
        size
            Orders in a block, about.
        nodes
            Branch and bound nodes a block.
        threads
            Threads that share the blocks; all see the same room, so the result does not depend on them.
        deadline
            `time.monotonic()` after which no further block is begun.
        """
        blocks = self._cut(size)

        def one(block: Int64Array) -> Int64Array | None:
            if deadline is not None and time.monotonic() > deadline:
                return None
            seconds = None if deadline is None else max(1.0, deadline - time.monotonic())
            inside = np.zeros(len(self.chosen), dtype=np.bool_)
            inside[block] = True
            kept = np.flatnonzero(inside[self._order_of_column])
            return solve_block(self.columns, block, kept, self.chosen, self.left, nodes=nodes, seconds=seconds)

        with _stdout_to_stderr(), ThreadPoolExecutor(threads) as pool:
            results = list(pool.map(one, blocks))
        return sum(self._adopt(block, found) for block, found in zip(blocks, results, strict=True))

    def _cut(self, size: int) -> list[Int64Array]:
        """Give blocks of the orders that have a choice, SKU by SKU in a drawn order."""
        families = int(self._family.max(initial=-1)) + 1
        rank = np.append(self._random.permutation(families), families)
        first = np.full(len(self.chosen), families, dtype=np.int64)
        np.minimum.at(first, self._order_of_use, rank[self._family[self.columns.use_limit]])
        flexible = np.flatnonzero(np.diff(self.columns.start) > 1)
        flexible = flexible[np.argsort(first[flexible], kind="stable")]
        parts = max(1, round(len(flexible) / size))
        if len(flexible) > _WHOLE_ORDERS:
            parts = max(parts, _LEAST_BLOCKS)
        return [np.sort(part) for part in np.array_split(flexible, parts) if len(part)]

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
