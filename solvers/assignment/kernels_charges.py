"""What orders pay at prices and premiums, and the most that a limit earns.

All amounts are int64 in thousandths of a cent.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from solvers.assignment.kernels_plan import PriceArrays
from solvers.assignment.kernels_pricing import Instance, Int64, Whole, Work, cheapest_plan, reduce_options


class Premiums(NamedTuple):
    """What pieces pay at warehouses beyond quantity x price; those of piece p are start[p]:start[p + 1]."""

    start: Int64
    warehouse: Int64
    millicents: Int64


@njit(cache=True, nogil=True)
def charge_orders(
    instance: Instance,
    orders: Int64,
    prices: PriceArrays,
    premiums: Premiums,
    work: Work,
    order_bound: Int64,
    plan_of_piece: Int64,
) -> None:
    """Write each order's cheapest plan at prices and premiums, and its cost, or less where states ran out."""
    for position in range(len(orders)):
        order = orders[position]
        reduce_options(instance, order, prices.stock, prices.capacity, prices.resource, work.reduced)
        first, end = instance.piece_start[order], instance.piece_start[order + 1]
        begin = instance.option_start[order]
        for piece in range(first, end):
            for entry in range(premiums.start[piece], premiums.start[piece + 1]):
                for option in range(begin, instance.option_start[order + 1]):
                    carries = instance.option_mask[option] >> (piece - first) & 1
                    if carries and instance.option_warehouse[option] == premiums.warehouse[entry]:
                        work.reduced[option - begin] += premiums.millicents[entry]
        _cost, order_bound[order] = cheapest_plan(instance, order, work)
        for piece in range(first, end):
            plan_of_piece[piece] = work.plan[piece - first]


@njit(cache=True, nogil=True)
def _most_earned(value: Int64, quantity: Int64, units: Whole, best: Int64) -> Whole:
    """Give the most that pieces pay for which the units suffice; best is scratch of at least units + 1."""
    for room in range(units + 1):
        best[room] = 0
    for piece in range(len(value)):
        for room in range(units, quantity[piece] - 1, -1):
            best[room] = max(best[room], best[room - quantity[piece]] + value[piece])
    earned: Whole = best[units]
    return earned


@njit(cache=True, nogil=True)
def earn_limits(start: Int64, value: Int64, quantity: Int64, units: Int64, earned: Int64) -> None:
    """Write the most that each limit earns from its pieces, start[i]:start[i + 1], each taken whole or not at all."""
    most = np.int64(0)
    for limit in range(len(units)):
        most = max(most, units[limit])
    best = np.zeros(most + 1, dtype=np.int64)
    for limit in range(len(units)):
        begin, end = start[limit], start[limit + 1]
        earned[limit] = _most_earned(value[begin:end], quantity[begin:end], units[limit], best)
