"""The same night told otherwise: orders, rows, articles and places in another order, one line as two, other threads."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from reference import brute_force_cents, random_problem, with_orders, with_pieces_joined

from solvers.assignment import AssignmentProblem, Effort, Prices, lower_bound, lower_bound_millicents, solve
from solvers.assignment import columns as columns_module

EFFORT = Effort(price_rounds=40, move_rounds=2, block_rounds=0)
THOROUGH = Effort(price_rounds=30, move_rounds=2, slack_cents=10_000)


def renamed(problem: AssignmentProblem, warehouse: np.ndarray, sku: np.ndarray) -> AssignmentProblem:
    """The same problem, warehouse w now `warehouse[w]` and SKU s now `sku[s]`."""
    stock, capacity = np.empty_like(problem.stock_units), np.empty_like(problem.capacity_units)
    stock[np.ix_(warehouse, sku)] = problem.stock_units
    capacity[warehouse] = problem.capacity_units
    value = problem.stock_value_cents
    if value is not None:
        value = np.empty_like(stock)
        value[np.ix_(warehouse, sku)] = problem.stock_value_cents
    return dataclasses.replace(
        problem,
        piece_sku=sku[problem.piece_sku],
        option_warehouse=warehouse[problem.option_warehouse],
        stock_units=stock,
        capacity_units=capacity,
        stock_value_cents=value,
    )


@pytest.mark.parametrize("seed", range(4))
def test_the_order_of_orders_does_not_change_prices_nor_bound(seed):
    problem = random_problem(seed, num_orders=40, num_skus=8, num_warehouses=3, stock=6)
    shuffled = with_orders(problem, np.random.default_rng(seed).permutation(40))
    first, second = (solve(given, effort=EFFORT) for given in (problem, shuffled))
    for kind in ("stock_millicents", "capacity_millicents", "resource_millicents"):
        np.testing.assert_array_equal(getattr(first.prices, kind), getattr(second.prices, kind))
    assert first.outcome.bound == second.outcome.bound
    assert second.violations(shuffled) == []


@pytest.mark.parametrize("seed", range(4))
def test_names_of_articles_and_places_do_not_change_the_bound(seed):
    problem = random_problem(seed, num_orders=40, num_skus=8, num_warehouses=3, stock=6)
    rng = np.random.default_rng(seed)
    warehouse, sku = rng.permutation(3), rng.permutation(8)
    other = renamed(problem, warehouse, sku)
    first, second = (solve(given, effort=EFFORT) for given in (problem, other))
    stock, capacity = np.empty_like(problem.stock_units), np.empty_like(problem.capacity_units)
    stock[np.ix_(warehouse, sku)] = first.prices.stock_millicents
    capacity[warehouse] = first.prices.capacity_millicents
    prices = Prices(stock, capacity, first.prices.resource_millicents)
    assert lower_bound_millicents(other, prices) == lower_bound_millicents(problem, first.prices)
    assert second.outcome.bound == pytest.approx(first.outcome.bound, rel=1e-3)
    assert second.violations(other) == []


@pytest.mark.parametrize("seed", [721, 722, 723, 724])
def test_the_order_of_orders_does_not_change_what_an_exact_plan_costs(seed):
    problem = random_problem(seed, num_orders=3)
    costs = {
        solve(with_orders(problem, np.array(order)), effort=THOROUGH).outcome.cost
        for order in ((0, 1, 2), (2, 0, 1), (1, 2, 0))
    }
    assert costs == {brute_force_cents(problem)}


def test_threads_do_not_show_where_every_step_is_shared(monkeypatch):
    monkeypatch.setattr(columns_module, "_WORTH_SHARING", 1)
    problem = random_problem(5, num_orders=60, num_skus=12, num_warehouses=3, stock=5)
    one, two = (solve(problem, effort=Effort(price_rounds=30, block_size=20), threads=n) for n in (1, 2))
    np.testing.assert_array_equal(one.option_chosen, two.option_chosen)
    np.testing.assert_array_equal(one.prices.stock_millicents, two.prices.stock_millicents)
    assert one.outcome == two.outcome


def test_a_line_told_as_two_of_the_same_article_costs_the_same_where_it_is_not_divided():
    """Options carry both pieces or neither, so that the two lines are one."""
    compared = 0
    for seed in range(800, 820):
        two = random_problem(seed, num_orders=5, num_skus=2, most_pieces=3, stock=6)
        one, two = with_pieces_joined(two)
        assert brute_force_cents(one) == brute_force_cents(two)
        first, second = solve(one, effort=EFFORT), solve(two, effort=EFFORT)
        # The bound charges whole pieces, of which the two nights have other ones; prices alone do not see them.
        assert lower_bound_millicents(one, first.prices) == lower_bound_millicents(two, second.prices)
        assert max(first.outcome.bound, second.outcome.bound) <= brute_force_cents(one)
        assert min(first.outcome.bound, second.outcome.bound) >= lower_bound(one, first.prices)
        np.testing.assert_array_equal(first.prices.stock_millicents, second.prices.stock_millicents)
        rng = np.random.default_rng(seed)
        prices = Prices(
            rng.integers(0, 9_000, one.stock_units.shape),
            np.zeros(one.num_warehouses, np.int64),
            rng.integers(0, 9_000, one.num_resources),
        )
        assert lower_bound_millicents(one, prices) == lower_bound_millicents(two, prices)
        compared += one.num_pieces < two.num_pieces
    assert compared > 10


def test_a_line_told_as_two_never_costs_more_and_may_cost_less_by_being_divided():
    """The further options of the two lines only add to the ways there are."""
    cheaper = 0
    for seed in range(800, 820):
        free = random_problem(seed, num_orders=4, num_skus=2, most_pieces=3, stock=3)
        one, _ = with_pieces_joined(free)
        least, divided = brute_force_cents(one), brute_force_cents(free)
        assert divided <= least
        solution = solve(free, effort=EFFORT)
        assert solution.violations(free) == []
        assert solution.outcome.bound <= divided <= solution.outcome.cost
        cheaper += divided < least
    assert cheaper
