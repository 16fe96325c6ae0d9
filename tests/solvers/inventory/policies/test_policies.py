"""Policies and loss functions: the textbooks' worked answers, and brute force where there is none."""

import math

import numpy as np
import pytest

from solvers.inventory.policies.loss import Demand, normal_loss, poisson_loss
from solvers.inventory.policies.lots import (
    economic_order_quantity,
    economic_order_quantity_with_backorders,
    economic_order_units,
    lot_sizes,
    order_units,
)
from solvers.inventory.policies.policy import (
    base_stock,
    base_stock_for_fill_rate,
    best_order_up_to,
    best_reorder_policy,
    critical_ratio,
    fill_rate,
    newsvendor,
    newsvendor_normal,
    reorder_level_for_cycle_service,
    reorder_level_for_fill_rate,
    safety_stock,
)


def test_worked_answers():
    lot = economic_order_quantity(1300, order_cost=8, holding_cost=0.225)
    assert (round(lot.quantity, 4), round(lot.cost, 4)) == (304.0468, 68.4105)
    waiting = economic_order_quantity_with_backorders(1300, 8, 0.225, backorder_cost=5)
    assert round(waiting.quantity, 4) == 310.8126
    assert round(waiting.backordered_share, 7) == 0.0430622
    assert round(waiting.cost, 4) == 66.9214
    season = newsvendor_normal(50, 8, underage_cost=0.70, overage_cost=0.18)
    assert (round(season.level, 4), round(season.cost, 5)) == (56.6040, 1.99761)
    whole = newsvendor(Demand.poisson(6), underage_cost=4, overage_cost=1)
    assert (whole.level, round(whole.cost, 5)) == (8, 3.57011)
    policy = best_reorder_policy(Demand.poisson(1.5 * 2), 1.5, order_cost=100, holding_cost=20, backorder_cost=150)
    assert (policy.reorder_level, policy.quantity, round(policy.cost, 5)) == (3, 5, 107.92358)
    quantities, cost = lot_sizes([90, 120, 80, 70], order_cost=500, holding_cost=2)
    assert (quantities, cost) == ([210, 0, 150, 0], 1380)
    assert round(normal_loss(12, 10, 3), 6) == 0.453359
    assert round(poisson_loss(18, 15), 6) == 0.517610


def test_a_base_stock_is_the_newsvendor_of_the_demand_until_the_next_order_arrives():
    # Two units a period, two periods of lead time and one of review: the worked newsvendor with mean 6.
    level = base_stock(Demand.poisson(2).over(3), holding_cost=1, backorder_cost=4)
    assert (level.level, round(level.cost, 5)) == (8, 3.57011)
    demand = Demand.negative_binomial(2, 5)
    found = base_stock_for_fill_rate(demand.over(3), demand.over(4), 0.95)
    rng = np.random.default_rng(1)
    drawn = rng.choice(demand.probability.size, (200_000, 4), p=demand.probability)

    def served(level):
        owed = [np.maximum(drawn[:, :periods].sum(axis=1) - level, 0).mean() for periods in (3, 4)]
        return 1 - (owed[1] - owed[0]) / 2

    assert served(found) > 0.949
    assert served(found - 1) < 0.951
    assert served(found) - served(found - 1) > 0.005
    assert base_stock_for_fill_rate(demand.over(0), demand.over(1), 0.5) > 0


def test_a_random_lead_time_has_the_variance_of_the_textbook():
    daily, lead_time = Demand.negative_binomial(3, 8), Demand(np.array([0, 0, 0.2, 0.5, 0.2, 0.1]))
    found = daily.over_random(lead_time)
    assert found.mean == pytest.approx(3 * lead_time.mean)
    assert found.variance == pytest.approx(lead_time.mean * 8 + 3**2 * lead_time.variance, rel=1e-9)
    sure = daily.over_random(Demand(np.array([0, 0, 1.0]))).probability
    assert sure[:20] == pytest.approx(daily.over(2).probability[:20], abs=1e-12)


def test_orders_come_in_packs_and_not_below_the_minimum():
    assert [order_units(needed, minimum=10, pack=6) for needed in (-3, 0, 1, 12, 13)] == [0, 0, 12, 12, 18]
    for minimum, pack in ((1, 1), (1, 24), (400, 1), (290, 100), (1, 500)):
        found = economic_order_units(1300, 8, 0.225, minimum=minimum, pack=pack)
        allowed = [units for units in range(pack, 2_000, pack) if units >= minimum]
        costs = {units: 8 * 1300 / units + 0.225 * units / 2 for units in allowed}
        assert found.quantity == min(costs, key=costs.get)
        assert found.cost == pytest.approx(min(costs.values()))
    assert economic_order_units(1300, 8, 0.225).quantity == 304


@pytest.mark.parametrize(
    ("mean", "lower", "upper", "cost"), [(10, 6, 40, 35.022), (20, 14, 62, 49.173), (25, 19, 56, 54.262)]
)
def test_order_up_to_policies_agree_with_a_search_over_all(mean, lower, upper, cost):
    found = best_order_up_to(Demand.poisson(mean), 0, order_cost=64, holding_cost=1, backorder_cost=9)
    assert (found.lower, found.upper, round(found.cost, 3)) == (lower, upper, cost)


