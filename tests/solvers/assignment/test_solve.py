from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from reference import brute_force_cents, plan_cents, plans, random_problem, with_orders

from solvers.assignment import (
    Effort,
    Prices,
    alternatives,
    charged_bound,
    describe,
    lower_bound,
    nearest_warehouse,
    order_by_order,
    single_warehouse_first,
    solve,
)

EFFORT = Effort(price_rounds=60, block_size=20)
PRICES_ONLY = Effort(price_rounds=60, move_rounds=0, block_rounds=0)


@pytest.fixture(scope="module")
def crowded():
    return random_problem(11, num_orders=60, num_skus=12, num_warehouses=3, stock=5)


@pytest.fixture(scope="module")
def solution(crowded):
    return solve(crowded, effort=EFFORT)


def test_a_crowded_night_is_planned_soundly(crowded, solution):
    assert solution.violations(crowded) == []
    assert solution.outcome.gap < 0.1


def test_threads_do_not_change_the_plan(crowded, solution):
    two = solve(crowded, effort=EFFORT, threads=2)
    np.testing.assert_array_equal(two.option_chosen, solution.option_chosen)
    np.testing.assert_array_equal(two.prices.stock_millicents, solution.prices.stock_millicents)
    assert two.outcome == solution.outcome


def test_a_time_limit_still_gives_a_sound_plan(crowded):
    hurried = solve(crowded, seconds=0.0)
    assert hurried.violations(crowded) == []
    assert hurried.outcome.bound <= hurried.outcome.cost


def test_last_nights_prices_are_a_good_start(crowded, solution):
    proven = lower_bound(crowded, solution.prices)
    cold, warm, longer = (
        solve(crowded, effort=dataclasses.replace(PRICES_ONLY, price_rounds=rounds), warm_prices=start)
        for rounds, start in ((2, None), (2, solution.prices), (5, None))
    )
    assert lower_bound(crowded, cold.prices) < lower_bound(crowded, longer.prices) < proven
    assert lower_bound(crowded, warm.prices) >= proven
    assert warm.outcome.bound > cold.outcome.bound


def test_last_nights_prices_save_half_of_the_rounds():
    for seed in range(12, 15):
        problem = random_problem(seed, num_orders=60, num_skus=12, num_warehouses=3, stock=5)
        last = solve(problem, effort=PRICES_ONLY).prices
        cold, warm, longer = (
            solve(problem, effort=dataclasses.replace(PRICES_ONLY, price_rounds=rounds), warm_prices=start)
            for rounds, start in ((2, None), (2, last), (5, None))
        )
        assert warm.outcome.bound > cold.outcome.bound
        assert lower_bound(problem, warm.prices) >= lower_bound(problem, longer.prices)


@pytest.mark.parametrize("millicents", [10**7, 2**40, 2**62])
def test_prices_that_mean_nothing_tonight_do_no_harm(crowded, millicents):
    """The limits were worth something last night and are next to nothing tonight, or the prices are not to be believed."""
    absurd = Prices(
        np.full_like(crowded.stock_units, millicents),
        np.full_like(crowded.capacity_units, millicents),
        np.full_like(crowded.resource_limit, millicents),
    )
    found = solve(crowded, effort=dataclasses.replace(PRICES_ONLY, price_rounds=2), warm_prices=absurd)
    assert found.violations(crowded) == []
    assert lower_bound(crowded, Prices.zero(crowded)) <= lower_bound(crowded, found.prices) <= found.outcome.bound
    assert found.outcome.bound == charged_bound(crowded, found.charges) <= found.outcome.cost


def test_the_plan_beats_or_meets_every_baseline(crowded, solution):
    for baseline in (nearest_warehouse, single_warehouse_first, order_by_order):
        found = baseline(crowded)
        assert solution.outcome.bound <= found.cost_cents
        assert solution.outcome.cost <= found.cost_cents
        again = dataclasses.replace(solution, option_chosen=found.option_chosen)
        assert not [text for text in again.violations(crowded) if "ships" in text or "used" in text or "has" in text]


def test_row_order_changes_nothing_where_the_optimum_is_proven():
    for seed in range(40, 52):
        problem = random_problem(seed, num_orders=3)
        turned = with_orders(problem, np.arange(3)[::-1])
        assert brute_force_cents(problem) == brute_force_cents(turned)
        first, second = solve(problem, effort=EFFORT), solve(turned, effort=EFFORT)
        assert second.violations(turned) == []
        assert first.outcome.bound <= second.outcome.cost
        assert second.outcome.bound <= first.outcome.cost


def test_a_line_split_in_two_pieces_of_one_sku_never_takes_more_than_there_is():
    for seed in range(60, 90):
        problem = random_problem(seed, num_skus=1, most_pieces=3, stock=4)
        solution = solve(problem, effort=Effort(price_rounds=40, block_rounds=0))
        assert solution.violations(problem) == []
        assert solution.outcome.bound <= brute_force_cents(problem) <= solution.outcome.cost


def test_alternatives_are_the_cheapest_plans_at_the_prices():
    for seed in range(30):
        problem = random_problem(seed, option_share=1.0, most_pieces=2, stock=6, with_limits=False)
        problem = dataclasses.replace(problem, capacity_units=problem.capacity_units + 9)
        prices = solve(problem, effort=Effort(price_rounds=20, block_rounds=0)).prices
        for order in range(problem.num_orders):
            found = alternatives(problem, prices, order, k=3)
            every = sorted(
                describe(problem, prices, order, plan).priced_millicents
                for plan in plans(problem, order)
                if _fits(problem, order, plan)
            )
            assert [plan.priced_millicents for plan in found] == every[:3]
            for plan in found:
                assert plan.cents == plan_cents(problem, order, plan.options)


def _fits(problem, order, plan):
    """Whether each option fits by itself."""
    start = int(problem.piece_start[order])
    for option in plan:
        wanted = np.zeros(problem.num_skus, dtype=np.int64)
        for bit in range(int(problem.piece_start[order + 1]) - start):
            if int(problem.option_mask[option]) >> bit & 1:
                wanted[problem.piece_sku[start + bit]] += problem.piece_quantity[start + bit]
        if (wanted > problem.stock_units[problem.option_warehouse[option]]).any():
            return False
    return True


def test_the_chosen_plan_is_explained_at_its_cost(crowded, solution):
    for order in range(5):
        options = range(crowded.option_start[order], crowded.option_start[order + 1])
        chosen = [option for option in options if solution.option_chosen[option]]
        plan = describe(crowded, solution.prices, order, chosen)
        assert plan.cents == solution.order_cents[order]
        assert plan.priced_millicents >= alternatives(crowded, solution.prices, order, k=1)[0].priced_millicents


def test_compiled_and_interpreted_kernels_agree():
    code = (
        "from reference import random_problem\n"
        "from solvers.assignment import Effort, solve\n"
        "for seed in range(3):\n"
        "    problem = random_problem(seed)\n"
        "    found = solve(problem, effort=Effort(price_rounds=15, move_rounds=2, block_rounds=0))\n"
        "    print(found.outcome, found.option_chosen.tolist(), found.prices.stock_millicents.tolist())\n"
    )
    folder = Path(__file__).parent
    path = os.pathsep.join([str(folder), str(folder.parents[2])])
    outputs = [
        subprocess.run(
            [sys.executable, "-W", "error", "-c", code],
            env={**os.environ, "NUMBA_DISABLE_JIT": switch, "PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for switch in ("0", "1")
    ]
    assert outputs[0] == outputs[1]
    assert outputs[0]
