"""Listed plans are exactly the nearly cheapest ones; searching among them keeps every limit."""

from __future__ import annotations

import numpy as np
import pytest
from reference import brute_force_cents, plan_cents, plans, random_problem

from solvers.assignment import annealing
from solvers.assignment.annealing import Annealer
from solvers.assignment.columns import columns_of, list_columns, plan_of, price_in_shares
from solvers.assignment.dual import refine_prices, search_prices
from solvers.assignment.kernels_plan import place_sequence, replace_sequence, take_plans
from solvers.assignment.neighbourhoods import Neighbourhoods
from solvers.assignment.preparation import prepare
from solvers.assignment.pricer import Pricer

EVERY_PLAN_CENTS = 100_000


def _pricer(seed: int = 0, **shape) -> tuple:
    problem = random_problem(seed, **shape)
    return problem, Pricer(prepare(problem))


def _free(pricer: Pricer):
    return pricer.prepared.spread(np.zeros(len(pricer.prepared.contested), dtype=np.int64))


def test_with_enough_slack_every_plan_of_every_order_is_listed_once():
    for seed in range(20):
        problem, pricer = _pricer(seed, stock=9, most_pieces=2, num_warehouses=2)
        ids = set(pricer.prepared.option_ids.tolist())
        columns = list_columns(pricer, _free(pricer), EVERY_PLAN_CENTS)
        for order in range(problem.num_orders):
            possible = [plan for plan in plans(problem, order) if ids.issuperset(plan)]
            listed = columns.cost[columns.start[order] : columns.start[order + 1]]
            assert sorted(listed) == sorted(1000 * plan_cents(problem, order, plan) for plan in possible)
            assert columns.use_start[columns.start[order + 1]] == columns.use_start[columns.start[order + 1] - 1]


def test_columns_and_options_price_alike():
    for seed in range(20):
        _problem, pricer = _pricer(seed, num_orders=12)
        rng = np.random.default_rng(seed)
        price = rng.integers(0, 20_000, len(pricer.prepared.contested))
        columns = list_columns(pricer, pricer.prepared.spread(price), 5)
        chosen = np.zeros(12, dtype=np.int64)
        cost, used = price_in_shares(columns, price, chosen, threads=2)
        pricing = pricer(pricer.prepared.spread(price))
        assert cost == pricing.bound_millicents
        taken = np.zeros_like(used)
        for column in chosen:
            uses = slice(columns.use_start[column], columns.use_start[column + 1])
            np.add.at(taken, columns.use_limit[uses], columns.use_amount[uses])
        np.testing.assert_array_equal(used, taken)


def test_a_plan_is_found_among_the_columns_and_given_back():
    for seed in range(20):
        _problem, pricer = _pricer(seed, num_orders=12)
        prepared = pricer.prepared
        plan = np.full(prepared.num_pieces, -1, dtype=np.int64)
        place_sequence(prepared.instance, np.arange(12), _free(pricer), prepared.room(), pricer.works[0], plan)
        columns = list_columns(pricer, _free(pricer), 0, plan)
        order_of_option = np.repeat(np.arange(12), np.diff(prepared.instance.option_start))
        chosen = columns_of(columns, plan, order_of_option)
        np.testing.assert_array_equal(plan_of(columns, chosen, prepared.instance), plan)


def test_an_order_placed_anew_never_ends_dearer_than_it_was():
    """Options that fit alone and not together are refused one by one; the best pair may be lost on the way."""
    for seed in range(720, 760):
        _problem, pricer = _pricer(seed, num_orders=3)
        prepared, limit = pricer.prepared, pricer.prepared.contested_limit()
        columns = list_columns(pricer, _free(pricer), EVERY_PLAN_CENTS)
        chosen = columns.start[1:] - 1
        Neighbourhoods(columns, limit, prepared.family(), chosen, seed=1).round(25, nodes=50, threads=1)
        plan, room = plan_of(columns, chosen, prepared.instance), prepared.room()
        take_plans(prepared.instance, np.arange(3), plan, room, 1)
        replace_sequence(prepared.instance, np.arange(3), _free(pricer), room, pricer.works[0], plan)
        again = prepared.room()
        take_plans(prepared.instance, np.arange(3), plan, again, 1)
        for left, counted in zip(room, again, strict=True):
            np.testing.assert_array_equal(left, counted)
        order_of_option = np.repeat(np.arange(3), np.diff(prepared.instance.option_start))
        after = columns_of(columns, plan, order_of_option)
        assert columns.cost[after].sum() <= columns.cost[chosen].sum()


def test_searching_on_among_columns_raises_the_bound_and_never_above_the_optimum():
    for seed in range(30):
        problem, pricer = _pricer(seed)
        found = search_prices(pricer, rounds=10)
        refined = refine_prices(pricer, found, rounds=200)
        assert found.bound_millicents <= refined.bound_millicents <= 1000 * brute_force_cents(problem)


@pytest.fixture
def crowded():
    """Columns of a crowded night with a plan that keeps its limits: waiting for everything."""
    _problem, pricer = _pricer(11, num_orders=80, num_skus=12, num_warehouses=3, stock=6)
    prices = search_prices(pricer, rounds=60).prices
    columns = list_columns(pricer, prices, 20)
    return pricer.prepared, columns, columns.start[1:] - 1


def _room_beside(columns, chosen, limit):
    left = limit.copy()
    for column in chosen:
        uses = slice(columns.use_start[column], columns.use_start[column + 1])
        np.subtract.at(left, columns.use_limit[uses], columns.use_amount[uses])
    return left


@pytest.mark.parametrize("orders_a_part", [10, 1000])
def test_annealing_keeps_the_limits_whatever_the_parts_and_threads(crowded, orders_a_part, monkeypatch):
    prepared, columns, waiting = crowded
    monkeypatch.setattr(annealing, "_ORDERS_A_PART", orders_a_part)
    results = []
    for threads in (1, 2):
        chosen = waiting.copy()
        price = np.full(len(prepared.contested), 3000)
        annealer = Annealer(columns, price, prepared.contested_limit(), prepared.family(), 25_000.0, chosen, seed=1)
        annealer.run(6, threads)
        left = _room_beside(columns, chosen, prepared.contested_limit())
        assert left.min() >= 0
        np.testing.assert_array_equal(left, annealer.left)
        assert columns.cost[chosen].sum() < columns.cost[waiting].sum()
        results.append(chosen)
    np.testing.assert_array_equal(*results)


def test_blocks_only_ever_save_and_keep_the_limits(crowded):
    prepared, columns, waiting = crowded
    chosen = waiting.copy()
    search = Neighbourhoods(columns, prepared.contested_limit(), prepared.family(), chosen, seed=1)
    for _ in range(3):
        before = columns.cost[chosen].sum()
        saved = search.round(25, nodes=20, threads=2)
        assert columns.cost[chosen].sum() == before - saved
        assert saved >= 0
    assert _room_beside(columns, chosen, prepared.contested_limit()).min() >= 0
    assert columns.cost[chosen].sum() < columns.cost[waiting].sum()
