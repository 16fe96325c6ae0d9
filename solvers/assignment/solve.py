"""Solve the assignment problem: prices, a plan from the prices, improvement, and the certificate."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solvers.assignment.dive import dive
from solvers.assignment.dual import search_prices
from solvers.assignment.improvement import Improver
from solvers.assignment.preparation import arrays_of, prepare, prices_of
from solvers.assignment.pricer import Pricer
from solvers.assignment.problem import MILLICENTS
from solvers.assignment.solution import AssignmentSolution, backordered, order_costs
from solvers.outcome import Outcome, Status, Stop

if TYPE_CHECKING:
    from solvers.assignment.dual import DualResult
    from solvers.assignment.prices import Prices
    from solvers.assignment.problem import AssignmentProblem, Int64Array


_MOVES = ((100, 8), (20, 8), (200, 8), (100, 20), (500, 20))
"""Cents of noise and longest chain of the rounds of moves, in turn: near and far, short and long."""

_MOVES_A_CALL = 50_000


@dataclass(frozen=True)
class Effort:
    """How much work a solve does; counts only, so that equal effort gives equal results.

    Parameters
    ----------
    price_rounds
        Rounds of the price search.
    move_rounds
        Rounds of chains of moves, each of as many chains as there are orders; they end when nothing is gained.
    block_rounds
        Rounds of exact block solution.
    block_size
        Orders in a block.
    block_slack_cents
        How much dearer at prices than an order's cheapest plan an option's plan may be to be considered in a block.
    block_nodes
        Branch and bound nodes per block.
    """

    price_rounds: int = 400
    move_rounds: int = 6
    block_rounds: int = 2
    block_size: int = 300
    block_slack_cents: int = 300
    block_nodes: int = 50


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

    Prices are searched first; they prove the bound. A dive along the prices makes the plan. Chains of moves and exact
    solution of contested blocks improve it.

    Parameters
    ----------
    problem
        The orders, their options and the shared limits.
    effort
        How much work to do.
    seconds
        Time limit that cuts the effort short, about half for the prices; None: the result is a function of problem,
        effort and seed alone.
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
    deadline = None if seconds is None else started + seconds
    pricer = Pricer(prepare(problem), threads)
    if warm_prices is not None:
        warm_prices.check(problem)
    dual = search_prices(
        pricer,
        rounds=effort.price_rounds,
        warm_prices=None if warm_prices is None else arrays_of(warm_prices),
        deadline=None if seconds is None else started + 0.4 * seconds,
    )
    plan = _plan(pricer, dual, effort, seed, deadline)
    timed_out = deadline is not None and time.monotonic() > deadline
    kept = pricer.prepared.option_ids
    options = np.full(len(plan), -1, dtype=np.int64)
    options[plan >= 0] = kept[plan[plan >= 0]]
    stop = Stop.TIME_LIMIT if timed_out else Stop.ITERATION_LIMIT
    return certify(problem, options, prices_of(dual.prices), dual.bound_millicents, stop)


def _plan(pricer: Pricer, dual: DualResult, effort: Effort, seed: int, deadline: float | None) -> Int64Array:
    """Make the plan from the prices: dive, settle, move, solve blocks."""
    prepared = pricer.prepared
    room = prepared.room()
    plan = np.full(prepared.num_pieces, -1, dtype=np.int64)
    dive(pricer, dual.prices, np.arange(prepared.num_orders), room, plan, np.random.default_rng(seed))
    improver = Improver(pricer, dual.prices, room, plan, seed)
    improver.settle()
    _move(improver, effort.move_rounds, prepared.num_orders, deadline)
    for _ in range(effort.block_rounds):
        if deadline is not None and time.monotonic() > deadline:
            break
        saved = improver.solve_blocks(
            effort.block_size, slack_cents=effort.block_slack_cents, nodes=effort.block_nodes, deadline=deadline
        )
        if saved == 0:
            break
    return plan


def _move(improver: Improver, rounds: int, num_orders: int, deadline: float | None) -> None:
    """Make rounds of chains of moves until they gain nothing; a large night's rounds are cut to keep to the deadline."""
    calls = max(rounds, -(-rounds * num_orders // _MOVES_A_CALL))
    idle = 0
    for call in range(calls):
        if idle == len(_MOVES) or (deadline is not None and time.monotonic() > deadline):
            return
        noise_cents, budget = _MOVES[call % len(_MOVES)]
        saved = improver.move(rounds * num_orders // calls, noise_cents=noise_cents, budget=budget)
        idle = 0 if saved else idle + 1


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
