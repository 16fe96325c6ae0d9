"""Solve the assignment problem: prices, a plan from the prices, improvement, and the certificate."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from solvers.assignment.deadlines import has_passed
from solvers.assignment.dual import refine_prices, search_prices
from solvers.assignment.effort import Effort
from solvers.assignment.preparation import arrays_of, prepare, prices_of
from solvers.assignment.pricer import Pricer
from solvers.assignment.problem import MILLICENTS
from solvers.assignment.rounding import tighten
from solvers.assignment.search import plan_orders
from solvers.assignment.solution import AssignmentSolution, backordered, order_costs
from solvers.outcome import Outcome, Status, Stop

if TYPE_CHECKING:
    from solvers.assignment.charges import Charges
    from solvers.assignment.prices import Prices
    from solvers.assignment.problem import AssignmentProblem, Int64Array


_COLUMN_ROUNDS = 27
"""Rounds over the plans that are nearly cheapest, per round over all options."""
_ROUNDING_ROUNDS = 10
"""Rounds over such plans that search premiums, per round over all options."""
_STAGE_ENDS = (0.2, 0.35, 0.45, 1.0)
"""Shares of a time limit by which prices over all options, over listed plans, premiums and the plan are to be done."""


def solve(
    problem: AssignmentProblem,
    *,
    effort: Effort | None = None,
    seconds: float | None = None,
    threads: int = 1,
    seed: int = 0,
    warm_prices: Prices | None = None,
) -> AssignmentSolution:
    """Find a plan for all orders and a proven bound of its cost.

    Prices are searched first, then premiums of pieces that share few units; they prove the bound. A dive along the
    prices makes the plan. Annealing among the plans that are nearly cheapest at prices and exact solution of contested
    blocks improve it.

    Parameters
    ----------
    problem
        The orders, their options and the shared limits.
    effort
        How much work to do.
    seconds
        Time limit that cuts the effort short, nearly half of it for the proof; what is left goes into further rounds of
        annealing and blocks. None: the result is a function of problem, effort and seed alone.
    threads
        Threads to share the work; the result does not depend on their number.
    seed
        Seed of all random choices.
    warm_prices
        Prices to start from, such as last night's.

    References
    ----------
    Fisher (1981), The Lagrangian relaxation method for solving integer programming problems, Management Science 27.
    """
    effort = effort or Effort()
    started = time.monotonic()
    if warm_prices is not None:
        warm_prices.check(problem)
    pricer = Pricer(prepare(problem), threads)
    ends = [None if seconds is None else started + share * seconds for share in _STAGE_ENDS]
    rounds = effort.price_rounds
    warm = None if warm_prices is None else arrays_of(warm_prices)
    dual = search_prices(pricer, rounds=rounds, warm_prices=warm, deadline=ends[0])
    dual = refine_prices(pricer, dual, rounds=_COLUMN_ROUNDS * rounds, deadline=ends[1])
    charges, bound_millicents = tighten(problem, pricer, dual, rounds=_ROUNDING_ROUNDS * rounds, deadline=ends[2])
    plan = plan_orders(pricer, dual.prices, effort, seed, ends[3])
    stop = Stop.TIME_LIMIT if has_passed(ends[3]) else Stop.ITERATION_LIMIT
    kept = pricer.prepared.option_ids
    options = np.full(len(plan), -1, dtype=np.int64)
    options[plan >= 0] = kept[plan[plan >= 0]]
    return certify(problem, options, prices_of(dual.prices), charges, bound_millicents, stop)


def certify(
    problem: AssignmentProblem,
    plan_of_piece: Int64Array,
    prices: Prices,
    charges: Charges,
    bound_millicents: int,
    stop: Stop,
) -> AssignmentSolution:
    """Turn the option of each piece into a solution with its outcome.

    Parameters
    ----------
    problem
        The problem.
    plan_of_piece
        Shape (num_pieces,): the option that carries each piece, -1 where it waits.
    prices
        Prices of the shared limits.
    charges
        Charges of the bound.
    bound_millicents
        The bound at these charges, thousandths of a cent.
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
    return AssignmentSolution(chosen, backordered(problem, chosen), cents, prices, charges, outcome)
