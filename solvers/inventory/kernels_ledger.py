"""The valued stock ledger: one pass over the movements of a block of articles, all its warehouses side by side.

Money stays exact because the value of a stock is an integer that every movement adds to or takes from: an issue takes its
share of the value rounded to the cent, and what rounding leaves stays in the stock until its last unit takes it along.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from solvers.inventory.kernels_layers import add_layer, move_layers
from solvers.inventory.kernels_log import (
    ADJUSTMENT,
    DAY_US,
    RECEIPT,
    RETURN,
    SALE,
    TRANSFER_IN,
    TRANSFER_OUT,
    UNKNOWN,
    Integers,
    Log,
    Stocks,
)

MAX_CENTS = 10**15
"""Value one stock may have, so that its sum over the days of a period fits 64 bits."""
MAX_DAYS = 9_000

MEASURES = (
    "opening_units",
    "opening_value_cents",
    "closing_units",
    "closing_value_cents",
    "received_units",
    "received_value_cents",
    "sale_units",
    "returned_units",
    "cogs_cents",
    "revaluation_cents",
    "transferred_in_units",
    "transferred_in_value_cents",
    "transferred_out_units",
    "transferred_out_value_cents",
    "adjusted_units",
    "adjusted_value_cents",
    "written_off_units",
    "written_off_value_cents",
    "unit_days",
    "value_cent_days",
    "stock_out_days",
    "negative_days",
    "idle_out_days",
    "movements",
    "last_sale_day",
    "last_receipt_day",
    "oldest_day",
)
(
    OPENING_UNITS,
    OPENING_VALUE,
    CLOSING_UNITS,
    CLOSING_VALUE,
    RECEIVED_UNITS,
    RECEIVED_VALUE,
    SALE_UNITS,
    RETURNED_UNITS,
    COGS,
    REVALUATION,
    IN_UNITS,
    IN_VALUE,
    OUT_UNITS,
    OUT_VALUE,
    ADJUSTED_UNITS,
    ADJUSTED_VALUE,
    WRITTEN_OFF_UNITS,
    WRITTEN_OFF_VALUE,
    UNIT_DAYS,
    VALUE_DAYS,
    STOCK_OUT_DAYS,
    NEGATIVE_DAYS,
    IDLE_OUT_DAYS,
    MOVEMENTS,
    LAST_SALE_DAY,
    LAST_RECEIPT_DAY,
    OLDEST_DAY,
) = range(len(MEASURES))
NEVER = np.iinfo(np.int64).min
"""A day that never came, in the day columns of the measures."""


class State(NamedTuple):
    """Where every stock stands while its movements come in; layers by age are lists through shared nodes."""

    now: Integers
    """(stocks, 3) day up to which it is measured, units, value."""
    recent: Integers
    """(stocks, 3) value over units that it last had a cost at, and whether the period has begun."""
    lists: Integers
    """(stocks, 2) first and last node of its layers."""
    nodes: Integers
    """(nodes, 3) day, units and next of a layer."""
    heap: Integers
    """(2,) the first node to use again, and how many were ever used."""


@njit(cache=True, nogil=True, error_model="numpy")
def share(value: int, part: int, whole: int) -> int:
    """Give value * part / whole, rounded half up, for values that are not negative, without leaving 64 bits."""
    return (value // whole) * part + ((value % whole) * part + whole // 2) // whole


@njit(cache=True, nogil=True, error_model="numpy")
def _accrue(measures: Integers, now: Integers, stock: int, until: int) -> None:
    """Close the days from the one reached to until - 1 with the stock as it stands."""
    day, units = now[stock, 0], now[stock, 1]
    span = until - day
    measures[stock, UNIT_DAYS] += units * span
    measures[stock, VALUE_DAYS] += now[stock, 2] * span
    if units <= 0:
        measures[stock, STOCK_OUT_DAYS] += span
        measures[stock, IDLE_OUT_DAYS] += span - (1 if measures[stock, LAST_SALE_DAY] == day else 0)
        if units < 0:
            measures[stock, NEGATIVE_DAYS] += span
    now[stock, 0] = until


@njit(cache=True, nogil=True, error_model="numpy")
def _book(measures: Integers, stock: int, kind: int, quantity: int, value: int, revaluation: int) -> None:
    """Add a movement of the period to the measures of its stock."""
    measures[stock, MOVEMENTS] += 1
    measures[stock, COGS] += revaluation
    measures[stock, REVALUATION] += revaluation
    if kind == SALE:
        measures[stock, SALE_UNITS] -= quantity
        measures[stock, COGS] -= value
    elif kind == RETURN:
        measures[stock, RETURNED_UNITS] += quantity
        measures[stock, COGS] -= value
    elif kind == RECEIPT:
        measures[stock, RECEIVED_UNITS] += quantity
        measures[stock, RECEIVED_VALUE] += value
    elif kind == TRANSFER_IN:
        measures[stock, IN_UNITS] += quantity
        measures[stock, IN_VALUE] += value
    elif kind == TRANSFER_OUT:
        measures[stock, OUT_UNITS] -= quantity
        measures[stock, OUT_VALUE] -= value
    elif kind == ADJUSTMENT:
        measures[stock, ADJUSTED_UNITS] += quantity
        measures[stock, ADJUSTED_VALUE] += value
    else:
        measures[stock, WRITTEN_OFF_UNITS] -= quantity
        measures[stock, WRITTEN_OFF_VALUE] -= value


@njit(cache=True, nogil=True, error_model="numpy")
def _age(row: Integers, ages: Integers, limits: Integers, head: int, nodes: Integers, today: int) -> None:
    """Sort the layers of a stock into age classes; ages holds units, then value, and the values add up to the stock's."""
    units, value = row[CLOSING_UNITS], row[CLOSING_VALUE]
    if head >= 0:
        row[OLDEST_DAY] = nodes[head, 0]
    counted, valued = 0, 0
    while head >= 0:
        one = 0
        while one < limits.size and today - nodes[head, 0] > limits[one]:
            one += 1
        counted += nodes[head, 1]
        upto = share(value, counted, units)
        ages[0, one] += nodes[head, 1]
        ages[1, one] += upto - valued
        valued = upto
        head = nodes[head, 2]


