"""Stocks by block of articles: opened, valued from a log that is held whole, closed and sorted by age."""

from __future__ import annotations

import numpy as np
from numba import njit

from solvers.inventory.ledger.kernels_layers import add_layer
from solvers.inventory.ledger.kernels_ledger import (
    ADDED,
    BELOW_DAYS,
    CLOSING_UNITS,
    CLOSING_VALUE,
    COST_UNITS,
    COST_VALUE,
    HAS_BEGUN,
    LAST_RECEIPT_DAY,
    LAST_SALE_DAY,
    MAX_CENTS,
    NEGATIVE_DAYS,
    NEVER,
    NOW_DAY,
    NOW_UNITS,
    NOW_VALUE,
    OLDEST_DAY,
    OPENING_UNITS,
    OPENING_VALUE,
    State,
    accrue,
    drop_issued,
    share,
    value_rows,
)
from solvers.inventory.ledger.kernels_log import DAY_US, UNKNOWN, Integers, Log, Stocks
from solvers.inventory.ledger.kernels_moves import HAS_COST, Moves


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
def open_stocks(
    stocks: Stocks, state: State, period: Integers, low: int, high: int, has_ages: bool, measures: Integers
) -> int:
    """Lay out stocks low..high-1 as they stood before the first movement; gives one whose value is too large, or UNKNOWN."""
    now = state.now
    for stock in range(low, high):
        units, cost = stocks.opening[stock], stocks.unit_cost[stock]
        now[stock, NOW_DAY], now[stock, NOW_UNITS], now[stock, NOW_VALUE] = period[0], units, units * cost
        now[stock, COST_VALUE], now[stock, COST_UNITS] = cost, 1
        now[stock, HAS_BEGUN:] = 0
        now[stock, ADDED + LAST_SALE_DAY] = NEVER
        if abs(float(units) * float(cost)) > MAX_CENTS:
            return stock
        if has_ages:
            state.lists[stock, 0] = state.lists[stock, 1] = UNKNOWN
            if units > 0:
                add_layer(state.lists, state.nodes, state.heap, stock, period[2], units)
        measures[stock, LAST_RECEIPT_DAY] = measures[stock, OLDEST_DAY] = NEVER
    return UNKNOWN


@njit(cache=True, nogil=True, error_model="numpy")
def close_stocks(
    state: State,
    period: Integers,
    age_limits: Integers,
    low: int,
    high: int,
    measures: Integers,
    ages: Integers,
) -> None:
    """Close the days up to the last for stocks low..high-1 and sort what is left by age."""
    now, lists, nodes, heap = state.now, state.lists, state.nodes, state.heap
    for stock in range(low, high):
        if now[stock, HAS_BEGUN] == 0:
            measures[stock, OPENING_UNITS] = now[stock, NOW_UNITS]
            measures[stock, OPENING_VALUE] = now[stock, NOW_VALUE]
        accrue(now, stock, period[1] + 1)
        for one in range(ADDED):
            measures[stock, one] = now[stock, ADDED + one]
        measures[stock, NEGATIVE_DAYS] = now[stock, BELOW_DAYS]
        measures[stock, CLOSING_UNITS], measures[stock, CLOSING_VALUE] = now[stock, NOW_UNITS], now[stock, NOW_VALUE]
        if ages.shape[0]:
            drop_issued(now, lists, nodes, heap, stock)
            _age(measures[stock], ages[stock], age_limits, lists[stock, 0], nodes, period[1])


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
    measures: Integers,
    ages: Integers,
    row_values: Integers,
) -> int:
    """Value the stocks of blocks first..last-1 of a whole log; gives as `value_rows` does.

    period: first day, last day, day that opening stock is aged from. Without `ages` no layers are kept.
    """
    has_ages = ages.shape[0] > 0
    most = nothing = int(np.int64(0))
    for block in range(first, last):
        most = max(most, log.start[block + 1] - log.start[block])
    pair, moved_at, quantity = log.pair, log.moved_at, log.quantity
    kind, unit_cost, pool = log.kind, log.unit_cost, log.pool
    has_pools = pool.size > 0
    what, costs = np.empty((most, 4), np.int32), np.empty(most, np.int64)
    pools_of = np.empty(most if has_pools else 0, np.int32)
    moves = Moves(what, costs, pools_of)
    for block in range(first, last):
        base, end = int(stocks.start[block]), int(stocks.start[block + 1])
        # Nothing of the block before is kept: its layers may be used again.
        state.heap[0], state.heap[1] = UNKNOWN, 0
        failed = open_stocks(stocks, state, period, base, end, has_ages, measures)
        if failed != UNKNOWN:
            return failed
        begin, rows = log.start[block], log.start[block + 1] - log.start[block]
        for row in range(rows):
            code = int(kind[begin + row])
            if unit_cost[begin + row] >= 0:
                costs[row] = unit_cost[begin + row]
                code |= HAS_COST
            what[row, 0], what[row, 1] = pair[begin + row], quantity[begin + row]
            what[row, 2], what[row, 3] = moved_at[begin + row] // DAY_US, code
            if has_pools:
                pools_of[row] = pool[begin + row]
        failed = value_rows(
            moves, nothing, rows, state, pools, pool_lists, period[0], has_ages, measures, row_values, begin
        )
        if failed != UNKNOWN:
            return failed
        close_stocks(state, period, age_limits, base, end, measures, ages)
    return UNKNOWN
