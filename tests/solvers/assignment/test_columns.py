"""Listed plans are exactly the nearly cheapest ones; searching among them keeps every limit."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from reference import brute_force_cents, plan_cents, plans, random_problem

from solvers.assignment import annealing, neighbourhoods
from solvers.assignment.annealing import Annealer
from solvers.assignment.columns import list_columns, losses_of, plan_of, price_in_shares, worth_of
from solvers.assignment.dive import dive
from solvers.assignment.dual import refine_prices, search_prices
from solvers.assignment.kernels_anneal import take_columns
from solvers.assignment.kernels_groups import grow_groups
from solvers.assignment.kernels_plan import place_sequence, replace_sequence, take_plans
from solvers.assignment.neighbourhoods import Neighbourhoods
from solvers.assignment.preparation import flatten, prepare
from solvers.assignment.pricer import Pricer
from solvers.assignment.solution import order_costs

EVERY_PLAN_CENTS = 100_000
ANY_LOSS = 1000 * EVERY_PLAN_CENTS
ANY_COLUMNS = 10**9


def _pricer(seed: int = 0, **shape) -> tuple:
    problem = random_problem(seed, **shape)
    return problem, Pricer(prepare(problem))


def _free(pricer: Pricer):
    return pricer.prepared.spread(np.zeros(len(pricer.prepared.contested), dtype=np.int64))


def _blocks(columns, limit, family, chosen, others=None) -> Neighbourhoods:
    loss = losses_of(columns, np.zeros(len(limit), dtype=np.int64))
    return Neighbourhoods(columns, loss, limit, family, chosen, chosen if others is None else others, seed=1)


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


def _cost(problem, pricer: Pricer, plan) -> int:
    """What a plan over the options kept costs, thousandths of a cent, reckoned on the problem itself."""
    chosen = np.zeros(problem.num_options, dtype=np.bool_)
    chosen[pricer.prepared.option_ids[plan[plan >= 0]]] = True
    return 1000 * int(order_costs(problem, chosen).sum())


def test_columns_cost_and_take_what_the_plans_they_stand_for_do():
    for seed in range(20):
        problem, pricer = _pricer(seed, num_orders=12)
        prepared = pricer.prepared
        columns = list_columns(pricer, _free(pricer), EVERY_PLAN_CENTS)
        chosen = np.random.default_rng(seed).integers(columns.start[:-1], columns.start[1:])
        plan, room = plan_of(columns, chosen, prepared.instance), prepared.room()
        assert _cost(problem, pricer, plan) == columns.cost[chosen].sum()
        take_plans(prepared.instance, np.arange(12), plan, room, 1)
        left = prepared.contested_limit().copy()
        take_columns(columns, chosen, left)
        np.testing.assert_array_equal(flatten(room)[prepared.contested], left)


def test_a_plan_that_is_given_is_among_the_columns():
    dearer = 0
    for seed in range(20):
        problem, pricer = _pricer(seed, num_orders=12)
        prepared, options = pricer.prepared, pricer.prepared.instance.option_start
        plan = np.full(prepared.num_pieces, -1, dtype=np.int64)
        place_sequence(prepared.instance, np.arange(12), _free(pricer), prepared.room(), pricer.works[0], plan)
        columns = list_columns(pricer, _free(pricer), 0, plan)
        taken = set(plan[plan >= 0].tolist())
        cost = 0
        for order in range(12):
            own = taken & set(range(options[order], options[order + 1]))
            of_order = range(columns.start[order], columns.start[order + 1])
            held = [
                set(columns.option[columns.option_start[c] : columns.option_start[c + 1]].tolist()) for c in of_order
            ]
            assert own in held
            cost += columns.cost[of_order[held.index(own)]]
        assert cost == _cost(problem, pricer, plan)
        dearer += cost > np.minimum.reduceat(columns.cost, columns.start[:-1]).sum()
    assert dearer > 0


def _dived(pricer: Pricer, prices, **how):
    columns, limit = list_columns(pricer, prices, EVERY_PLAN_CENTS), pricer.prepared.contested_limit()
    price = flatten(prices)[pricer.prepared.contested]
    return columns, limit, dive(columns, price, limit, np.random.default_rng(1), **how)


@pytest.mark.parametrize("deadline", [None, 0.0])
def test_a_dive_chooses_a_column_for_every_order_within_the_limits(deadline):
    for seed in range(20):
        _problem, pricer = _pricer(seed, num_orders=60, num_skus=8, num_warehouses=3, stock=5)
        prices = search_prices(pricer, rounds=20).prices
        columns, limit, chosen = _dived(pricer, prices, deadline=deadline)
        assert (columns.start[:-1] <= chosen).all()
        assert (chosen < columns.start[1:]).all()
        left = limit.copy()
        take_columns(columns, chosen, left)
        assert (left >= 0).all()


def test_a_dive_where_nothing_is_short_takes_the_cheapest():
    _problem, pricer = _pricer(3, num_orders=60)
    columns = list_columns(pricer, _free(pricer), EVERY_PLAN_CENTS)
    limit = np.full_like(pricer.prepared.contested_limit(), 10**9)
    chosen = dive(columns, np.zeros_like(limit), limit, np.random.default_rng(1))
    np.testing.assert_array_equal(columns.cost[chosen], np.minimum.reduceat(columns.cost, columns.start[:-1]))


def test_a_dive_costs_less_than_placing_orders_one_after_another():
    saved = 0
    for seed in range(10):
        problem, pricer = _pricer(seed, num_orders=80, num_skus=12, num_warehouses=3, stock=6)
        prepared, prices = pricer.prepared, search_prices(pricer, rounds=60).prices
        columns, _limit, chosen = _dived(pricer, prices)
        plan = np.full(prepared.num_pieces, -1, dtype=np.int64)
        place_sequence(prepared.instance, np.arange(80), _free(pricer), prepared.room(), pricer.works[0], plan)
        saved += _cost(problem, pricer, plan) - int(columns.cost[chosen].sum())
    assert saved > 0


def test_an_order_placed_anew_never_ends_dearer_than_it_was():
    """Options that fit alone and not together are refused one by one; the best pair may be lost on the way."""
    for seed in range(720, 760):
        problem, pricer = _pricer(seed, num_orders=3)
        prepared, limit = pricer.prepared, pricer.prepared.contested_limit()
        columns = list_columns(pricer, _free(pricer), EVERY_PLAN_CENTS)
        chosen = columns.start[1:] - 1
        _blocks(columns, limit, prepared.family(), chosen).round(25, ANY_COLUMNS, nodes=50, threads=1)
        plan, room = plan_of(columns, chosen, prepared.instance), prepared.room()
        take_plans(prepared.instance, np.arange(3), plan, room, 1)
        replace_sequence(prepared.instance, np.arange(3), _free(pricer), room, pricer.works[0], plan)
        again = prepared.room()
        take_plans(prepared.instance, np.arange(3), plan, again, 1)
        for left, counted in zip(room, again, strict=True):
            np.testing.assert_array_equal(left, counted)
        assert _cost(problem, pricer, plan) <= columns.cost[chosen].sum()


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
    search = _blocks(columns, prepared.contested_limit(), prepared.family(), chosen)
    for _ in range(3):
        before = columns.cost[chosen].sum()
        saved = search.round(25, ANY_COLUMNS, nodes=20, threads=2)
        assert columns.cost[chosen].sum() == before - saved
        assert saved >= 0
    assert _room_beside(columns, chosen, prepared.contested_limit()).min() >= 0
    assert columns.cost[chosen].sum() < columns.cost[waiting].sum()


def test_blocks_are_the_same_whatever_the_threads(crowded):
    prepared, columns, waiting = crowded
    results = []
    for threads in (1, 2):
        chosen = waiting.copy()
        search = _blocks(columns, prepared.contested_limit(), prepared.family(), chosen)
        search.round(15, ANY_COLUMNS, nodes=20, threads=threads)
        results.append(chosen)
    np.testing.assert_array_equal(*results)


def test_a_block_may_choose_the_columns_of_another_plan_however_dear_at_prices(crowded, monkeypatch):
    prepared, columns, waiting = crowded
    monkeypatch.setattr(neighbourhoods, "_WHOLE_ORDERS", 0)
    better = waiting.copy()
    _blocks(columns, prepared.contested_limit(), prepared.family(), better).round(25, ANY_COLUMNS, nodes=20, threads=1)
    # At prices as high as a wait nothing but waiting is near; the other plan's columns are there all the same.
    price = np.full(len(prepared.contested), ANY_LOSS)
    alone, helped = waiting.copy(), waiting.copy()
    loss = losses_of(columns, price)
    for chosen, others in ((alone, waiting), (helped, better)):
        search = Neighbourhoods(columns, loss, prepared.contested_limit(), prepared.family(), chosen, others, seed=1)
        search.round(1000, 1, nodes=20, threads=1)
    np.testing.assert_array_equal(alone, waiting)
    assert columns.cost[better].sum() < columns.cost[waiting].sum()
    assert columns.cost[helped].sum() <= columns.cost[better].sum()


def test_losses_are_at_prices_and_none_for_the_cheapest(crowded):
    prepared, columns, _waiting = crowded
    price = np.arange(len(prepared.contested)) * 100
    loss, at_prices = losses_of(columns, price), columns.cost + worth_of(columns, price)
    for order in range(prepared.num_orders):
        mine = slice(columns.start[order], columns.start[order + 1])
        np.testing.assert_array_equal(loss[mine], at_prices[mine] - at_prices[mine].min())


@pytest.mark.parametrize("size", [1, 3, 100])
def test_groups_hold_every_family_once_and_all_of_its_orders(size):
    random = np.random.default_rng(size)
    pair = np.unique(random.integers(0, 20 * 30, 70))
    family, order = pair // 30, pair % 30
    by_order = np.argsort(order, kind="stable")
    start = np.zeros(21, dtype=np.int64)
    members = grow_groups(
        random.permutation(20),
        np.searchsorted(family, np.arange(21)),
        order,
        np.searchsorted(order[by_order], np.arange(31)),
        family[by_order],
        np.int64(size),
        start,
    )
    groups = [set(members[a:b].tolist()) for a, b in itertools.pairwise(start[: np.argmax(start) + 1])]
    assert sum(map(len, groups)) == len(members)
    for one in np.unique(family):
        assert any(set(order[family == one].tolist()) <= group for group in groups)
    if size == 1:
        assert len(groups) == len(np.unique(family))
    if size == 100:
        # Groups end only where no order leads on.
        assert len(set().union(*groups)) == sum(map(len, groups))
