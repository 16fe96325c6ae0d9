"""The lower bound at given prices: each order's cheapest plan, less what the limits are worth."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from solvers.assignment.dual import search_prices
from solvers.assignment.preparation import arrays_of, prepare, prices_of
from solvers.assignment.pricer import Pricer
from solvers.assignment.problem import MILLICENTS

if TYPE_CHECKING:
    from solvers.assignment.prices import Prices
    from solvers.assignment.problem import AssignmentProblem


def lower_bound_millicents(problem: AssignmentProblem, prices: Prices, threads: int = 1) -> int:
    """Compute the bound at prices: the sum over orders of the cheapest plan at prices less the sum of price x limit.

    An option that asks for more than a whole limit holds can be in no plan and is left out. The sum is exact in
    integers. (Only an order of so many pieces that its plans cannot be tabulated contributes a lower bound instead of
    its cheapest plan.)

    Parameters
    ----------
    problem
        The problem.
    prices
        Any non-negative prices; each gives a valid bound.
    threads
        How many threads share the orders.

    Raises
    ------
    ValueError
        When the prices are not those of the problem, or so large that sums could leave int64.

    References
    ----------
    Geoffrion (1974), Lagrangean relaxation for integer programming, Mathematical Programming Study 2, 82-114.
    """
    prices.check(problem)
    prices.check_sums(problem)
    pricing = Pricer(prepare(problem), threads)(arrays_of(prices))
    return pricing.bound_millicents - limits_worth_millicents(problem, prices)


def rough_prices(problem: AssignmentProblem, *, rounds: int, threads: int = 1) -> Prices:
    """Search prices for a few rounds, to tell what is scarce before there is a plan.

    Parameters
    ----------
    problem
        The problem.
    rounds
        Rounds over all options, at least 1.
    threads
        How many threads share the orders; the prices do not depend on their number.
    """
    return prices_of(search_prices(Pricer(prepare(problem), threads), rounds=rounds).prices)


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