def cycle_cost(demand, lower, upper, order_cost, holding_cost, backorder_cost):
    """Mean cost of an (s, S) policy from the stationary distribution of its Markov chain, without lead time."""
    levels = np.arange(lower + 1, upper + 1)
    step = np.zeros((levels.size, levels.size))
    orders = np.zeros(levels.size)
    for i, position in enumerate(levels):
        for units, chance in enumerate(demand.probability):
            after = position - units
            if after <= lower:
                step[i, -1] += chance
                orders[i] += chance
            else:
                step[i, after - lower - 1] += chance
    system = np.vstack([step.T - np.eye(levels.size), np.ones(levels.size)])
    share = np.linalg.lstsq(system, np.append(np.zeros(levels.size), 1), rcond=None)[0]
    held = [holding_cost * demand.left_over(int(x)) + backorder_cost * demand.loss(int(x)) for x in levels]
    return float(share @ (order_cost * orders + held))


def test_no_other_order_up_to_policy_is_cheaper():
    demand = Demand.negative_binomial(3, 7)
    found = best_order_up_to(demand, 0, order_cost=12, holding_cost=1, backorder_cost=6)
    every = {
        (lower, upper): cycle_cost(demand, lower, upper, 12, 1, 6)
        for lower in range(-3, 9)
        for upper in range(lower + 1, 22)
    }
    assert min(every.values()) == pytest.approx(found.cost, rel=1e-9)
    assert every[found.lower, found.upper] == pytest.approx(found.cost, rel=1e-9)


def test_no_other_reorder_policy_is_cheaper():
    demand = Demand.poisson(4)

    def cost(level, quantity):
        positions = range(level + 1, level + quantity + 1)
        held = sum(3 * demand.left_over(one) + 20 * demand.loss(one) for one in positions)
        return (30 * 2 + held) / quantity

    found = best_reorder_policy(demand, 2, order_cost=30, holding_cost=3, backorder_cost=20)
    assert found.cost == pytest.approx(cost(found.reorder_level, found.quantity))
    assert found.cost == pytest.approx(min(cost(r, q) for r in range(-3, 15) for q in range(1, 25)))


def test_no_other_plan_of_lots_is_cheaper():
    rng = np.random.default_rng(3)
    for _ in range(20):
        demand = rng.integers(0, 60, 6).tolist()
        quantities, cost = lot_sizes(demand, 50, 1)
        assert sum(quantities) == sum(demand)
        least = math.inf
        for pattern in range(2**6):
            total, stock = 0.0, None
            for period in range(6):
                if pattern >> period & 1:
                    total, stock = total + 50, period
                elif stock is None and demand[period]:
                    total = math.inf
                    break
                total += (period - stock) * demand[period] if stock is not None else 0
            least = min(least, total)
        assert cost == least


def test_service_levels_are_the_smallest_that_keep_the_promise():
    demand = Demand.negative_binomial(12, 40)
    level = reorder_level_for_fill_rate(demand, quantity=15, service=0.97)
    assert fill_rate(demand, level, 15) >= 0.97 > fill_rate(demand, level - 1, 15)
    cycle = reorder_level_for_cycle_service(demand, 0.95)
    assert demand.cdf(cycle) >= 0.95 > demand.cdf(cycle - 1)
    assert safety_stock(0.95, 100, 30, 4, 0) == pytest.approx(1.644854 * 60, rel=1e-6)
    assert safety_stock(0.5, 100, 30, 4, 2) == pytest.approx(0, abs=1e-9)
    assert safety_stock(0.95, 100, 0, 4, 2) == pytest.approx(1.644854 * 200, rel=1e-6)


@pytest.mark.parametrize("demand", [Demand.poisson(0), Demand.poisson(7.3), Demand.negative_binomial(4, 19)])
def test_distributions_keep_their_moments_when_added(demand):
    rng = np.random.default_rng(0)
    assert demand.probability.sum() == pytest.approx(1)
    three = demand.over(3)
    assert three.mean == pytest.approx(3 * demand.mean, abs=1e-9)
    assert three.variance == pytest.approx(3 * demand.variance, rel=1e-6, abs=1e-9)
    assert demand.over(0).probability.tolist() == [1]
    drawn = rng.choice(demand.probability.size, 40_000, p=demand.probability)
    assert demand.loss(5) == pytest.approx(np.maximum(drawn - 5, 0).mean(), abs=0.15)
    assert demand.left_over(5) == pytest.approx(5 - demand.mean + demand.loss(5))
    assert demand.cdf(-1) == 0


def test_a_narrow_variance_is_poisson():
    assert np.array_equal(Demand.negative_binomial(5, 4).probability, Demand.poisson(5).probability)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: economic_order_quantity(0, 1, 1), "demand must be a finite number above 0"),
        (lambda: critical_ratio(0, 0), "nor both 0"),
        (lambda: Demand(np.array([0.5, 0.4])), "must add up to 1"),
        (lambda: Demand(np.array([1.5, -0.5])), "from 0 upwards"),
        (lambda: Demand.poisson(-1), "mean must be"),
        (lambda: Demand.poisson(1).over(-1), "periods"),
        (lambda: lot_sizes([-1], 1, 1), "must not be negative"),
        (lambda: fill_rate(Demand.poisson(1), 1, 0), "at least 1"),
        (lambda: order_units(1, pack=0), "minimum and pack"),
        (lambda: base_stock_for_fill_rate(Demand.poisson(1), Demand.poisson(1), 0.9), "in a review period"),
        (lambda: safety_stock(1, 1, 1, 1), "strictly between"),
        (lambda: reorder_level_for_cycle_service(Demand.poisson(1), 0), "strictly between"),
        (lambda: normal_loss(1, 1, -1), "deviation"),
        (lambda: best_order_up_to(Demand.poisson(0), 0, 1, 1, 1), "always be zero"),
    ],
)
def test_values_out_of_range_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
