"""Simulated policies keep what they promise, on days that were not seen when they were chosen."""

import numpy as np
import pytest

from solvers.inventory.policies.loss import Demand
from solvers.inventory.policies.simulate import StockPolicy, draw_days, policy_for_fill_rate, simulate_policy

SOON_OR_LATE = Demand(np.bincount([5, 20], [0.8, 0.2]))


def plain(policy, demand, waits, warm_up):
    """The same day by day, orders as a plain list."""
    stock, orders, wanted, sold, held = policy.upper, [], 0, 0, 0
    for day, units in enumerate(demand.tolist()):
        stock += sum(quantity for arrives, quantity in orders if arrives == day)
        served = min(units, stock)
        stock -= served
        if day >= warm_up:
            wanted, sold, held = wanted + units, sold + served, held + stock
        position = stock + sum(quantity for arrives, quantity in orders if arrives > day)
        if day % policy.review_days == 0 and position <= policy.lower:
            quantity = -(-(policy.upper - position) // policy.lot) * policy.lot
            orders.append((day + 1 + int(waits[len(orders) % waits.size]), quantity))
    return sold / wanted, held / (demand.size - warm_up)


@pytest.mark.parametrize("policy", [StockPolicy(7, 20), StockPolicy(3, 4), StockPolicy(12, 30, lot=6, review_days=7)])
def test_agrees_with_a_plain_walk(policy):
    demand, waits = draw_days(Demand.negative_binomial(2, 5), Demand.poisson(4), 1_500, seed=3)
    found = simulate_policy(policy, demand, waits, warm_up=50)
    assert (found.fill_rate, found.mean_stock) == plain(policy, demand, waits, 50)


@pytest.mark.parametrize("target", [0.9, 0.95, 0.99])
@pytest.mark.parametrize(
    ("demand", "lead_time", "quantity", "review_days"),
    [
        (Demand.poisson(6), Demand.poisson(5), 60, 1),
        (Demand.negative_binomial(10, 60), Demand(np.array([0, 0, 0, 0.2, 0.3, 0.3, 0.2])), 80, 1),
        (Demand.negative_binomial(4, 9), Demand.poisson(9), 30, 7),
        (Demand.poisson(6), SOON_OR_LATE, 60, 1),
        (Demand.poisson(0.3), Demand.poisson(5), 6, 1),
        (Demand.negative_binomial(2, 20), SOON_OR_LATE, 30, 1),
    ],
)
def test_fill_rate_is_within_half_a_point_on_other_days(target, demand, lead_time, quantity, review_days):
    policy = policy_for_fill_rate(demand, lead_time, target, quantity=quantity, review_days=review_days)
    found = simulate_policy(policy, *draw_days(demand, lead_time, 200_000, seed=99))
    assert quantity / 2 <= policy.upper - policy.lower <= 2 * quantity
    assert abs(found.fill_rate - target) < 0.005
    assert found.mean_stock > 0
    assert found.orders_per_day > 0


def test_the_level_is_the_lowest_that_keeps_the_promise():
    demand, lead_time = Demand.poisson(3), Demand.poisson(4)
    policy = policy_for_fill_rate(demand, lead_time, 0.95, quantity=10, seed=1)
    days = draw_days(demand, lead_time, 120_000, seed=1)
    below = StockPolicy(policy.lower - 1, policy.upper - 1)
    assert simulate_policy(policy, *days).fill_rate >= 0.95 > simulate_policy(below, *days).fill_rate


def test_values_out_of_range_are_named():
    with pytest.raises(ValueError, match="lower must lie"):
        StockPolicy(5, 5)
    with pytest.raises(ValueError, match="lot and review_days"):
        StockPolicy(1, 5, lot=0)
    with pytest.raises(ValueError, match="fill_rate must lie"):
        policy_for_fill_rate(Demand.poisson(1), Demand.poisson(1), 1.0, quantity=3)
    with pytest.raises(ValueError, match="quantity must"):
        policy_for_fill_rate(Demand.poisson(1), Demand.poisson(1), 0.9, quantity=0)
    with pytest.raises(ValueError, match="days after"):
        simulate_policy(StockPolicy(1, 2), np.zeros(5, np.int64), np.ones(1, np.int64))
    with pytest.raises(ValueError, match="negative"):
        simulate_policy(StockPolicy(1, 2), np.full(5, -1), np.ones(1, np.int64), warm_up=0)


def test_days_drawn_hold_every_outcome_as_often_as_it_should_be():
    wanted, waits = draw_days(Demand.poisson(2), SOON_OR_LATE, 512 * 40, seed=5)
    assert wanted.mean() == pytest.approx(2, abs=0.01)
    assert np.mean(waits == 20) == pytest.approx(0.2, abs=0.001)
    assert abs(np.corrcoef(wanted[1:], wanted[:-1])[0, 1]) < 0.02
