from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from solvers.outcome import Status
from solvers.packing.cartons import Cartons, Objective, Prices
from solvers.packing.items import UPRIGHT, ItemSets, ItemTypes
from solvers.packing.problem import PackingProblem, Rules, Split
from solvers.packing.solution import Reason
from solvers.packing.solve import pack

CARTONS = Cartons.of(
    [200, 300, 400],
    [150, 200, 300],
    [80, 150, 250],
    cost_cents=[30, 50, 90],
    tare_g=[50, 90, 200],
    max_weight_g=[3000, 8000, 15000],
)


def one_set(items, quantity, cartons=CARTONS, prices=None, **rules):
    quantity = np.asarray(quantity)
    sets = ItemSets([0, quantity.size], np.arange(quantity.size), quantity)
    return PackingProblem(
        items,
        sets,
        cartons,
        prices or Prices.without_freight(Objective.COST),
        Rules(**({"support_share": 0.0} | rules)),
    )


def random_problem(seed, num_sets=60, **rules):
    rng = np.random.default_rng(seed)
    n = 40
    items = ItemTypes.of(
        *rng.integers(20, 200, (3, n)),
        weight_g=rng.integers(10, 2000, n),
        orientation=rng.choice([63, 3, 15], n),
        max_load_g=rng.choice([0, 1500, 2**62], n),
        padding_mm=rng.choice([0, 0, 10], n),
        protection_g=rng.integers(0, 20, n),
        protection_cents=rng.integers(0, 9, n),
        hazard_class=rng.choice([0, 0, 0, 1, 2], n),
        ships_alone=rng.choice([0, 0, 0, 0, 1], n),
        is_fragile=rng.choice([0, 0, 1], n),
    )
    size = rng.integers(1, 6, num_sets)
    start = np.r_[0, np.cumsum(size)]
    sets = ItemSets(start, rng.integers(0, n, start[-1]), rng.integers(1, 4, start[-1]))
    kinds = Cartons.of(
        [250, 200, 300, 400, 600],
        [200, 150, 200, 300, 400],
        [60, 80, 150, 250, 300],
        kind=[1, 0, 0, 0, 0],
        outer_length_mm=[255, 205, 305, 405, 605],
        outer_width_mm=[205, 155, 205, 305, 405],
        outer_height_mm=[65, 85, 155, 255, 305],
        tare_g=[10, 50, 90, 200, 300],
        max_weight_g=[1000, 3000, 8000, 15000, 20000],
        cost_cents=[10, 30, 50, 90, 150],
    )
    prices = Prices(Objective.COST, [0, 4], [500, 2000, 10000, 50000], [300, 450, 700, 1500], [5000], [1000], [100])
    return PackingProblem(items, sets, kinds, prices, Rules(**rules))


@pytest.mark.parametrize(
    "rules", [{}, {"support_share": 0.0}, {"support_share": 1.0, "split": Split.WHEN_CHEAPER}, {"centred_from_g": 500}]
)
def test_every_rule_holds_in_every_parcel(rules):
    problem = random_problem(1, **rules)
    solution = pack(problem)
    assert solution.violations(problem) == []
    assert solution.num_parcels > 0
    assert np.all(solution.set_bound <= solution.set_cost)


def test_threads_and_order_of_sets_change_nothing():
    problem = random_problem(2, num_sets=80)
    one, two = pack(problem, threads=1), pack(problem, threads=2)
    for field in dataclasses.fields(one):
        assert np.array_equal(getattr(one, field.name), getattr(two, field.name)), field.name
    sets = problem.sets
    turned = [np.arange(sets.set_start[s], sets.set_start[s + 1]) for s in range(sets.num_sets)][::-1]
    size = [len(rows) for rows in turned]
    rows = np.concatenate(turned)
    back = dataclasses.replace(
        problem, sets=ItemSets(np.r_[0, np.cumsum(size)], sets.entry_type[rows], sets.entry_quantity[rows])
    )
    assert np.array_equal(pack(back).set_cost[::-1], one.set_cost)


def test_an_item_that_fits_exactly_is_packed_and_proven():
    problem = one_set(ItemTypes.of([300], [200], [150], weight_g=[100]), [1])
    solution = pack(problem)
    assert solution.outcome(0).status is Status.OPTIMAL
    assert solution.parcel_carton.tolist() == [1]
    assert solution.parcel_weight_g.tolist() == [190]


def test_upright_items_stay_upright():
    tall = {"length_mm": [50], "width_mm": [50], "height_mm": [200]}
    assert pack(one_set(ItemTypes.of(**tall), [1])).parcel_carton.tolist() == [0]
    assert pack(one_set(ItemTypes.of(**tall, orientation=[UPRIGHT]), [1])).parcel_carton.tolist() == [2]


