"""How much to order: the economic order quantity, its packs and minimum, and lot sizes for known demand.

References
----------
Snyder and Shen, *Fundamentals of Supply Chain Theory*; Wagner and Whitin (1958).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Lot:
    """An order quantity and its cost a unit of time; `backordered_share` of demand waits."""

    quantity: float
    cost: float
    backordered_share: float = 0.0


def check_positive(**values: float) -> None:
    """Refuse values that are not finite numbers above zero, by name.

    Raises
    ------
    ValueError
        When one is not.
    """
    for name, value in values.items():
        if not 0 < value < math.inf:
            raise ValueError(f"{name} must be a finite number above 0; it is {value}.")


def economic_order_quantity(demand: float, order_cost: float, holding_cost: float) -> Lot:
    """Give the order quantity that balances ordering and holding.

    Parameters
    ----------
    demand
        Units a unit of time.
    order_cost
        Cost of an order.
    holding_cost
        Cost of holding a unit for a unit of time.

    Raises
    ------
    ValueError
        When a value is not above zero.
    """
    check_positive(demand=demand, order_cost=order_cost, holding_cost=holding_cost)
    quantity = math.sqrt(2 * order_cost * demand / holding_cost)
    return Lot(quantity, math.sqrt(2 * order_cost * demand * holding_cost))


def economic_order_quantity_with_backorders(
    demand: float, order_cost: float, holding_cost: float, backorder_cost: float
) -> Lot:
    """Give the order quantity where demand may wait at a cost a unit and unit of time.

    Raises
    ------
    ValueError
        When a value is not above zero.
    """
    check_positive(backorder_cost=backorder_cost)
    plain = economic_order_quantity(demand, order_cost, holding_cost)
    both = holding_cost + backorder_cost
    factor = math.sqrt(both / backorder_cost)
    return Lot(plain.quantity * factor, plain.cost / factor, holding_cost / both)


def order_units(needed: int, *, minimum: int = 1, pack: int = 1) -> int:
    """Give the fewest units that may be ordered to cover a need: whole packs, no fewer than the minimum; 0 for no need.

    Raises
    ------
    ValueError
        When minimum or pack are below one.
    """
    if minimum < 1 or pack < 1:
        raise ValueError(f"minimum and pack must be at least 1; they are {minimum} and {pack}.")
    return -(-max(needed, minimum) // pack) * pack if needed > 0 else 0


def economic_order_units(
    demand: float, order_cost: float, holding_cost: float, *, minimum: int = 1, pack: int = 1
) -> Lot:
    """Give the order quantity of least cost among those that may be ordered: whole packs, no fewer than the minimum.

    Cost is convex in the quantity, so that the best stands next to the economic order quantity on either side, or is the
    least allowed.

    Parameters
    ----------
    demand, order_cost, holding_cost
        As in `economic_order_quantity`.
    minimum, pack
        Fewest units of an order, and what they come in.

    Raises
    ------
    ValueError
        When a value is not above zero, or minimum or pack are below one.
    """
    free = economic_order_quantity(demand, order_cost, holding_cost).quantity
    least = order_units(1, minimum=minimum, pack=pack)
    near = {max(least, int(free // pack) * pack), max(least, (int(free // pack) + 1) * pack)}
    lots = [Lot(float(units), order_cost * demand / units + holding_cost * units / 2) for units in sorted(near)]
    return min(lots, key=lambda one: one.cost)


def lot_sizes(demand: Sequence[float], order_cost: float, holding_cost: float) -> tuple[list[float], float]:
    """Give order quantities of least cost for known demand of successive periods (Wagner and Whitin, 1958).

    Parameters
    ----------
    demand
        Units of each period, not negative.
    order_cost
        Cost of an order.
    holding_cost
        Cost of carrying a unit from one period to the next.

    Returns
    -------
        Units to order in each period, and the cost.

    Raises
    ------
    ValueError
        When a demand is negative.
    """
    periods = len(demand)
    if any(one < 0 for one in demand):
        raise ValueError(f"demand must not be negative; the least is {min(demand)}.")
    least = [0.0] + [math.inf] * periods
    ordered_in = [0] * (periods + 1)
    for first in range(periods):
        carried = units = 0.0
        for last in range(first, periods):
            units += demand[last]
            carried += holding_cost * (last - first) * demand[last]
            total = least[first] + (order_cost if units > 0 else 0.0) + carried
            if total < least[last + 1]:
                least[last + 1], ordered_in[last + 1] = total, first
    quantity = [0.0] * periods
    until = periods
    while until > 0:
        first = ordered_in[until]
        quantity[first] = float(sum(demand[first:until]))
        until = first
    return quantity, least[periods]