@njit(cache=True, nogil=True, error_model="numpy")
def _open_block(
    stocks: Stocks, state: State, period: Integers, low: int, high: int, has_ages: bool, measures: Integers
) -> int:
    """Lay out stocks low..high-1 as they stood before the first movement; gives one whose value is too large, or UNKNOWN."""
    for stock in range(low, high):
        units, cost = stocks.opening[stock], stocks.unit_cost[stock]
        state.now[stock, 0], state.now[stock, 1], state.now[stock, 2] = period[0], units, units * cost
        state.recent[stock, 0], state.recent[stock, 1], state.recent[stock, 2] = cost, 1, 0
        if abs(float(units) * float(cost)) > MAX_CENTS:
            return stock
        if has_ages:
            state.lists[stock, 0] = state.lists[stock, 1] = UNKNOWN
            if units > 0:
                add_layer(state.lists, state.nodes, state.heap, stock, period[2], units)
        measures[stock, LAST_SALE_DAY] = measures[stock, LAST_RECEIPT_DAY] = measures[stock, OLDEST_DAY] = NEVER
    return UNKNOWN


@njit(cache=True, nogil=True, error_model="numpy")
def _close_block(
    state: State,
    period: Integers,
    age_limits: Integers,
    low: int,
    high: int,
    has_ages: bool,
    measures: Integers,
    ages: Integers,
) -> None:
    """Close the days up to the last for stocks low..high-1 and sort what is left by age."""
    for stock in range(low, high):
        now = state.now
        if state.recent[stock, 2] == 0:
            measures[stock, OPENING_UNITS], measures[stock, OPENING_VALUE] = now[stock, 1], now[stock, 2]
        _accrue(measures, now, stock, period[1] + 1)
        measures[stock, CLOSING_UNITS], measures[stock, CLOSING_VALUE] = now[stock, 1], now[stock, 2]
        if has_ages:
            _age(measures[stock], ages[stock], age_limits, state.lists[stock, 0], state.nodes, period[1])