def test_padding_takes_room_on_every_side():
    padded = ItemTypes.of([200], [150], [80], padding_mm=[1])
    solution = pack(one_set(padded, [1]))
    assert solution.parcel_carton.tolist() == [1]
    assert sorted(solution.size_mm[0].tolist()) == [82, 152, 202]


def test_a_mailer_takes_length_plus_height():
    mailer = Cartons.of([250], [200], [60], kind=[1])
    fits = one_set(ItemTypes.of([200], [150], [50], orientation=[1]), [1], mailer)
    too_wide = one_set(ItemTypes.of([200], [151], [50], orientation=[1]), [1], mailer)
    assert pack(fits).num_parcels == 1
    assert pack(fits).billed_height_mm.tolist() == [50]
    assert pack(too_wide).unpacked_reason.tolist() == [Reason.TOO_LARGE]


def test_nothing_lies_on_an_item_that_carries_nothing():
    pillar = Cartons.of([100], [100], [100])
    items = ItemTypes.of([100, 100], [100, 100], [50, 50], weight_g=[10, 10], orientation=[3, 3])
    assert pack(one_set(items, [1, 1], pillar)).num_parcels == 1
    weak = dataclasses.replace(items, max_load_g=np.array([0, 0]))
    assert pack(one_set(weak, [1, 1], pillar)).num_parcels == 2
    one_weak = dataclasses.replace(items, max_load_g=np.array([0, 2**62]))
    solution = pack(one_set(one_weak, [1, 1], pillar))
    assert solution.placement_type.tolist() == [1, 0]


def test_fragile_lies_on_top():
    pillar = Cartons.of([100], [100], [150])
    items = ItemTypes.of([100, 100], [100, 100], [60, 50], weight_g=[10, 10], orientation=[3, 3], is_fragile=[1, 0])
    solution = pack(one_set(items, [1, 1], pillar, support_share=0.7))
    assert solution.placement_type.tolist() == [1, 0]


def test_load_is_passed_down_through_what_lies_between():
    pillar = Cartons.of([100], [100], [150])
    items = ItemTypes.of([100], [100], [50], weight_g=[10], orientation=[3], max_load_g=[19])
    assert pack(one_set(items, [3], pillar)).num_parcels == 2
    enough = dataclasses.replace(items, max_load_g=np.array([20]))
    assert pack(one_set(enough, [3], pillar)).num_parcels == 1


def test_hazard_classes_never_share_a_parcel():
    items = ItemTypes.of([50] * 3, [50] * 3, [50] * 3, hazard_class=[0, 1, 2])
    solution = pack(one_set(items, [1, 1, 1]))
    assert solution.num_parcels == 2
    assert solution.violations(one_set(items, [1, 1, 1])) == []


def test_what_ships_alone_gets_a_parcel_for_each_unit():
    items = ItemTypes.of([50, 50], [50, 50], [50, 50], ships_alone=[1, 0])
    assert pack(one_set(items, [2, 3])).num_parcels == 3


def test_packaging_asked_for_is_used_or_the_set_is_left():
    cartons = dataclasses.replace(CARTONS, packaging=np.array([0, 7, 7]))
    items = ItemTypes.of([50], [50], [50])
    gift = PackingProblem(items, ItemSets([0, 1, 2], [0, 0], [1, 1], packaging=[7, 8]), cartons)
    solution = pack(gift)
    assert solution.parcel_carton.tolist() == [1]
    assert solution.unpacked_reason.tolist() == [Reason.NO_CARTON]


def test_kept_together_means_one_parcel_or_none():
    items = ItemTypes.of([400], [300], [250])
    solution = pack(one_set(items, [2], split=Split.NEVER))
    assert solution.outcome(0).status is Status.INFEASIBLE
    assert solution.unpacked_reason.tolist() == [Reason.NOT_TOGETHER]
    assert pack(one_set(items, [2])).num_parcels == 2


def test_the_rest_of_a_set_is_packed_when_one_item_cannot_be():
    items = ItemTypes.of([900, 50, 50], [10, 50, 50], [10, 50, 50], weight_g=[1, 1, 10**6])
    solution = pack(one_set(items, [1, 2, 1]))
    assert solution.unpacked_entry.tolist() == [0, 2]
    assert solution.unpacked_reason.tolist() == [Reason.TOO_LARGE, Reason.TOO_HEAVY]
    assert solution.placement_type.tolist() == [1, 1]
    assert solution.outcome(0).status is Status.OPTIMAL


def test_a_million_copies_are_refused_and_empty_sets_pass():
    items = ItemTypes.of([50], [50], [50])
    problem = PackingProblem(items, ItemSets([0, 1, 1, 2], [0, 0], [10**6, 1]), CARTONS)
    solution = pack(problem)
    assert solution.unpacked_reason.tolist() == [Reason.TOO_MANY]
    assert solution.parcel_set.tolist() == [2]
    assert solution.violations(problem) == []


