"""Solve the assignment problem: prices, a plan from the prices, improvement, and the certificate."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from solvers.assignment.annealing import anneal_columns
from solvers.assignment.columns import columns_of, list_columns, losses_of, plan_of
from solvers.assignment.dive import dive
from solvers.assignment.dual import refine_prices, search_prices, typical_cost_cents
from solvers.assignment.kernels_plan import replace_sequence, take_plans
from solvers.assignment.neighbourhoods import Neighbourhoods
from solvers.assignment.preparation import arrays_of, flatten, prepare, prices_of
from solvers.assignment.pricer import Pricer
from solvers.assignment.problem import MILLICENTS
from solvers.assignment.rounding import tighten
from solvers.assignment.solution import AssignmentSolution, backordered, order_costs
from solvers.outcome import Outcome, Status, Stop

if TYPE_CHECKING:
    from solvers.assignment.charges import Charges
    from solvers.assignment.dual import DualResult
    from solvers.assignment.prices import Prices
    from solvers.assignment.problem import AssignmentProblem, Int64Array


_SLACK = 1.0
"""How much dearer at prices than its order's cheapest a plan may be to be searched, as a share of an option's cost."""
_NEAR = 0.06
"""How much dearer at prices than its order's cheapest a plan may be that a block chooses from, as a share again."""
_COLUMN_ROUNDS = 27
"""Rounds over the plans that are nearly cheapest, per round over all options."""
_ROUNDING_ROUNDS = 10
"""Rounds over such plans that search premiums, per round over all options."""
_IDLE_ROUNDS = 2
"""Rounds of blocks without gain after which there is no more."""


@dataclass(frozen=True)
class Effort:
    """How much work a solve does; counts only, so that equal effort gives equal results.

    Parameters
    ----------
    price_rounds
        Rounds of the price search over all options; 27 times as many follow over the plans that are nearly
        cheapest, at a small part of the work, and 10 times as many for the premiums of the bound.
    move_rounds
        Rounds of annealing, of twenty moves an order each, from two seeds where the orders are few; 0 for none.
    block_rounds
        Rounds of exact block solution.
    block_size
        Orders in a block.
    block_nodes
        Branch and bound nodes per block.
    slack_cents
        How much dearer at prices than an order's cheapest plan another may be to be considered in moves and blocks;
        None: what an option typically costs.
    """

    price_rounds: int = 120
    move_rounds: int = 10
    block_rounds: int = 4
    block_size: int = 1400
    block_nodes: int = 50
    slack_cents: int | None = None


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
        deadline=None if seconds is None else started + 0.2 * seconds,
    )
    dual = refine_prices(
        pricer,
        dual,
        rounds=_COLUMN_ROUNDS * effort.price_rounds,
        deadline=None if seconds is None else started + 0.35 * seconds,
    )
    charges, bound_millicents = tighten(
        problem,
        pricer,
        dual,
        rounds=_ROUNDING_ROUNDS * effort.price_rounds,
        deadline=None if seconds is None else started + 0.45 * seconds,
    )
    plan = _plan(pricer, dual, effort, seed, deadline)
    timed_out = deadline is not None and time.monotonic() > deadline
    kept = pricer.prepared.option_ids
    options = np.full(len(plan), -1, dtype=np.int64)
    options[plan >= 0] = kept[plan[plan >= 0]]
    stop = Stop.TIME_LIMIT if timed_out else Stop.ITERATION_LIMIT
    return certify(problem, options, prices_of(dual.prices), charges, bound_millicents, stop)


def _plan(pricer: Pricer, dual: DualResult, effort: Effort, seed: int, deadline: float | None) -> Int64Array:
    """Make the plan from the prices: dive, settle, anneal, solve blocks, settle."""
    prepared = pricer.prepared
    room = prepared.room()
    plan = np.full(prepared.num_pieces, -1, dtype=np.int64)
    random = np.random.default_rng(seed)
    dive(pricer, dual.prices, np.arange(prepared.num_orders), room, plan, random, deadline)
    orders = random.permutation(prepared.num_orders)
    free = prepared.spread(np.zeros(len(prepared.contested), dtype=np.int64))
    replace_sequence(prepared.instance, orders, free, room, pricer.works[0], plan)
    plan = _search(pricer, dual, effort, seed, plan, deadline)
    room = prepared.room()
    take_plans(prepared.instance, orders, plan, room, 1)
    replace_sequence(prepared.instance, orders, free, room, pricer.works[0], plan)
    return plan


def _search(
    pricer: Pricer, dual: DualResult, effort: Effort, seed: int, plan: Int64Array, deadline: float | None
) -> Int64Array:
    """Improve a plan among the plans of each order that are nearly cheapest at prices."""
    prepared = pricer.prepared
    limit, family = prepared.contested_limit(), prepared.family()
    if prepared.num_orders == 0 or (effort.move_rounds == 0 and effort.block_rounds == 0):
        return plan
    typical = typical_cost_cents(prepared)
    slack = round(_SLACK * typical) + 1 if effort.slack_cents is None else effort.slack_cents
    columns = list_columns(pricer, dual.prices, slack, plan)
    order_of_option = np.repeat(np.arange(prepared.num_orders), np.diff(prepared.instance.option_start))
    chosen = columns_of(columns, plan, order_of_option)
    price = flatten(dual.prices)[prepared.contested]
    found = [chosen]
    if effort.move_rounds:
        halfway = None if deadline is None else (time.monotonic() + deadline) / 2
        found = anneal_columns(
            columns, price, limit, family, typical * MILLICENTS, chosen,
            rounds=effort.move_rounds, threads=pricer.threads, seed=seed, deadline=halfway,
        )  # fmt: skip
        chosen = found[0].copy()
    neighbourhoods = Neighbourhoods(
        columns, losses_of(columns, price), limit, family, chosen, np.concatenate(found), seed
    )
    near = round(_NEAR * typical * MILLICENTS)
    idle = 0
    for _ in range(effort.block_rounds):
        if idle == _IDLE_ROUNDS or (deadline is not None and time.monotonic() > deadline):
            break
        saved = neighbourhoods.round(
            effort.block_size, near, nodes=effort.block_nodes, threads=pricer.threads, deadline=deadline
        )
        idle = 0 if saved else idle + 1
    return plan_of(columns, chosen, prepared.instance)


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
