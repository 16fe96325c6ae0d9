"""The valued stock ledger: one pass over the movements of an article, all its warehouses side by side.

Money stays exact because the value of a stock is an integer that every movement adds to or takes from: an issue takes its
share of the value rounded to the cent, and what rounding leaves stays in the stock until its last unit takes it along.
"""

from __future__ import annotations

import numpy as np
from numba import njit

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


@njit(cache=True, nogil=True, error_model="numpy")
def share(value: int, part: int, whole: int) -> int:
    """Give value * part / whole, rounded half up, for values that are not negative, without leaving 64 bits."""
    return (value // whole) * part + ((value % whole) * part + whole // 2) // whole


@njit(cache=True, nogil=True, error_model="numpy")
def _accrue(row: Integers, now: Integers, last_sale_day: int, until: int) -> None:
    """Close the days from now[DAY] to until - 1 with the stock as it stands; now holds day, units, value."""
    span = until - now[0]
    row[UNIT_DAYS] += now[1] * span
    row[VALUE_DAYS] += now[2] * span
    if now[1] <= 0:
        row[STOCK_OUT_DAYS] += span
        row[IDLE_OUT_DAYS] += span - (1 if last_sale_day == now[0] else 0)
        if now[1] < 0:
            row[NEGATIVE_DAYS] += span
    now[0] = until


@njit(cache=True, nogil=True, error_model="numpy")
def _book(row: Integers, kind: int, quantity: int, value: int, revaluation: int) -> None:
    """Add a movement of the period to the measures of its stock."""
    row[MOVEMENTS] += 1
    row[COGS] += revaluation
    row[REVALUATION] += revaluation
    if kind == SALE:
        row[SALE_UNITS] -= quantity
        row[COGS] -= value
    elif kind == RETURN:
        row[RETURNED_UNITS] += quantity
        row[COGS] -= value
    elif kind == RECEIPT:
        row[RECEIVED_UNITS] += quantity
        row[RECEIVED_VALUE] += value
    elif kind == TRANSFER_IN:
        row[IN_UNITS] += quantity
        row[IN_VALUE] += value
    elif kind == TRANSFER_OUT:
        row[OUT_UNITS] -= quantity
        row[OUT_VALUE] -= value
    elif kind == ADJUSTMENT:
        row[ADJUSTED_UNITS] += quantity
        row[ADJUSTED_VALUE] += value
    else:
        row[WRITTEN_OFF_UNITS] -= quantity
        row[WRITTEN_OFF_VALUE] -= value


@njit(cache=True, nogil=True, error_model="numpy")
def _new_node(nodes: Integers, heap: Integers, day: int, units: int, after: int) -> int:
    """Give a node for units of an age; heap holds the first node to use again, and the number of nodes ever used."""
    node = heap[0]
    if node >= 0:
        heap[0] = nodes[node, 2]
    else:
        node = heap[1]
        heap[1] += 1
    nodes[node, 0], nodes[node, 1], nodes[node, 2] = day, units, after
    return int(node)


@njit(cache=True, nogil=True, error_model="numpy")
def _add_layer(lists: Integers, nodes: Integers, heap: Integers, stock: int, day: int, units: int) -> None:
    """Add units of an age to a stock's list, oldest first. Lists hold head and tail."""
    tail = lists[stock, 1]
    if tail >= 0 and nodes[tail, 0] < day:
        nodes[tail, 2] = lists[stock, 1] = _new_node(nodes, heap, day, units, UNKNOWN)
        return
    before, at = UNKNOWN, lists[stock, 0]
    if tail >= 0 and nodes[tail, 0] == day:
        at = tail
    while at >= 0 and nodes[at, 0] < day:
        before, at = at, nodes[at, 2]
    if at >= 0 and nodes[at, 0] == day:
        nodes[at, 1] += units
        return
    node = _new_node(nodes, heap, day, units, at)
    if before >= 0:
        nodes[before, 2] = node
    else:
        lists[stock, 0] = node
    if at < 0:
        lists[stock, 1] = node


@njit(cache=True, nogil=True, error_model="numpy")
def _move_layers(
    lists: Integers, nodes: Integers, heap: Integers, source: int, targets: Integers, target: int, units: int
) -> None:
    """Take units from the oldest layers of a list; add them to another, or nowhere where target is UNKNOWN."""
    while units > 0 and lists[source, 0] >= 0:
        at = lists[source, 0]
        day = nodes[at, 0]
        moved = min(units, nodes[at, 1])
        nodes[at, 1] -= moved
        units -= moved
        if nodes[at, 1] == 0:
            lists[source, 0] = nodes[at, 2]
            if nodes[at, 2] < 0:
                lists[source, 1] = UNKNOWN
            nodes[at, 2] = heap[0]
            heap[0] = at
        if target >= 0:
            _add_layer(targets, nodes, heap, target, day, moved)


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
def value_articles(
    log: Log,
    stocks: Stocks,
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
    """Value the stocks of articles first..last-1; gives a stock whose numbers leave the exact range, or UNKNOWN.

    period: first day, last day, day that opening stock is aged from. pools: units and value on their way between a sale
    and its return or between two warehouses. row_values: value, revaluation, units and value after each row; or empty.
    """
    first_day, last_day, origin_day = period[0], period[1], period[2]
    most_rows, most_stocks = 0, 0
    for article in range(first, last):
        most_rows = max(most_rows, log.start[article + 1] - log.start[article])
        most_stocks = max(most_stocks, stocks.start[article + 1] - stocks.start[article])
    has_pools = log.pool.size > 0
    # A movement adds two layers at most: what it splits off and what it brings.
    nodes = np.empty((2 * most_rows + most_stocks + 2, 3), np.int64)
    heap = np.empty(2, np.int64)
    lists = np.empty((most_stocks, 2), np.int64)
    now = np.empty((most_stocks, 3), np.int64)
    recent = np.empty((most_stocks, 3), np.int64)
    for article in range(first, last):
        base = int(stocks.start[article])
        heap[0], heap[1] = UNKNOWN, 0
        for stock in range(base, stocks.start[article + 1]):
            own = stock - base
            units = stocks.opening[stock]
            now[own, 0], now[own, 1], now[own, 2] = first_day, units, units * stocks.unit_cost[stock]
            recent[own, 0], recent[own, 1], recent[own, 2] = stocks.unit_cost[stock], 1, 0
            lists[own, 0] = lists[own, 1] = UNKNOWN
            if abs(float(units) * float(stocks.unit_cost[stock])) > MAX_CENTS:
                return stock
            if units > 0:
                _add_layer(lists, nodes, heap, own, origin_day, units)
            measures[stock, LAST_SALE_DAY] = measures[stock, LAST_RECEIPT_DAY] = measures[stock, OLDEST_DAY] = NEVER
        for row in range(log.start[article], log.start[article + 1]):
            quantity = int(log.quantity[row])
            stock = int(log.pair[row])
            own = stock - base
            kind = int(log.kind[row])
            day = int(log.moved_at[row]) // DAY_US
            mine = measures[stock]
            if day >= first_day:
                if recent[own, 2] == 0:
                    recent[own, 2] = 1
                    mine[OPENING_UNITS], mine[OPENING_VALUE] = now[own, 1], now[own, 2]
                if day > now[own, 0]:
                    _accrue(mine, now[own], mine[LAST_SALE_DAY], day)
            units, value = int(now[own, 1]), int(now[own, 2])
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
                        worth += share(recent[own, 0], rest, recent[own, 1])
                covered = 0
                if units < 0:
                    covered = min(quantity, -units)
                    booked = share(-value, covered, -units)
                    revaluation = share(worth, covered, quantity) - booked
                if units <= 0:
                    recent[own, 0], recent[own, 1] = worth, quantity
                units += quantity
                value += worth - revaluation
                if is_transfer and pooled > 0:
                    dropped = min(covered, pooled)
                    _move_layers(pool_lists, nodes, heap, pool, lists, UNKNOWN, dropped)
                    _move_layers(pool_lists, nodes, heap, pool, lists, own, pooled - dropped)
                    fresh = rest - (covered - dropped)
                else:
                    fresh = quantity - covered
                if fresh > 0:
                    _add_layer(lists, nodes, heap, own, day, fresh)
                if value > MAX_CENTS:
                    return stock
            elif quantity < 0:
                issued = -quantity
                inside = max(0, min(issued, units))
                if inside > 0:
                    recent[own, 0], recent[own, 1] = value, units
                    worth = share(value, inside, units)
                beyond = issued - inside
                if beyond > 0:
                    if float(recent[own, 0]) / float(recent[own, 1]) * float(beyond) > MAX_CENTS:
                        return stock
                    worth += share(recent[own, 0], beyond, recent[own, 1])
                units -= issued
                value -= worth
                if pool >= 0:
                    pools[pool, 0] += issued
                    pools[pool, 1] += worth
                if is_transfer and pool >= 0:
                    _move_layers(lists, nodes, heap, own, pool_lists, pool, inside)
                    if beyond > 0:
                        _add_layer(pool_lists, nodes, heap, pool, day, beyond)
                else:
                    _move_layers(lists, nodes, heap, own, lists, UNKNOWN, inside)
                worth = -worth
                if value < -MAX_CENTS:
                    return stock
            now[own, 1], now[own, 2] = units, value
            if kind == SALE and quantity < 0:
                mine[LAST_SALE_DAY] = day
            elif kind == RECEIPT and quantity > 0:
                mine[LAST_RECEIPT_DAY] = day
            if day >= first_day:
                _book(mine, kind, quantity, worth, revaluation)
            if row_values.size:
                row_values[row, 0], row_values[row, 1] = worth, revaluation
                row_values[row, 2], row_values[row, 3] = units, value
        for stock in range(base, stocks.start[article + 1]):
            own = stock - base
            mine = measures[stock]
            if recent[own, 2] == 0:
                mine[OPENING_UNITS], mine[OPENING_VALUE] = now[own, 1], now[own, 2]
            _accrue(mine, now[own], mine[LAST_SALE_DAY], last_day + 1)
            mine[CLOSING_UNITS], mine[CLOSING_VALUE] = now[own, 1], now[own, 2]
            _age(mine, ages[stock], age_limits, lists[own, 0], nodes, last_day)
    return UNKNOWN
