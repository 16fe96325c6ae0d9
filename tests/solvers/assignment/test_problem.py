from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from reference import random_problem

from solvers.assignment import UNLIMITED_SHIPMENTS, AssignmentProblem, Effort, Prices, solve
from solvers.outcome import Status


@pytest.fixture
def problem():
    return random_problem(7, option_share=1.0)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("stock_units", "Floor what is available at 0"),
        ("capacity_units", "Use 0 for closed"),
        ("resource_limit", "Use 0 for none left"),
        ("piece_backorder_cents", "Cap it at 0"),
        ("option_cents", "Move credits out of it"),
        ("option_parcels", "Count its parcels"),
        ("option_mask", "must name the order's own pieces"),
        ("piece_quantity", "Drop the line"),
        ("piece_sku", "Add its stock"),
        ("option_warehouse", "Renumber"),
    ],
)
def test_negative_values_are_refused_with_a_remedy(problem, name, message):
    array = getattr(problem, name).copy()
    array.flat[0] = -1
    with pytest.raises(ValueError, match=message):
        dataclasses.replace(problem, **{name: array})


def test_stock_of_an_unknown_sku_is_refused(problem):
    sku = problem.piece_sku.copy()
    sku[0] = problem.num_skus
    with pytest.raises(ValueError, match="piece_sku must be"):
        dataclasses.replace(problem, piece_sku=sku)


def test_costs_that_could_overflow_are_refused(problem):
    with pytest.raises(ValueError, match="too large to sum exactly"):
        dataclasses.replace(problem, option_cents=np.full(problem.num_options, 2**58))


def test_large_costs_within_the_limit_stay_exact(problem):
    large = 2**34
    scaled = dataclasses.replace(
        problem,
        option_cents=problem.option_cents * large,
        piece_backorder_cents=problem.piece_backorder_cents * large,
        split_cents=problem.split_cents * large,
        stock_value_cents=None,
    )
    small = dataclasses.replace(problem, stock_value_cents=None)
    solution = solve(scaled, effort=Effort(price_rounds=30, block_rounds=0))
    assert solution.violations(scaled) == []
    assert solution.outcome.cost % large == 0
    assert solution.outcome.cost // large >= solve(small, effort=Effort(price_rounds=30, block_rounds=0)).outcome.bound


def test_fractions_are_refused(problem):
    with pytest.raises(TypeError, match="option_cents must hold integers"):
        dataclasses.replace(problem, option_cents=problem.option_cents + 0.5)


def test_an_order_without_options_waits(problem):
    none = dataclasses.replace(
        problem,
        option_start=np.zeros(problem.num_orders + 1, dtype=np.int64),
        **{
            name: getattr(problem, name)[:0]
            for name in ("option_warehouse", "option_mask", "option_cents", "option_parcels", "option_resource")
        },
        option_resource_amount=problem.option_resource_amount[:0],
        option_resource_start=np.zeros(1, dtype=np.int64),
    )
    solution = solve(none)
    assert solution.outcome.status is Status.OPTIMAL
    assert solution.outcome.cost == problem.piece_backorder_cents.sum()
    assert solution.piece_backordered.all()


def test_closed_warehouses_send_nothing(problem):
    closed = dataclasses.replace(problem, capacity_units=np.zeros(problem.num_warehouses, dtype=np.int64))
    solution = solve(closed)
    assert solution.outcome.status is Status.OPTIMAL
    assert not solution.option_chosen.any()


def test_an_empty_night_costs_nothing():
    empty = np.zeros(0, dtype=np.int64)
    start = np.zeros(1, dtype=np.int64)
    problem = AssignmentProblem(
        start,
        empty,
        empty,
        empty,
        start,
        empty,
        empty,
        empty,
        empty,
        empty,
        0,
        np.zeros((2, 3), dtype=np.int64),
        [5, 5],
    )
    solution = solve(problem)
    assert (solution.outcome.status, solution.outcome.cost) == (Status.OPTIMAL, 0)
    assert solution.violations(problem) == []


def test_prices_of_another_shape_are_refused(problem):
    other = random_problem(3, num_skus=9)
    with pytest.raises(ValueError, match="align them by warehouse and SKU"):
        solve(problem, warm_prices=Prices.zero(other))


def test_every_way_to_break_a_plan_is_listed(problem):
    solution = solve(problem, effort=Effort(price_rounds=20, block_rounds=0))
    everything = dataclasses.replace(solution, option_chosen=np.ones(problem.num_options, dtype=np.bool_))
    listed = "\n".join(everything.violations(dataclasses.replace(problem, stock_units=problem.stock_units * 0)))
    for part in ("shipments, at most", "ships a piece twice", "it has 0", "order_cents", "piece_backordered"):
        assert part in listed


def test_an_order_of_many_lines_keeps_a_valid_bound():
    """Thirty lines, any two of which may travel together: more subsets than can be tabulated."""
    rng = np.random.default_rng(5)
    pieces = 30
    masks = [1 << i | 1 << j for i in range(pieces) for j in range(i, pieces)]
    problem = AssignmentProblem(
        piece_start=[0, pieces],
        piece_sku=np.arange(pieces),
        piece_quantity=np.ones(pieces, dtype=np.int64),
        piece_backorder_cents=np.full(pieces, 500),
        option_start=[0, len(masks)],
        option_warehouse=np.zeros(len(masks), dtype=np.int64),
        option_mask=masks,
        option_cents=rng.integers(50, 400, len(masks)),
        option_parcels=np.ones(len(masks), dtype=np.int64),
        max_shipments=[UNLIMITED_SHIPMENTS],
        split_cents=3,
        stock_units=np.ones((1, pieces), dtype=np.int64),
        capacity_units=[24],
    )
    solution = solve(problem, effort=Effort(price_rounds=5, block_rounds=0))
    assert solution.violations(problem) == []
    assert 0 < solution.outcome.bound <= solution.outcome.cost < pieces * 500
