"""Solve the assignment problem: prices, a plan from the prices, improvement, and the certificate."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from solvers.assignment.bounds import Pricer, instance_of
from solvers.assignment.dual import search_prices
from solvers.assignment.kernels_plan import PriceArrays, Room, place_sequence, replace_sequence
from solvers.assignment.kernels_pricing import make_work
from solvers.assignment.problem import MILLICENTS
from solvers.assignment.solution import AssignmentSolution, backordered, order_costs
from solvers.outcome import Outcome, Status, Stop

if TYPE_CHECKING:
    from solvers.assignment.prices import Prices
    from solvers.assignment.problem import AssignmentProblem, Int64Array


def solve(
    problem: AssignmentProblem,
    *,
    price_iterations: int = 400,
    seconds: float | None = None,
    threads: int = 1,
    seed: int = 0,
    warm_prices: Prices | None = None,
) -> AssignmentSolution:
    """Find a plan for all orders and a proven bound of its cost.

    Parameters
    ----------
    problem
        The orders, their options and the shared limits.
    price_iterations
        Rounds of the price search.
    seconds
        Time limit; None for limits by count alone, which make the result a function of problem and seed.
    threads
        Threads to share the work; the result does not depend on it.
    seed
        Seed of the improvement's random choices.
    warm_prices
        Prices to start from, such as last night's.
    """
    started = time.monotonic()
    deadline = None if seconds is None else started + 0.5 * seconds
    instance = instance_of(problem)
    pricer = Pricer(instance, (problem.num_skus, problem.num_warehouses, problem.num_resources), threads)
    dual = search_prices(problem, pricer, iterations=price_iterations, warm_prices=warm_prices, deadline=deadline)
    prices = PriceArrays(
        np.ascontiguousarray(dual.prices.stock_millicents.T),
        dual.prices.capacity_millicents,
        dual.prices.resource_millicents,
    )
    free = PriceArrays(*(np.zeros_like(array) for array in prices))
    room = Room(problem.stock_units.T.copy(), problem.capacity_units.copy(), problem.resource_limit.copy())
    plan = np.full(problem.num_pieces, -1, dtype=np.int64)
    work = make_work(instance)
    orders = np.random.default_rng(seed).permutation(problem.num_orders).astype(np.int64)
    place_sequence(instance, orders, prices, room, work, plan)
    replace_sequence(instance, orders, free, room, work, plan)
    stop = Stop.ITERATION_LIMIT if seconds is None or time.monotonic() - started < seconds else Stop.TIME_LIMIT
    return certify(problem, plan, dual.prices, dual.bound_millicents, stop)


def certify(
    problem: AssignmentProblem, plan_of_piece: Int64Array, prices: Prices, bound_millicents: int, stop: Stop
) -> AssignmentSolution:
    """Turn the option of each piece into a solution with its outcome.

    Parameters
    ----------
    problem
        The problem.
    plan_of_piece
        Shape (num_pieces,): the option that carries each piece, -1 where it waits.
    prices
        Prices of the bound.
    bound_millicents
        The bound at these prices, thousandths of a cent.
    stop
        What ended the solve.
    """
    chosen = np.zeros(problem.num_options, dtype=np.bool_)
    chosen[plan_of_piece[plan_of_piece >= 0]] = True
    cents = order_costs(problem, chosen)
    cost = int(cents.sum())
    # Every plan costs whole cents, so the bound may be rounded up to one.
    bound = -(-bound_millicents // MILLICENTS)
    outcome = (
        Outcome(Status.OPTIMAL, Stop.PROOF, cost, bound)
        if bound == cost
        else Outcome(Status.FEASIBLE, stop, cost, bound)
    )
    return AssignmentSolution(chosen, backordered(problem, chosen), cents, prices, outcome)
