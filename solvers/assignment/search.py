"""A plan among those that are nearly cheapest at the prices: a dive along them, then annealing and exact blocks."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import numpy as np

from solvers.assignment.annealing import anneal_columns
from solvers.assignment.columns import list_columns, losses_of, plan_of
from solvers.assignment.deadlines import has_passed
from solvers.assignment.dive import dive
from solvers.assignment.dual import typical_cost_cents
from solvers.assignment.kernels_plan import place_sequence, replace_sequence, take_plans
from solvers.assignment.neighbourhoods import Neighbourhoods
from solvers.assignment.preparation import flatten
from solvers.assignment.problem import MILLICENTS

if TYPE_CHECKING:
    from solvers.assignment.effort import Effort
    from solvers.assignment.kernels_columns import Columns
    from solvers.assignment.kernels_plan import PriceArrays
    from solvers.assignment.pricer import Pricer
    from solvers.assignment.problem import Int64Array

_SLACK = 1.0
"""How much dearer at prices than its order's cheapest a plan may be to be searched, as a share of an option's cost."""
_ANNEALING_SHARE = 0.7
"""Share of the time after the dive; blocks take the rest."""
_LITTLE = 1e-4
"""A round of blocks that saves less than this share of the cost is followed by one of blocks twice as large."""
_LARGEST_BLOCKS = 8
"""Blocks this many times as large as the first that save nothing end the search."""


def plan_orders(pricer: Pricer, prices: PriceArrays, effort: Effort, seed: int, deadline: float | None) -> Int64Array:
    """Make a plan from the prices; gives the option of each piece, -1 where it waits.

    Parameters
    ----------
    pricer
        The problem.
    prices
        Prices of a good bound.
    effort
        How much work to do.
    seed
        Seed of all random choices.
    deadline
        `time.monotonic()` after which to stop; until then it anneals and solves blocks, whatever their rounds. None: none.
    """
    prepared = pricer.prepared
    random = np.random.default_rng(seed)
    orders = random.permutation(prepared.num_orders)
    room = prepared.room()
    if has_passed(deadline) or not prepared.num_orders:
        plan = np.full(prepared.num_pieces, -1, dtype=np.int64)
        place_sequence(prepared.instance, orders, prices, room, pricer.works[0], plan)
    else:
        plan = _search(pricer, prices, effort, seed, deadline)
        take_plans(prepared.instance, orders, plan, room, 1)
    free = prepared.spread(np.zeros(len(prepared.contested), dtype=np.int64))
    replace_sequence(prepared.instance, orders, free, room, pricer.works[0], plan)
    return plan


def _search(pricer: Pricer, prices: PriceArrays, effort: Effort, seed: int, deadline: float | None) -> Int64Array:
    """Make a plan from those plans of each order that are nearly cheapest at prices."""
    prepared = pricer.prepared
    slack = round(_SLACK * typical_cost_cents(prepared)) + 1 if effort.slack_cents is None else effort.slack_cents
    columns = list_columns(pricer, prices, slack)
    price = flatten(prices)[prepared.contested]
    chosen = dive(columns, price, prepared.contested_limit(), np.random.default_rng(seed), deadline)
    found = _anneal(pricer, columns, price, chosen, effort, seed, deadline)
    chosen = found[0].copy()
    neighbourhoods = Neighbourhoods(
        columns, losses_of(columns, price), prepared.contested_limit(), prepared.family(), chosen,
        np.concatenate(found), seed,
    )  # fmt: skip
    _solve_blocks(neighbourhoods, effort, pricer.threads, deadline)
    return plan_of(columns, chosen, prepared.instance)


def _anneal(
    pricer: Pricer,
    columns: Columns,
    price: Int64Array,
    chosen: Int64Array,
    effort: Effort,
    seed: int,
    deadline: float | None,
) -> list[Int64Array]:
    """Anneal for most of the time that is left; gives what was found, the cheapest first."""
    if effort.move_rounds == 0 or has_passed(deadline):
        return [chosen]
    prepared = pricer.prepared
    return anneal_columns(
        columns, price, prepared.contested_limit(), prepared.family(), typical_cost_cents(prepared) * MILLICENTS, chosen,
        rounds=effort.move_rounds, threads=pricer.threads, seed=seed,
        deadline=None if deadline is None else time.monotonic() + _ANNEALING_SHARE * (deadline - time.monotonic()),
    )  # fmt: skip


def _solve_blocks(neighbourhoods: Neighbourhoods, effort: Effort, threads: int, deadline: float | None) -> None:
    """Solve rounds of blocks, larger ones where the last saved little; with a deadline, until then."""
    larger, number = 1, 0
    while number < effort.block_rounds or (effort.block_rounds and deadline is not None):
        if has_passed(deadline):
            return
        saved = neighbourhoods.round(
            larger * effort.block_size, larger * effort.block_columns,
            nodes=effort.block_nodes, threads=threads, deadline=deadline,
        )  # fmt: skip
        number += 1
        if saved == 0 and larger == _LARGEST_BLOCKS:
            return
        if saved < _LITTLE * neighbourhoods.cost:
            larger = min(2 * larger, _LARGEST_BLOCKS)
