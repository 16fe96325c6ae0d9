"""On small problems everything is known: the bound never lies above the optimum, nor the plan below it."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from reference import brute_force_cents, random_problem, relaxed_millicents

from solvers.assignment import Effort, Prices, charged_bound, lower_bound, lower_bound_millicents, rough_prices, solve
from solvers.outcome import Status

QUICK = Effort(price_rounds=60, block_rounds=0)


@pytest.mark.parametrize("block", range(6))
def test_bound_optimum_and_plan_stand_in_this_order(block):
    found = 0
    for seed in range(block * 25, block * 25 + 25):
        problem = random_problem(seed)
        solution = solve(problem, effort=QUICK, seed=seed)
        optimum = brute_force_cents(problem)
        assert solution.violations(problem) == []
        assert solution.outcome.bound <= optimum <= solution.outcome.cost
        assert solution.outcome.bound == charged_bound(problem, solution.charges)
        assert solution.outcome.bound >= lower_bound(problem, solution.prices)
        found += solution.outcome.cost == optimum
    assert found >= 20


def test_exact_blocks_reach_the_optimum_of_nearly_all_small_problems():
    effort = Effort(price_rounds=60, slack_cents=10_000)
    found = 0
    for seed in range(500, 515):
        problem = random_problem(seed, num_orders=5)
        solution = solve(problem, effort=effort)
        assert solution.violations(problem) == []
        optimum = brute_force_cents(problem)
        assert solution.outcome.bound <= optimum <= solution.outcome.cost
        found += solution.outcome.cost == optimum
    assert found >= 14


def test_bound_at_any_prices_is_every_orders_cheapest_plan_less_the_worth_of_the_limits():
    for seed in range(1000, 1300):
        problem = random_problem(seed, num_orders=3)
        rng = np.random.default_rng(seed)
        prices = Prices(
            rng.integers(0, 30_000, problem.stock_units.shape),
            rng.integers(0, 5_000, problem.num_warehouses) * (problem.capacity_units < 100),
            rng.integers(0, 5_000, problem.num_resources),
        )
        assert lower_bound_millicents(problem, prices) == relaxed_millicents(problem, prices)


def test_rough_prices_prove_more_than_none_and_no_more_than_is_so():
    better = 0
    for seed in range(1300, 1320):
        problem = random_problem(seed, num_orders=3)
        rough = rough_prices(problem, rounds=20)
        assert lower_bound(problem, Prices.zero(problem)) <= lower_bound(problem, rough) <= brute_force_cents(problem)
        better += lower_bound(problem, Prices.zero(problem)) < lower_bound(problem, rough)
        np.testing.assert_array_equal(
            rough.stock_millicents, rough_prices(problem, rounds=20, threads=2).stock_millicents
        )
    assert better > 5


def test_zero_prices_bound_is_the_optimum_when_nothing_is_short():
    for seed in range(20):
        problem = random_problem(seed, with_limits=False, stock=0)
        plenty = dataclasses.replace(
            problem, stock_units=problem.stock_units + 1000, capacity_units=problem.capacity_units + 1000
        )
        solution = solve(plenty, effort=QUICK)
        assert solution.outcome.status is Status.OPTIMAL
        assert solution.outcome.cost == brute_force_cents(plenty) == lower_bound(plenty, Prices.zero(plenty))


def test_one_more_unit_never_costs_more():
    for seed in range(200, 230):
        problem = random_problem(seed, num_orders=3)
        optimum = brute_force_cents(problem)
        for warehouse in range(problem.num_warehouses):
            more = problem.stock_units.copy()
            more[warehouse, seed % problem.num_skus] += 1
            assert brute_force_cents(dataclasses.replace(problem, stock_units=more)) <= optimum


def test_price_of_a_unit_bounds_what_losing_it_would_save_from_the_bound():
    for seed in range(300, 310):
        problem = random_problem(seed, option_share=1.0, stock=6)
        solution = solve(problem, effort=QUICK)
        for warehouse, sku in np.argwhere(problem.stock_units > 0):
            fewer = problem.stock_units.copy()
            fewer[warehouse, sku] -= 1
            lean = dataclasses.replace(problem, stock_units=fewer)
            price = solution.prices.stock_millicents[warehouse, sku]
            # The bound is linear in a limit until an option no longer fits at all, which can only raise it.
            before = lower_bound_millicents(problem, solution.prices)
            assert lower_bound_millicents(lean, solution.prices) >= before + price


@pytest.mark.parametrize("seed", range(12))
def test_generalised_assignment_bound_and_optimum(seed):
    """Jobs to machines within capacities: each order one line, each warehouse its own option, its own capacity."""
    rng = np.random.default_rng(seed)
    jobs, machines = 5, 3
    size = rng.integers(1, 4, (jobs, machines))
    cost = rng.integers(1, 40, (jobs, machines))
    start = np.arange(jobs + 1) * machines
    problem = dataclasses.replace(
        random_problem(0, num_orders=jobs, most_pieces=1, with_limits=False),
        piece_sku=np.arange(jobs),
        piece_quantity=np.ones(jobs, dtype=np.int64),
        piece_start=np.arange(jobs + 1),
        piece_backorder_cents=np.full(jobs, 200),
        option_start=start,
        option_warehouse=np.tile(np.arange(machines), jobs),
        option_mask=np.ones(jobs * machines, dtype=np.int64),
        option_cents=cost.ravel(),
        option_parcels=np.ones(jobs * machines, dtype=np.int64),
        max_shipments=np.ones(jobs, dtype=np.int64),
        split_cents=0,
        stock_units=np.ones((machines, jobs), dtype=np.int64),
        capacity_units=np.full(machines, 1000),
        stock_value_cents=None,
        option_resource_start=np.arange(jobs * machines + 1),
        option_resource=np.tile(np.arange(machines), jobs),
        option_resource_amount=size.ravel(),
        resource_limit=rng.integers(2, 6, machines),
    )
    solution = solve(problem, effort=Effort(price_rounds=200, slack_cents=1000))
    optimum = brute_force_cents(problem)
    assert solution.violations(problem) == []
    assert solution.outcome.bound <= optimum == solution.outcome.cost
    best = min(
        sum(cost[job, machine] if machine < machines else 200 for job, machine in enumerate(choice))
        for choice in np.ndindex(*(machines + 1,) * jobs)
        if all(
            sum(size[job, machine] for job, machine in enumerate(choice) if machine == at) <= problem.resource_limit[at]
            for at in range(machines)
        )
    )
    assert optimum == best
