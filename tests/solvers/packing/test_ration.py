from __future__ import annotations

from itertools import combinations

import numpy as np

from solvers.packing.cartons import Cartons
from solvers.packing.items import ItemSets, ItemTypes
from solvers.packing.problem import PackingProblem, Rules
from solvers.packing.solution import Reason
from solvers.packing.solve import pack


def problem_of(items, cartons, kinds):
    sets = ItemSets(np.arange(len(kinds) + 1), kinds, np.ones(len(kinds), int))
    return PackingProblem(items, sets, cartons, rules=Rules(support_share=0.0))


def test_a_scarce_carton_goes_to_those_who_pay_most_for_doing_without_it():
    # The long item needs the dear carton when the scarce one is gone, the short item the cheap one.
    items = ItemTypes.of([100, 200], [100, 100], [50, 50])
    cartons = Cartons.of([110, 220, 400], [110, 110, 400], [60, 60, 400], cost_cents=[12, 10, 90], on_hand=[9, 2, 9])
    problem = problem_of(items, cartons, [0, 0, 1, 1])
    solution = pack(problem)
    assert solution.violations(problem) == []
    assert solution.parcel_carton.tolist() == [0, 0, 1, 1]
    assert solution.set_cost.sum() == 44
    assert solution.set_bound.tolist() == [10] * 4


def test_one_scarce_carton_is_shared_out_at_the_least_cost():
    rng = np.random.default_rng(8)
    for _ in range(12):
        n = 6
        items = ItemTypes.of(*rng.integers(20, 100, (3, n)))
        cartons = Cartons.of(
            [100, 110, 120, 130], [100, 110, 120, 130], [100, 110, 120, 130],
            cost_cents=[5, *sorted(rng.integers(6, 60, 3))], on_hand=[2, 99, 99, 99],
        )  # fmt: skip
        free = pack(problem_of(items, Cartons.of(*[[100, 110, 120, 130]] * 3, cost_cents=cartons.cost_cents), range(n)))
        dear = pack(problem_of(items, Cartons.of(*[[110, 120, 130]] * 3, cost_cents=cartons.cost_cents[1:]), range(n)))
        cheapest = min(
            sum(free.set_cost[s] if s in taken else dear.set_cost[s] for s in range(n))
            for taken in combinations(range(n), 2)
        )
        problem = problem_of(items, cartons, range(n))
        found = pack(problem)
        assert found.violations(problem) == []
        assert found.set_cost.sum() == cheapest


def test_who_finds_no_other_carton_comes_first():
    items = ItemTypes.of([100, 200], [100, 100], [50, 50])
    cartons = Cartons.of([220, 110], [110, 110], [60, 60], cost_cents=[10, 500], on_hand=[1, 9])
    solution = pack(problem_of(items, cartons, [0, 1, 1]))
    assert solution.parcel_set.tolist() == [0, 1]
    assert solution.parcel_carton.tolist() == [1, 0]
    assert solution.unpacked_reason.tolist() == [Reason.OUT_OF_CARTONS]


def test_what_is_given_up_and_left_over_goes_back():
    # The pair takes both scarce cartons, one of each; it loses the second and so gives up the first, which the single lost.
    items = ItemTypes.of([100, 60, 40], [100, 100, 100], [100, 100, 100])
    cartons = Cartons.of([100, 60, 150], [100, 100, 150], [100, 100, 150], cost_cents=[20, 1, 100], on_hand=[1, 1, 99])
    sets = ItemSets([0, 2, 3, 4], [0, 1, 0, 1], [1, 1, 1, 1])
    problem = PackingProblem(items, sets, cartons, rules=Rules(support_share=0.0))
    solution = pack(problem)
    assert solution.violations(problem) == []
    used = np.bincount(solution.parcel_carton, minlength=3)
    assert used[:2].tolist() == [1, 1]


def test_the_order_of_the_sets_does_not_change_what_scarce_cartons_cost():
    rng = np.random.default_rng(9)
    items = ItemTypes.of(*rng.integers(20, 130, (3, 12)))
    cartons = Cartons.of(*[[70, 100, 130, 150]] * 3, cost_cents=[5, 9, 20, 50], on_hand=[2, 3, 4, 99])
    kinds = np.arange(12)
    one, other = pack(problem_of(items, cartons, kinds)), pack(problem_of(items, cartons, kinds[::-1]))
    assert one.set_cost.sum() == other.set_cost.sum()
    two = pack(problem_of(items, cartons, kinds), threads=2)
    assert np.array_equal(one.parcel_carton, two.parcel_carton)


def test_a_set_that_needs_more_cartons_than_there_are_gets_those_there_are():
    items = ItemTypes.of([100], [100], [100], weight_g=[10])
    cartons = Cartons.of([100], [100], [100], cost_cents=[7], on_hand=[2])
    problem = PackingProblem(items, ItemSets([0, 2], [0, 0], [1, 2]), cartons, rules=Rules(support_share=0.0))
    solution = pack(problem)
    assert solution.violations(problem) == []
    assert solution.num_parcels == 2
    assert solution.set_cost.tolist() == [14]
    assert solution.unpacked_quantity.sum() == 1
    assert set(solution.unpacked_reason.tolist()) == {Reason.OUT_OF_CARTONS}


def test_every_rule_holds_when_several_cartons_are_scarce():
    rng = np.random.default_rng(11)
    for _ in range(4):
        items = ItemTypes.of(*rng.integers(30, 130, (3, 10)), weight_g=rng.integers(10, 900, 10))
        cartons = Cartons.of(
            *[[70, 100, 130, 150]] * 3, cost_cents=[5, 9, 20, 50], on_hand=rng.integers(0, 8, 4),
            max_weight_g=[900, 1500, 2500, 3000],
        )  # fmt: skip
        size = rng.integers(1, 5, 14)
        start = np.r_[0, np.cumsum(size)]
        sets = ItemSets(start, rng.integers(0, 10, start[-1]), rng.integers(1, 4, start[-1]))
        problem = PackingProblem(items, sets, cartons, rules=Rules(support_share=0.7))
        solution = pack(problem, tries=12, node_limit=500)
        assert solution.violations(problem) == []
        assert Reason.OUT_OF_CARTONS in solution.unpacked_reason