def test_bad_arrays_are_named():
    with pytest.raises(ValueError, match=r"length_mm\[1\] is 0"):
        ItemTypes.of([1, 0], [1, 1], [1, 1])
    with pytest.raises(ValueError, match="no cartons"):
        Cartons.of([], [], [])
    with pytest.raises(ValueError, match="entry_type"):
        PackingProblem(ItemTypes.of([1], [1], [1]), ItemSets([0, 1], [1], [1]), CARTONS)


def test_no_more_cartons_are_used_than_there_are():
    cartons = dataclasses.replace(CARTONS, on_hand=np.array([1, 2, 1]))
    items = ItemTypes.of([180], [140], [70], weight_g=[100])
    problem = PackingProblem(items, ItemSets(np.arange(7), np.zeros(6, int), np.ones(6, int)), cartons)
    solution = pack(problem)
    assert solution.parcel_carton.tolist() == [0, 1, 1, 2]
    assert solution.unpacked_reason.tolist() == [Reason.OUT_OF_CARTONS] * 2
    assert solution.set_bound[:4].tolist() == [30] * 4
    assert solution.outcome(1).status is Status.FEASIBLE
    assert solution.violations(problem) == []


def test_parcels_are_evened_out_by_weight_on_request():
    carton = Cartons.of([100], [100], [100])
    items = ItemTypes.of([100] * 3, [100] * 3, [25] * 3, weight_g=[900, 500, 100], orientation=[3] * 3)
    spread = {}
    for balance in (False, True):
        problem = one_set(items, [2, 2, 2], carton, balance_weights=balance)
        solution = pack(problem)
        assert solution.num_parcels == 2
        assert solution.violations(problem) == []
        spread[balance] = int(np.ptp(solution.parcel_weight_g))
    assert spread[True] <= spread[False]
    assert spread[True] == 0


def test_two_parcels_are_chosen_where_they_cost_less():
    cartons = Cartons.of([100, 100], [100, 100], [100, 200], cost_cents=[10, 50])
    items = ItemTypes.of([100], [100], [100])
    apart = pack(one_set(items, [2], cartons, split=Split.WHEN_CHEAPER))
    assert apart.parcel_carton.tolist() == [0, 0]
    assert apart.outcome(0).status is Status.OPTIMAL
    assert pack(one_set(items, [2], cartons)).parcel_carton.tolist() == [1]


def test_heavy_contents_lie_about_the_middle():
    carton = Cartons.of([400], [300], [100])
    items = ItemTypes.of([50], [50], [50], weight_g=[5000])
    problem = one_set(items, [1], carton, centred_from_g=1000)
    solution = pack(problem)
    assert solution.violations(problem) == []
    assert (solution.position_mm[0, :2] > 0).all()


def test_the_cheapest_partition_agrees_with_brute_force():
    rng = np.random.default_rng(3)
    for _ in range(40):
        n = int(rng.integers(2, 5))
        items = ItemTypes.of(*rng.integers(20, 60, (3, n)), weight_g=rng.integers(1, 50, n))
        cartons = Cartons.of(
            *rng.integers(40, 110, (3, 3)), cost_cents=rng.integers(5, 40, 3), max_weight_g=rng.integers(60, 200, 3)
        )
        quantity = rng.integers(1, 3, n)
        found = pack(one_set(items, quantity, cartons, split=Split.WHEN_CHEAPER))
        if found.unpacked_entry.size:
            continue
        units = tuple(np.repeat(np.arange(n), quantity).tolist())
        price = {}

        def one_parcel(part, items=items, cartons=cartons, price=price, n=n):
            if part not in price:
                count = np.bincount(part, minlength=n)
                kind = np.flatnonzero(count)
                sets = ItemSets([0, kind.size], kind, count[kind])
                rules = Rules(support_share=0.0, split=Split.NEVER)
                alone = pack(PackingProblem(items, sets, cartons, rules=rules))
                price[part] = int(alone.set_cost[0]) if alone.num_parcels else 10**9
            return price[part]

        def best(left, one_parcel=one_parcel):
            if not left:
                return 0
            options = {
                tuple(u for i, u in enumerate(left) if i == 0 or bits >> i & 1) for bits in range(0, 2 ** len(left), 2)
            }
            answers = []
            for part in options:
                rest = list(left)
                for u in part:
                    rest.remove(u)
                if one_parcel(part) < 10**9:
                    answers.append(one_parcel(part) + best(tuple(rest)))
            return min(answers)

        assert found.set_cost[0] == best(units)
        assert found.set_bound[0] <= found.set_cost[0]
