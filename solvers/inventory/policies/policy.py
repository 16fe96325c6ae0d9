"""When to order and up to what level: by cost, or by a promise of service.

References
----------
Snyder and Shen, *Fundamentals of Supply Chain Theory*; Silver, Pyke and Thomas, *Inventory and Production Management in
Supply Chains*; Federgruen and Zheng (1992) for (r, Q); Zheng and Federgruen (1991) for (s, S).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from solvers.inventory.policies.loss import Demand, normal_loss
from solvers.inventory.policies.lots import check_positive


@dataclass(frozen=True, slots=True)
class Level:
    """A stock level to order up to, and its expected cost."""

    level: float
    cost: float


@dataclass(frozen=True, slots=True)
class ReorderPolicy:
    """Order `quantity` whenever the inventory position falls to `reorder_level`."""

    reorder_level: int
    quantity: int
    cost: float


@dataclass(frozen=True, slots=True)
class OrderUpTo:
    """Order up to `upper` whenever the inventory position is at or below `lower` at a review."""

    lower: int
    upper: int
    cost: float


def critical_ratio(underage_cost: float, overage_cost: float) -> float:
    """Give the share of demand outcomes that the best stock level covers.

    Raises
    ------
    ValueError
        When a cost is negative or both are zero.
    """
    if underage_cost < 0 or overage_cost < 0 or underage_cost + overage_cost <= 0:
        raise ValueError(f"costs must not be negative nor both 0; they are {underage_cost} and {overage_cost}.")
    return underage_cost / (underage_cost + overage_cost)


def newsvendor_normal(mean: float, deviation: float, underage_cost: float, overage_cost: float) -> Level:
    """Give the best stock for one season of normal demand.

    Raises
    ------
    ValueError
        When a cost or the deviation is not above zero.
    """
    check_positive(underage_cost=underage_cost, overage_cost=overage_cost, deviation=deviation)
    level = mean + NormalDist().inv_cdf(critical_ratio(underage_cost, overage_cost)) * deviation
    short = normal_loss(level, mean, deviation)
    return Level(level, overage_cost * (level - mean + short) + underage_cost * short)


def newsvendor(demand: Demand, underage_cost: float, overage_cost: float) -> Level:
    """Give the best stock for one season of whole units.

    Raises
    ------
    ValueError
        When a cost is negative or both are zero.
    """
    level = demand.quantile(critical_ratio(underage_cost, overage_cost))
    return Level(level, overage_cost * demand.left_over(level) + underage_cost * demand.loss(level))


def base_stock(demand: Demand, holding_cost: float, backorder_cost: float) -> Level:
    """Give the level to order up to at every review, where an order costs nothing of its own.

    It is the newsvendor's of the demand until the next order arrives; see `base_stock_for_fill_rate` for a promise, and
    `reorder_level_for_cycle_service`, which is the same level for the other.

    Parameters
    ----------
    demand
        Demand over lead time and review period: `Demand.over`, or `Demand.over_random` where the lead time varies.
    holding_cost, backorder_cost
        Cost of a unit held or owed at the end of a period.

    Raises
    ------
    ValueError
        When a cost is negative or both are zero.
    """
    return newsvendor(demand, backorder_cost, holding_cost)


def base_stock_for_fill_rate(lead_demand: Demand, cover_demand: Demand, service: float) -> int:
    """Give the smallest order-up-to level from 0 up with at least this fill rate, what is short waiting.

    Of the demand of a review period, what is owed at its end and was not owed at its beginning is not served.

    Parameters
    ----------
    lead_demand
        Demand over the lead time, before the review period that an order has to serve.
    cover_demand
        Demand over lead time and review period.
    service
        Share of demand to serve from the shelf.

    Raises
    ------
    ValueError
        When the service is not strictly between 0 and 1, or no demand comes in a review period.
    """
    _check_service(service)
    period = cover_demand.mean - lead_demand.mean
    if period <= 0:
        raise ValueError(f"demand must come in a review period; its mean is {period}.")
    low, high = -1, cover_demand.probability.size
    while high - low > 1:
        middle = (low + high) // 2
        if 1 - (cover_demand.loss(middle) - lead_demand.loss(middle)) / period >= service:
            high = middle
        else:
            low = middle
    return high


def safety_stock(
    service: float, demand: float, demand_deviation: float, lead_time: float, lead_time_deviation: float = 0.0
) -> float:
    """Give the safety stock for a cycle service, demand normal and lead time varying.

    Parameters
    ----------
    service
        Probability of no stock-out in a replenishment cycle.
    demand, demand_deviation
        Mean and standard deviation of demand in a unit of time.
    lead_time, lead_time_deviation
        Mean and standard deviation of the lead time, in the same unit.

    Raises
    ------
    ValueError
        When the service is not strictly between 0 and 1.
    """
    if not 0 < service < 1:
        raise ValueError(f"service must lie strictly between 0 and 1; it is {service}.")
    variance = lead_time * demand_deviation**2 + demand**2 * lead_time_deviation**2
    return NormalDist().inv_cdf(service) * math.sqrt(variance)


def fill_rate(demand: Demand, reorder_level: int, quantity: int) -> float:
    """Give the share of demand served from the shelf (beta) by an (r, Q) policy with backorders.

    Parameters
    ----------
    demand
        Demand over the lead time.
    reorder_level, quantity
        The policy.

    Raises
    ------
    ValueError
        When the quantity is below one.
    """
    if quantity < 1:
        raise ValueError(f"quantity must be at least 1; it is {quantity}.")
    return 1 - (demand.loss(reorder_level) - demand.loss(reorder_level + quantity)) / quantity


def reorder_level_for_cycle_service(demand: Demand, service: float) -> int:
    """Give the smallest reorder level with at least this probability of no stock-out in a cycle (alpha).

    Raises
    ------
    ValueError
        When the service is not strictly between 0 and 1.
    """
    _check_service(service)
    return demand.quantile(service)


def reorder_level_for_fill_rate(demand: Demand, quantity: int, service: float) -> int:
    """Give the smallest reorder level from 0 up with at least this fill rate (beta).

    Raises
    ------
    ValueError
        When the service is not strictly between 0 and 1, or the quantity below one.
    """
    _check_service(service)
    low, high = -1, demand.probability.size
    while high - low > 1:
        middle = (low + high) // 2
        if fill_rate(demand, middle, quantity) >= service:
            high = middle
        else:
            low = middle
    return high


def _check_service(service: float) -> None:
    if not 0 < service < 1:
        raise ValueError(f"service must lie strictly between 0 and 1; it is {service}.")


def best_reorder_policy(
    demand: Demand, rate: float, order_cost: float, holding_cost: float, backorder_cost: float
) -> ReorderPolicy:
    """Give the (r, Q) policy of least cost, exact for unit demands in continuous review.

    The cost is that of the inventory positions r+1 to r+Q, each as likely; the best Q positions stand together around
    the best one, so they are taken in order of cost until the next would raise the mean (Federgruen and Zheng, 1992).

    Parameters
    ----------
    demand
        Demand over the lead time.
    rate
        Mean demand a unit of time.
    order_cost
        Cost of an order.
    holding_cost, backorder_cost
        Cost of a unit held or owed for a unit of time.

    Raises
    ------
    ValueError
        When a value is not above zero.
    """
    check_positive(rate=rate, order_cost=order_cost, holding_cost=holding_cost, backorder_cost=backorder_cost)

    def cost(position: int) -> float:
        return holding_cost * demand.left_over(position) + backorder_cost * demand.loss(position)

    low = high = demand.quantile(critical_ratio(backorder_cost, holding_cost))
    total = order_cost * rate + cost(low)
    quantity = 1
    while True:
        below, above = cost(low - 1), cost(high + 1)
        if min(below, above) >= total / quantity:
            return ReorderPolicy(low - 1, quantity, total / quantity)
        if below <= above:
            low -= 1
        else:
            high += 1
        total += min(below, above)
        quantity += 1


def best_order_up_to(
    demand: Demand, lead_time: int, order_cost: float, holding_cost: float, backorder_cost: float
) -> OrderUpTo:
    """Give the (s, S) policy of least mean cost under periodic review, by Zheng and Federgruen (1991).

    Parameters
    ----------
    demand
        Demand of one review period, independent from period to period, not always zero.
    lead_time
        Whole periods between an order and its arrival.
    order_cost
        Cost of an order.
    holding_cost, backorder_cost
        Cost of a unit held or owed at the end of a period.

    Raises
    ------
    ValueError
        When a cost is not above zero, or there is no demand.
    """
    check_positive(order_cost=order_cost, holding_cost=holding_cost, backorder_cost=backorder_cost)
    if demand.probability[0] >= 1:
        raise ValueError("demand must not always be zero.")
    until_cover = demand.over(lead_time + 1)
    cache: dict[int, float] = {}

    def cost(position: int) -> float:
        if position not in cache:
            cache[position] = holding_cost * until_cover.left_over(position) + backorder_cost * until_cover.loss(
                position
            )
        return cache[position]

    renewal = _Renewal(demand)

    def mean_cost(lower: int, upper: int) -> float:
        reach = upper - lower
        visits = renewal.visits(reach)
        held = sum(float(visits[j]) * cost(upper - j) for j in range(reach))
        return (order_cost + held) / float(visits.sum())

    best_position = until_cover.quantile(critical_ratio(backorder_cost, holding_cost))
    lower, upper = best_position - 1, best_position
    while mean_cost(lower, upper) > cost(lower):
        lower -= 1
    best = mean_cost(lower, upper)
    tried = upper + 1
    while cost(tried) <= best:
        if mean_cost(lower, tried) < best:
            upper = tried
            while mean_cost(lower, upper) <= cost(lower + 1):
                lower += 1
            best = mean_cost(lower, upper)
        tried += 1
    return OrderUpTo(lower, upper, best)


class _Renewal:
    """Expected visits of each distance below the order-up-to level within a cycle."""

    def __init__(self, demand: Demand) -> None:
        self._probability = demand.probability
        self._visits = [1 / (1 - float(demand.probability[0]))]

    def visits(self, reach: int) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        chance = self._probability
        while len(self._visits) < reach:
            at = len(self._visits)
            most = min(at, chance.size - 1)
            fresh = sum(float(chance[step]) * self._visits[at - step] for step in range(1, most + 1))
            self._visits.append(fresh / (1 - float(chance[0])))
        return np.array(self._visits[:reach])
