"""Classes at their limits, and lost sales that never invent more than the days with stock show."""

import numpy as np
import pytest

from solvers.inventory.classes import (
    DemandPattern,
    SteadinessClass,
    ValueClass,
    demand_patterns,
    steadiness_classes,
    value_classes,
)
from solvers.inventory.demand.lost import lost_sales


def test_value_classes_follow_the_share_of_cost():
    found = value_classes([500, 300, 100, 60, 30, 10, 0])
    assert [ValueClass(one).name for one in found] == ["A", "A", "B", "B", "C", "C", "C"]
    assert value_classes([1_000, 1]).tolist() == [ValueClass.A, ValueClass.C]
    assert value_classes([0, -5]).tolist() == [ValueClass.C, ValueClass.C]
    assert value_classes([]).size == 0


def test_value_classes_do_not_depend_on_order():
    rng = np.random.default_rng(0)
    cost = rng.permutation(np.arange(1, 300) ** 2)
    mixed = rng.permutation(cost.size)
    assert np.array_equal(value_classes(cost)[mixed], value_classes(cost[mixed]))


def test_steadiness_follows_the_variation_of_weeks():
    weekly = np.array([[10, 11, 9, 10], [10, 20, 0, 10], [0, 0, 0, 9], [0, 0, 0, 0]])
    found = steadiness_classes(weekly)
    assert [SteadinessClass(one).name for one in found] == ["X", "Y", "Z", "Z"]


def test_patterns_follow_interval_and_size():
    demand = np.array([[3] * 8, [0, 3, 0, 0, 3, 0, 0, 3], [1, 9, 1, 1, 1, 1, 1, 9], [0, 1, 0, 0, 9, 0, 0, 1], [0] * 8])
    found = demand_patterns(demand)
    assert [DemandPattern(one).name for one in found] == ["SMOOTH", "INTERMITTENT", "ERRATIC", "LUMPY", "NONE"]


def test_lost_sales_take_the_same_weekday():
    sales = np.tile([1, 1, 1, 1, 1, 9, 0], 6)[None, :].astype(np.int32)
    could = np.ones(sales.shape, bool)
    could[0, 14:21] = False
    sales[0, 14:21] = 0
    found = lost_sales(sales, could)
    assert found[0, 14:21].tolist() == [1, 1, 1, 1, 1, 9, 0]
    assert found.sum() == 14


def test_nothing_is_lost_on_days_with_stock_nor_below_nothing():
    rng = np.random.default_rng(1)
    sales = rng.poisson(2, (30, 90)).astype(np.int32)
    could = rng.random((30, 90)) < 0.6
    found = lost_sales(sales, could)
    assert np.all(found >= 0)
    assert np.all(found[could] == 0)
    never = lost_sales(np.zeros((1, 20), np.int32), np.zeros((1, 20), bool))
    assert never.sum() == 0


def test_what_is_lost_is_found_again():
    rng = np.random.default_rng(2)
    demand = rng.poisson(3, (400, 120)).astype(np.int32)
    could = np.ones(demand.shape, bool)
    could[:, 50:62] = False
    sold = np.where(could, demand, 0).astype(np.int32)
    assert lost_sales(sold, could).sum() == pytest.approx(demand[:, 50:62].sum(), rel=0.03)


def test_shapes_must_agree():
    with pytest.raises(ValueError, match="one shape"):
        lost_sales(np.zeros((1, 2), np.int32), np.zeros((2, 1), bool))
