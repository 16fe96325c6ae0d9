"""One more unit of anything never costs more, and what it saves is what its price says, within the gap."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator

import numpy as np
import pytest
from reference import brute_force_cents, random_problem

from solvers.assignment import (
    MILLICENTS,
    UNLIMITED_UNITS,
    AssignmentProblem,
    AssignmentSolution,
    Effort,
    lower_bound_millicents,
    solve,
)

LIMITS = {
    "stock_units": "stock_millicents",
    "capacity_units": "capacity_millicents",
    "resource_limit": "resource_millicents",
}
"""Each kind of limit and the prices of it."""
THOROUGH = Effort(price_rounds=30, move_rounds=2, slack_cents=10_000)
QUICK = Effort(price_rounds=60, move_rounds=2, block_rounds=0)


def changed(problem: AssignmentProblem, name: str, at: tuple[int, ...], units: int) -> AssignmentProblem:
    limit = getattr(problem, name).copy()
    limit[at] += units
    return dataclasses.replace(problem, **{name: limit})


def limits(problem: AssignmentProblem) -> Iterator[tuple[str, tuple[int, ...]]]:
    for name in LIMITS:
        for at in np.argwhere(getattr(problem, name) < UNLIMITED_UNITS):
            yield name, tuple(at)


def price_of(solution: AssignmentSolution, name: str, at: tuple[int, ...]) -> int:
    return int(getattr(solution.prices, LIMITS[name])[at])


@pytest.mark.parametrize("seed", range(700, 706))
def test_the_optimum_never_rises(seed):
    problem = random_problem(seed, num_orders=3)
    optimum = brute_force_cents(problem)
    assert all(brute_force_cents(changed(problem, *limit, units=1)) <= optimum for limit in limits(problem))


@pytest.mark.parametrize("seed", range(721, 725))
def test_a_plan_solved_to_the_end_never_costs_more(seed):
    """Where blocks see every plan of every order, the plan follows the optimum down."""
    problem = random_problem(seed, num_orders=3)
    before = solve(problem, effort=THOROUGH)
    assert before.outcome.cost == brute_force_cents(problem)
    for limit in limits(problem):
        after = solve(changed(problem, *limit, units=1), effort=THOROUGH)
        assert after.outcome.cost <= before.outcome.cost


@pytest.mark.parametrize("seed", range(3))
def test_a_plan_of_limited_effort_stays_good_and_costs_at_most_the_new_gap_more(seed):
    """The plan found before keeps the wider limits, so whatever a new one costs beyond it lies within the new gap."""
    problem = random_problem(seed, num_orders=30, num_skus=10, num_warehouses=3, stock=5)
    before = solve(problem, effort=QUICK)
    for name, at in list(limits(problem))[seed::9]:
        more = changed(problem, name, at, 1)
        after = solve(more, effort=QUICK)
        assert before.violations(more) == []
        assert after.outcome.bound <= before.outcome.cost
        assert after.outcome.cost - before.outcome.cost <= after.outcome.cost - after.outcome.bound


def test_a_price_lies_between_what_one_more_saves_and_one_fewer_costs():
    """Both solved again, exactly; where the bound is not the optimum the price may be off by the gap."""
    between = 0
    for seed in range(740, 752):
        problem = random_problem(
            seed, num_orders=5, num_skus=3, most_pieces=2, option_share=1.0, split_cents=0, with_limits=False
        )
        problem = dataclasses.replace(problem, piece_backorder_cents=problem.piece_backorder_cents + 60)
        solution = solve(problem, effort=QUICK)
        optimum, bound = brute_force_cents(problem), lower_bound_millicents(problem, solution.prices)
        gap = optimum * MILLICENTS - bound
        for name, at in limits(problem):
            price, more = price_of(solution, name, at), changed(problem, name, at, 1)
            saved = optimum - brute_force_cents(more)
            # With the unit an option may fit that did not before, which no price could know.
            if lower_bound_millicents(more, solution.prices) == bound - price:
                assert saved * MILLICENTS <= price + gap
            if getattr(problem, name)[at]:
                lost = brute_force_cents(changed(problem, name, at, -1)) - optimum
                assert lost * MILLICENTS >= price - gap
                between += saved * MILLICENTS - gap <= price <= lost * MILLICENTS + gap and price > gap
    assert between > 10


def test_a_bound_at_the_old_prices_falls_by_exactly_the_price():
    problem = random_problem(8, num_orders=40, num_skus=10, num_warehouses=3, stock=5)
    solution = solve(problem, effort=QUICK)
    before = lower_bound_millicents(problem, solution.prices)
    for name, at in limits(problem):
        # An option that now fits for the first time may lower the bound further, never less.
        after = lower_bound_millicents(changed(problem, name, at, 1), solution.prices)
        assert after <= before - price_of(solution, name, at)


def test_solving_again_with_the_dearest_units_saves_most_of_what_their_prices_said():
    """A unit each of the eight dearest places of a crowded night of 300 orders, one after another."""
    problem = random_problem(
        9, num_orders=300, num_skus=60, num_warehouses=3, stock=6, option_share=1.0, with_limits=False
    )
    problem = dataclasses.replace(problem, capacity_units=np.full(3, UNLIMITED_UNITS))
    effort = Effort(price_rounds=60, move_rounds=2, block_rounds=0)
    before = solve(problem, effort=effort)
    price = before.prices.stock_millicents
    said = saved = 0
    for flat in np.argsort(-price.ravel(), kind="stable")[:8]:
        at = np.unravel_index(flat, price.shape)
        after = solve(changed(problem, "stock_units", tuple(map(int, at)), 1), effort=effort)
        assert after.outcome.cost * MILLICENTS >= before.outcome.bound * MILLICENTS - MILLICENTS - int(price[at])
        said += int(price[at]) / MILLICENTS
        saved += before.outcome.bound - after.outcome.bound
    assert 0.5 * said <= saved <= 1.1 * said
