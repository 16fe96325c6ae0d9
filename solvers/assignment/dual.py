"""Prices by adaptive subgradient steps on the Lagrangian dual of the shared limits."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solvers.assignment.prices import Prices
from solvers.assignment.problem import MILLICENTS

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from solvers.assignment.bounds import Pricer
    from solvers.assignment.problem import AssignmentProblem


@dataclass(frozen=True)
class DualResult:
    """Where the price search ended.

    Parameters
    ----------
    prices
        The prices of the best bound met.
    bound_millicents
        That bound.
    iterations
        Pricing rounds done.
    """

    prices: Prices
    bound_millicents: int
    iterations: int


def potential_use(problem: AssignmentProblem) -> NDArray[np.int64]:
    """Give for each limit the most that orders could ever ask of it, in the order stock, capacity, resources.

    Parameters
    ----------
    problem
        The problem.
    """
    stock = np.zeros((problem.num_skus, problem.num_warehouses), dtype=np.int64)
    capacity = np.zeros(problem.num_warehouses, dtype=np.int64)
    resource = np.zeros(problem.num_resources, dtype=np.int64)
    if problem.num_options == 0:
        return np.concatenate([stock.ravel(), capacity, resource])
    for warehouse in range(problem.num_warehouses):
        here = np.flatnonzero(problem.option_warehouse == warehouse)
        reach = np.zeros(problem.num_orders, dtype=np.int64)
        np.bitwise_or.at(reach, problem.order_of_option[here], problem.option_mask[here])
        bit = np.arange(problem.num_pieces) - problem.piece_start[problem.order_of_piece]
        pieces = np.flatnonzero(reach[problem.order_of_piece] >> bit & 1)
        np.add.at(stock[:, warehouse], problem.piece_sku[pieces], problem.piece_quantity[pieces])
        capacity[warehouse] = problem.piece_quantity[pieces].sum()
    np.add.at(resource, problem.option_resource, problem.option_resource_amount)
    return np.concatenate([stock.ravel(), capacity, resource])


def search_prices(
    problem: AssignmentProblem,
    pricer: Pricer,
    *,
    iterations: int,
    warm_prices: Prices | None = None,
    deadline: float | None = None,
    first_step_cents: float = 100.0,
    last_step_cents: float = 2.0,
) -> DualResult:
    """Raise the price of what is asked too often and lower that of what is left over, ever more gently.

    Each price moves by a step scaled to the size its own excess has had lately (as in Adam), as prices of different
    stock live on the same scale of cents while their excesses do not. The best bound met is kept.

    Parameters
    ----------
    problem
        The problem.
    pricer
        Its pricer.
    iterations
        Pricing rounds.
    warm_prices
        Prices to start from, such as last night's.
    deadline
        `time.monotonic()` after which to stop early.
    first_step_cents, last_step_cents
        Length of the first and last step of a price, falling geometrically.
    """
    num_stock = problem.num_skus * problem.num_warehouses
    limit = np.concatenate([problem.stock_units.T.ravel(), problem.capacity_units, problem.resource_limit])
    contested = np.flatnonzero(potential_use(problem) > limit)
    limit = limit[contested]
    price = np.zeros(len(contested))
    if warm_prices is not None:
        warm_prices.check(problem)
        price = np.concatenate(
            [
                warm_prices.stock_millicents.T.ravel(),
                warm_prices.capacity_millicents,
                warm_prices.resource_millicents,
            ]
        )[contested].astype(np.float64)
    full = np.zeros(num_stock + problem.num_warehouses + problem.num_resources, dtype=np.int64)
    mean, square = np.zeros(len(contested)), np.zeros(len(contested))
    best_bound, best_price = None, np.zeros(len(contested), dtype=np.int64)
    done = 0
    for iteration in range(max(iterations, 1)):
        whole = np.rint(price).astype(np.int64)
        full[contested] = whole
        pricing = pricer(
            full[:num_stock].reshape(problem.num_skus, problem.num_warehouses),
            full[num_stock : num_stock + problem.num_warehouses],
            full[num_stock + problem.num_warehouses :],
        )
        bound = int(pricing.order_bound.sum()) - int((whole * limit).sum())
        if best_bound is None or bound > best_bound:
            best_bound, best_price = bound, whole
        used = np.concatenate([pricing.stock_used.ravel(), pricing.capacity_used, pricing.resource_used])[contested]
        excess = (used - limit).astype(np.float64)
        done = iteration + 1
        if deadline is not None and time.monotonic() > deadline:
            break
        mean = 0.8 * mean + 0.2 * excess
        square = 0.98 * square + 0.02 * excess * excess
        corrected = np.sqrt(square / (1 - 0.98**done)) + 1e-9
        step = first_step_cents * (last_step_cents / first_step_cents) ** (iteration / max(iterations - 1, 1))
        price = np.maximum(0.0, price + step * MILLICENTS * (mean / (1 - 0.8**done)) / corrected)
    full[contested] = best_price
    return DualResult(
        Prices(
            full[:num_stock].reshape(problem.num_skus, problem.num_warehouses).T,
            full[num_stock : num_stock + problem.num_warehouses],
            full[num_stock + problem.num_warehouses :],
        ),
        best_bound if best_bound is not None else 0,
        done,
    )
