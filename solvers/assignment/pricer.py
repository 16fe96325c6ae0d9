"""Prices orders again and again over a fixed number of threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from solvers.assignment.kernels_plan import PriceArrays, Room, price_orders
from solvers.assignment.kernels_pricing import Work, make_work
from solvers.assignment.preparation import flatten

if TYPE_CHECKING:
    from collections.abc import Callable

    from solvers.assignment.preparation import Prepared
    from solvers.assignment.problem import Int64Array

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Pricing:
    """Cheapest plans of some orders at some prices.

    Parameters
    ----------
    bound_millicents
        Sum over the orders of a lower bound of their cost at prices (their cheapest plan's cost, except for orders of
        very many pieces).
    plan_of_piece
        Shape (num_pieces,): the option that carries each piece, -1 where it waits or its order was not priced.
    used
        What these plans take together, in the flat order of `Prepared`.
    """

    bound_millicents: int
    plan_of_piece: Int64Array
    used: Int64Array


class Pricer:
    """Finds cheapest plans in parallel; results do not depend on the number of threads.

    Parameters
    ----------
    prepared
        The problem.
    threads
        How many threads share the orders.
    """

    def __init__(self, prepared: Prepared, threads: int = 1) -> None:
        self.prepared = prepared
        self.threads = max(1, threads)
        self.works: list[Work] = [make_work(prepared.instance) for _ in range(self.threads)]
        self._everyone = np.arange(prepared.num_orders)

    def __call__(self, prices: PriceArrays) -> Pricing:
        """Find the cheapest plan of each order.

        Parameters
        ----------
        prices
            Prices of the limits.
        """
        prepared = self.prepared
        bound = np.zeros(prepared.num_orders, dtype=np.int64)
        plan = np.full(prepared.num_pieces, -1, dtype=np.int64)

        def chunk(number: int, mine: Int64Array) -> Int64Array:
            used = Room(*(np.zeros_like(array) for array in prepared.limit))
            price_orders(prepared.instance, mine, prices, self.works[number], bound, plan, used)
            return flatten(used)

        used = np.sum(self.share_out(chunk), axis=0)
        return Pricing(int(bound.sum()), plan, used)

    def share_out(self, chunk: Callable[[int, Int64Array], _Result]) -> list[_Result]:
        """Run a function over as many shares of the orders as there are threads.

        Parameters
        ----------
        chunk
            Takes the number of its share and the orders in it.
        """
        if self.threads == 1:
            return [chunk(0, self._everyone)]
        with ThreadPoolExecutor(self.threads) as pool:
            return list(pool.map(chunk, range(self.threads), self._shares()))

    def _shares(self) -> list[Int64Array]:
        """Cut the orders where their options are, as options carry the work."""
        load = np.cumsum(np.diff(self.prepared.instance.option_start) + 4)
        total = load[-1] if len(load) else 0
        cuts = np.searchsorted(load, [total * number // self.threads for number in range(1, self.threads)])
        return np.split(self._everyone, cuts)
