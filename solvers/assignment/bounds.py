"""The lower bound at given prices: each order's cheapest plan, less what the limits are worth."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solvers.assignment.kernels_pricing import Instance, Work, add_usage, make_work, price_orders
from solvers.assignment.problem import MILLICENTS

if TYPE_CHECKING:
    from solvers.assignment.prices import Prices
    from solvers.assignment.problem import AssignmentProblem, Int64Array


def instance_of(problem: AssignmentProblem) -> Instance:
    """Give the problem as kernels read it, costs in thousandths of a cent.

    Parameters
    ----------
    problem
        The problem.
    """
    split = problem.split_cents * MILLICENTS
    return Instance(
        piece_start=problem.piece_start,
        piece_sku=problem.piece_sku,
        piece_quantity=problem.piece_quantity,
        backorder=problem.piece_backorder_cents * MILLICENTS,
        option_start=problem.option_start,
        option_warehouse=problem.option_warehouse,
        option_mask=problem.option_mask,
        option_cost=problem.option_objective_cents * MILLICENTS + problem.option_parcels * np.int64(split),
        option_parcels=problem.option_parcels,
        max_shipments=problem.max_shipments,
        use_start=problem.option_resource_start,
        use_resource=problem.option_resource,
        use_amount=problem.option_resource_amount,
        split=np.int64(split),
    )


@dataclass(frozen=True)
class Pricing:
    """Each order's cheapest plan at some prices.

    Parameters
    ----------
    order_bound
        Shape (num_orders,): a lower bound of the order's cost at prices, thousandths of a cent; its cheapest plan's
        cost except for orders of very many pieces.
    plan_of_piece
        Shape (num_pieces,): the option that carries each piece, -1 where it waits.
    stock_used, capacity_used, resource_used
        What these plans take together; stock_used has shape (num_skus, num_warehouses).
    """

    order_bound: Int64Array
    plan_of_piece: Int64Array
    stock_used: Int64Array
    capacity_used: Int64Array
    resource_used: Int64Array


class Pricer:
    """Prices all orders again and again, over a fixed number of threads; results do not depend on that number.

    Parameters
    ----------
    instance
        The problem as kernels read it.
    shape
        Number of SKUs, of warehouses and of resources.
    threads
        How many threads share the orders.
    """

    def __init__(self, instance: Instance, shape: tuple[int, int, int], threads: int) -> None:
        self.instance = instance
        self.shape = shape
        self.threads = max(1, threads)
        num_orders = len(instance.max_shipments)
        # Options, not orders, carry the work: cut where the options are.
        marks = np.linspace(0, len(instance.option_mask), self.threads + 1)[1:-1]
        inner = np.searchsorted(instance.option_start, marks).clip(0, num_orders)
        self._cuts = np.concatenate([[0], inner, [num_orders]]).astype(np.int64)
        self._works: list[Work] = [make_work(instance) for _ in range(self.threads)]

    def __call__(self, stock_price: Int64Array, capacity_price: Int64Array, resource_price: Int64Array) -> Pricing:
        """Find each order's cheapest plan.

        Parameters
        ----------
        stock_price
            Shape (num_skus, num_warehouses): thousandths of a cent a unit.
        capacity_price
            Shape (num_warehouses,).
        resource_price
            Shape (num_resources,).
        """
        num_skus, num_warehouses, num_resources = self.shape
        order_bound = np.zeros(len(self.instance.max_shipments), dtype=np.int64)
        plan = np.full(len(self.instance.piece_sku), -1, dtype=np.int64)

        def chunk(number: int) -> tuple[Int64Array, Int64Array, Int64Array]:
            first, last = self._cuts[number], self._cuts[number + 1]
            price_orders(
                self.instance, first, last, stock_price, capacity_price, resource_price, self._works[number],
                order_bound, plan,
            )  # fmt: skip
            used = (
                np.zeros((num_skus, num_warehouses), dtype=np.int64),
                np.zeros(num_warehouses, dtype=np.int64),
                np.zeros(num_resources, dtype=np.int64),
            )
            add_usage(self.instance, first, last, plan, *used)
            return used

        if self.threads == 1:
            parts = [chunk(0)]
        else:
            with ThreadPoolExecutor(self.threads) as pool:
                parts = list(pool.map(chunk, range(self.threads)))
        stock, capacity, resource = (np.sum([part[which] for part in parts], axis=0) for which in range(3))
        return Pricing(order_bound, plan, stock, capacity, resource)


def lower_bound_millicents(problem: AssignmentProblem, prices: Prices, threads: int = 1) -> int:
    """Compute the exact bound at prices: the sum over orders of the cheapest plan less the sum of price x limit.

    Parameters
    ----------
    problem
        The problem.
    prices
        Any non-negative prices; each gives a valid bound.
    threads
        How many threads share the orders.
    """
    prices.check(problem)
    pricer = Pricer(instance_of(problem), (problem.num_skus, problem.num_warehouses, problem.num_resources), threads)
    pricing = pricer(
        np.ascontiguousarray(prices.stock_millicents.T), prices.capacity_millicents, prices.resource_millicents
    )
    return int(pricing.order_bound.sum()) - limits_worth_millicents(problem, prices)


def limits_worth_millicents(problem: AssignmentProblem, prices: Prices) -> int:
    """Sum price x limit over all shared limits, exactly.

    Parameters
    ----------
    problem
        The problem.
    prices
        Prices of its limits.
    """
    pairs = (
        (prices.stock_millicents.ravel(), problem.stock_units.ravel()),
        (prices.capacity_millicents, problem.capacity_units),
        (prices.resource_millicents, problem.resource_limit),
    )
    total = 0
    for price, limit in pairs:
        priced = np.flatnonzero(price)
        # Python integers: a price times a nearly unlimited capacity may leave int64.
        total += sum(int(p) * int(q) for p, q in zip(price[priced], limit[priced], strict=True))
    return total


def lower_bound(problem: AssignmentProblem, prices: Prices, threads: int = 1) -> int:
    """Give the bound at prices in whole cents; every plan costs whole cents, so it is rounded up.

    Parameters
    ----------
    problem
        The problem.
    prices
        Any non-negative prices.
    threads
        How many threads share the orders.
    """
    return -(-lower_bound_millicents(problem, prices, threads) // MILLICENTS)