@njit(cache=True, nogil=True, error_model="numpy")
def value_blocks(
    log: Log,
    stocks: Stocks,
    state: State,
    pools: Integers,
    pool_lists: Integers,
    period: Integers,
    age_limits: Integers,
    first: int,
    last: int,
    opens: bool,
    closes: bool,
    measures: Integers,
    ages: Integers,
    row_values: Integers,
) -> int:
    """Value the stocks of blocks first..last-1; gives a stock whose numbers leave the exact range, or UNKNOWN.

    period: first day, last day, day that opening stock is aged from. pools: units and value on their way between a sale
    and its return or between two warehouses. row_values: value, revaluation, units and value after each row; or empty.
    A log may come in parts, each later than the one before: the first opens the stocks, the last closes them. Without
    `ages` no layers are kept.
    """
    first_day = period[0]
    has_pools, has_ages = log.pool.size > 0, ages.shape[0] > 0
    now, recent, lists, nodes, heap = state.now, state.recent, state.lists, state.nodes, state.heap
    for block in range(first, last):
        base, end = int(stocks.start[block]), int(stocks.start[block + 1])
        if opens:
            if closes:
                # Nothing of the block before is kept: its layers may be used again.
                heap[0], heap[1] = UNKNOWN, 0
            failed = _open_block(stocks, state, period, base, end, has_ages, measures)
            if failed != UNKNOWN:
                return failed
        for row in range(log.start[block], log.start[block + 1]):
            quantity = int(log.quantity[row])
            stock = int(log.pair[row])
            kind = int(log.kind[row])
            day = int(log.moved_at[row]) // DAY_US
            if day >= first_day:
                if recent[stock, 2] == 0:
                    recent[stock, 2] = 1
                    measures[stock, OPENING_UNITS], measures[stock, OPENING_VALUE] = now[stock, 1], now[stock, 2]
                if day > now[stock, 0]:
                    _accrue(measures, now, stock, day)
            units, value = int(now[stock, 1]), int(now[stock, 2])
            pool = int(log.pool[row]) if has_pools else UNKNOWN
            is_transfer = kind in (TRANSFER_IN, TRANSFER_OUT)
            worth, revaluation = 0, 0
            if quantity > 0:
                rest, pooled = quantity, 0
                if pool >= 0 and pools[pool, 0] > 0:
                    pooled = min(quantity, pools[pool, 0])
                    worth = share(pools[pool, 1], pooled, pools[pool, 0])
                    pools[pool, 0] -= pooled
                    pools[pool, 1] -= worth
                    rest -= pooled
                if rest > 0:
                    if log.unit_cost[row] >= 0:
                        if float(rest) * float(log.unit_cost[row]) > MAX_CENTS:
                            return stock
                        worth += rest * log.unit_cost[row]
                    elif units > 0:
                        worth += share(value, rest, units)
                    else:
                        worth += share(recent[stock, 0], rest, recent[stock, 1])
                covered = 0
                if units < 0:
                    covered = min(quantity, -units)
                    booked = share(-value, covered, -units)
                    revaluation = share(worth, covered, quantity) - booked
                if units <= 0:
                    recent[stock, 0], recent[stock, 1] = worth, quantity
                units += quantity
                value += worth - revaluation
                fresh = quantity - covered
                if has_ages and is_transfer and pooled > 0:
                    dropped = min(covered, pooled)
                    move_layers(pool_lists, nodes, heap, pool, lists, UNKNOWN, dropped)
                    move_layers(pool_lists, nodes, heap, pool, lists, stock, pooled - dropped)
                    fresh = rest - (covered - dropped)
                if has_ages and fresh > 0:
                    add_layer(lists, nodes, heap, stock, day, fresh)
                if value > MAX_CENTS:
                    return stock
            elif quantity < 0:
                issued = -quantity
                inside = max(0, min(issued, units))
                if inside > 0:
                    recent[stock, 0], recent[stock, 1] = value, units
                    worth = share(value, inside, units)
                beyond = issued - inside
                if beyond > 0:
                    if float(recent[stock, 0]) / float(recent[stock, 1]) * float(beyond) > MAX_CENTS:
                        return stock
                    worth += share(recent[stock, 0], beyond, recent[stock, 1])
                units -= issued
                value -= worth
                if pool >= 0:
                    pools[pool, 0] += issued
                    pools[pool, 1] += worth
                if has_ages and is_transfer and pool >= 0:
                    move_layers(lists, nodes, heap, stock, pool_lists, pool, inside)
                    if beyond > 0:
                        add_layer(pool_lists, nodes, heap, pool, day, beyond)
                elif has_ages:
                    move_layers(lists, nodes, heap, stock, lists, UNKNOWN, inside)
                worth = -worth
                if value < -MAX_CENTS:
                    return stock
            now[stock, 1], now[stock, 2] = units, value
            if kind == SALE and quantity < 0:
                measures[stock, LAST_SALE_DAY] = day
            elif kind == RECEIPT and quantity > 0:
                measures[stock, LAST_RECEIPT_DAY] = day
            if day >= first_day:
                _book(measures, stock, kind, quantity, worth, revaluation)
            if row_values.size:
                row_values[row, 0], row_values[row, 1] = worth, revaluation
                row_values[row, 2], row_values[row, 3] = units, value
        if closes:
            _close_block(state, period, age_limits, base, end, has_ages, measures, ages)
    return UNKNOWN
