"""Rounds of improvement: chains of moves along the prices, then exact solution of contested blocks."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import numpy as np

from solvers.assignment.blocks import solve_block
from solvers.assignment.kernels_plan import (
    PriceArrays,
    Room,
    fix_plans,
    regrets,
    replace_sequence,
    take_plans,
    total_cost,
)
from solvers.assignment.kernels_pricing import make_work
from solvers.assignment.kernels_search import grow_block, improve, mark_flexible
from solvers.assignment.problem import MILLICENTS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from solvers.assignment.preparation import Prepared
    from solvers.assignment.pricer import Pricer
    from solvers.assignment.problem import Int64Array


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


class Improver:
    """Improves one plan in place.

    Parameters
    ----------
    pricer
        The problem and its scratch.
    prices
        Prices of the bound; they guide every move.
    room
        What is left beside the plan.
    plan
        Shape (num_pieces,): option of each piece, -1 where it waits.
    seed
        Seed of all choices.
    """

    def __init__(self, pricer: Pricer, prices: PriceArrays, room: Room, plan: Int64Array, seed: int) -> None:
        self.pricer = pricer
        self.prices = prices
        self.room = room
        self.plan = plan
        self._free = PriceArrays(*(np.zeros_like(array) for array in prices))
        self._random = np.random.default_rng(seed)
        self._state = np.array([seed % 2147483646 + 1], dtype=np.int64)
        instance = pricer.prepared.instance
        self._pieces = np.diff(instance.piece_start)
        self._order_of_piece = np.repeat(np.arange(len(self._pieces)), self._pieces)
        self._sku_pieces = np.argsort(instance.piece_sku, kind="stable")
        skus = np.arange(pricer.prepared.limit.stock.shape[0] + 1)
        self._sku_start = np.searchsorted(instance.piece_sku[self._sku_pieces], skus)

    @property
    def prepared(self) -> Prepared:
        """The problem."""
        return self.pricer.prepared

    def settle(self) -> None:
        """Let each order in turn take the plan that is cheapest in money within what is left."""
        orders = self._random.permutation(self.prepared.num_orders)
        replace_sequence(self.prepared.instance, orders, self._free, self.room, self.pricer.works[0], self.plan)

    def regret(self) -> Int64Array:
        """Give how much dearer at prices each order's plan is than its cheapest, thousandths of a cent."""
        regret = np.zeros(self.prepared.num_orders, dtype=np.int64)
        regrets(self.prepared.instance, self.prices, self.pricer.works[0], self.plan, regret)
        return regret

    def move(self, moves: int, *, budget: int = 8, noise_cents: int = 100, worst_cents: int = 20) -> int:
        """Make chains of moves; gives what they saved, thousandths of a cent.

        Each starts from an order at least `worst_cents` dearer at prices than it could be. (Two threads on halves of
        the orders reach less in the same time than one thread on all: chains need every holder of a SKU.)
        """
        regret = self.regret()
        seeds = np.flatnonzero(regret > worst_cents * MILLICENTS)
        if len(seeds) == 0:
            return 0
        noise = np.int64(noise_cents * MILLICENTS)
        saved, _kept = improve(
            self.prepared.instance, self._order_of_piece, self._sku_start, self._sku_pieces, seeds, self.prices,
            self._free, self.room, self.pricer.works[0], self.plan, np.int64(moves), noise, noise, np.int64(budget),
            self._state,
        )  # fmt: skip
        return int(saved)

    def flexible(self, slack_cents: int) -> NDArray[np.bool_]:
        """Tell for each order whether another plan is nearly as cheap at prices as its cheapest."""
        flexible = np.zeros(self.prepared.num_orders, dtype=np.bool_)
        mark_flexible(
            self.prepared.instance,
            self.prices,
            np.int64(slack_cents * MILLICENTS),
            self.pricer.works[0],
            self.plan,
            flexible,
        )
        return flexible

    def blocks(self, size: int, slack_cents: int) -> list[Int64Array]:
        """Draw disjoint blocks of orders, each around an order of much regret."""
        prepared = self.prepared
        regret = self.regret()
        taken = ~self.flexible(slack_cents)
        seeds = np.flatnonzero((regret > 0) & ~taken)
        # Large regrets first, with chance among the equal ones so that rounds differ.
        seeds = seeds[np.argsort(-(regret[seeds] * self._random.random(len(seeds))), kind="stable")]
        if np.count_nonzero(~taken) <= size:
            return [np.flatnonzero(~taken)] if len(seeds) else []
        found: list[Int64Array] = []
        for seed in seeds:
            if taken[seed]:
                continue
            block = np.zeros(size, dtype=np.int64)
            block[0] = seed
            length = grow_block(
                prepared.instance, self._order_of_piece, self._sku_start, self._sku_pieces, self.prices,
                self.pricer.works[0], self.plan, taken, block, self._state,
            )  # fmt: skip
            if length > 1:
                found.append(np.sort(block[:length]))
        return found

    def solve_blocks(self, size: int, *, slack_cents: int, nodes: int, deadline: float | None = None) -> int:
        """Solve disjoint blocks side by side and keep what is cheaper; gives the saving, thousandths of a cent."""
        blocks = self.blocks(size, slack_cents)
        instance = self.prepared.instance

        def one(block: Int64Array) -> Int64Array | None:
            if deadline is not None and time.monotonic() > deadline:
                return None
            room = Room(*(array.copy() for array in self.room))
            take_plans(instance, block, self.plan, room, -1)
            return solve_block(
                instance, block, self.prices, room, self.plan, make_work(instance),
                slack_millicents=slack_cents * MILLICENTS, nodes=nodes,
                seconds=None if deadline is None else max(1.0, deadline - time.monotonic()),
            )  # fmt: skip

        # All blocks see the same room, whatever the number of threads; what no longer fits is dropped when adopted.
        with _stdout_to_stderr(), ThreadPoolExecutor(self.pricer.threads) as pool:
            results = list(pool.map(one, blocks))
        return sum(self._adopt(block, result) for block, result in zip(blocks, results, strict=True))

    def _adopt(self, block: Int64Array, options: Int64Array | None) -> int:
        """Take a block's new plans if they are cheaper and still fit beside what other blocks took."""
        if options is None:
            return 0
        instance = self.prepared.instance
        lengths = self._pieces[block]
        pieces = np.repeat(instance.piece_start[block] - np.cumsum(lengths) + lengths, lengths) + np.arange(
            lengths.sum()
        )
        before = self.plan[pieces]
        cost = total_cost(instance, block, self.plan)
        take_plans(instance, block, self.plan, self.room, -1)
        self.plan[pieces] = -1
        fixed = np.zeros(len(block), dtype=np.bool_)
        fix_plans(instance, block, self._proposal(options), self.room, self.plan, fixed)
        saved = int(cost - total_cost(instance, block, self.plan))
        if fixed.all() and saved > 0:
            return saved
        take_plans(instance, block[fixed], self.plan, self.room, -1)
        self.plan[pieces] = before
        take_plans(instance, block, self.plan, self.room, 1)
        return 0

    def _proposal(self, options: Int64Array) -> Int64Array:
        """Give the option of each piece that these options carry, -1 for other pieces."""
        instance = self.prepared.instance
        proposal = np.full(len(self.plan), -1, dtype=np.int64)
        first = instance.piece_start[np.searchsorted(instance.option_start, options, side="right") - 1]
        for bit in range(int(instance.option_mask[options].max(initial=0)).bit_length()):
            carries = instance.option_mask[options] >> bit & 1 == 1
            proposal[first[carries] + bit] = options[carries]
        return proposal
