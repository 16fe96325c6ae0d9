"""The valued stock ledger: movements of whole articles in order, all their warehouses side by side.

Money stays exact because the value of a stock is an integer that every movement adds to or takes from: an issue takes its
share of the value rounded to the cent, and what rounding leaves stays in the stock until its last unit takes it along.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from solvers.inventory.ledger.kernels_layers import add_layer, move_layers
from solvers.inventory.ledger.kernels_log import (
    ADJUSTMENT,
    RECEIPT,
    RETURN,
    SALE,
    TRANSFER_IN,
    TRANSFER_OUT,
    UNKNOWN,
    Integers,
)
from solvers.inventory.ledger.kernels_moves import HAS_COST, KIND_BITS, Moves

MAX_CENTS = 10**15
"""Value one stock may have, so that its sum over the days of a period fits 64 bits."""
MAX_DAYS = 9_000

MEASURES = (
    "unit_days",
    "value_cent_days",
    "sale_units",
    "cogs_cents",
    "movements",
    "last_sale_day",
    "stock_out_days",
    "idle_out_days",
    "opening_units",
    "opening_value_cents",
    "closing_units",
    "closing_value_cents",
    "received_units",
    "received_value_cents",
    "returned_units",
    "revaluation_cents",
    "transferred_in_units",
    "transferred_in_value_cents",
    "transferred_out_units",
    "transferred_out_value_cents",
    "adjusted_units",
    "adjusted_value_cents",
    "written_off_units",
    "written_off_value_cents",
    "negative_days",
    "last_receipt_day",
    "oldest_day",
)
"""What most movements add to stands first; see `ADDED`."""
(
    UNIT_DAYS,
    VALUE_DAYS,
    SALE_UNITS,
    COGS,
    MOVEMENTS,
    LAST_SALE_DAY,
    STOCK_OUT_DAYS,
    IDLE_OUT_DAYS,
    OPENING_UNITS,
    OPENING_VALUE,
    CLOSING_UNITS,
    CLOSING_VALUE,
    RECEIVED_UNITS,
    RECEIVED_VALUE,
    RETURNED_UNITS,
    REVALUATION,
    IN_UNITS,
    IN_VALUE,
    OUT_UNITS,
    OUT_VALUE,
    ADJUSTED_UNITS,
    ADJUSTED_VALUE,
    WRITTEN_OFF_UNITS,
    WRITTEN_OFF_VALUE,
    NEGATIVE_DAYS,
    LAST_RECEIPT_DAY,
    OLDEST_DAY,
) = range(len(MEASURES))
_HALF_WORD = 1 << 31
NEVER = np.iinfo(np.int64).min
"""A day that never came, in the day columns of the measures."""


NOW_DAY, NOW_UNITS, NOW_VALUE, COST_VALUE, COST_UNITS, HAS_BEGUN, ISSUED, BELOW_DAYS = range(8)
"""Words of a stock as it stands: the day up to which it is measured, units and their value, value over units that it last had
a cost at, whether the period has begun, units that left but are still in its layers, days below zero."""
ADDED = 8
"""Where the first eight measures stand while they add up: a sale stays within two lines of the cache."""
NOW_WORDS = 16


class State(NamedTuple):
    """Where every stock stands while its movements come in; layers by age are lists through shared nodes."""

    now: Integers
    """(stocks, words) as it stands, and what most movements add to."""
    lists: Integers
    """(stocks, 2) first and last node of its layers."""
    nodes: Integers
    """(nodes, 3) day, units and next of a layer."""
    heap: Integers
    """(2,) the first node to use again, and how many were ever used."""


@njit(cache=True, nogil=True, error_model="numpy")
def share(value: int, part: int, whole: int) -> int:
    """Give value * part / whole, rounded half up, for values that are not negative, without leaving 64 bits."""
    if value < _HALF_WORD and part < _HALF_WORD:
        # One division in place of three, for almost all of them.
        return (value * part + (whole >> 1)) // whole
    return (value // whole) * part + ((value % whole) * part + whole // 2) // whole


@njit(cache=True, nogil=True, error_model="numpy")
def accrue(now: Integers, stock: int, until: int) -> None:
    """Close the days from the one reached to until - 1 with the stock as it stands."""
    day, units = now[stock, NOW_DAY], now[stock, NOW_UNITS]
    span = until - day
    now[stock, ADDED + UNIT_DAYS] += units * span
    now[stock, ADDED + VALUE_DAYS] += now[stock, NOW_VALUE] * span
    if units <= 0:
        now[stock, ADDED + STOCK_OUT_DAYS] += span
        now[stock, ADDED + IDLE_OUT_DAYS] += span - (1 if now[stock, ADDED + LAST_SALE_DAY] == day else 0)
        if units < 0:
            now[stock, BELOW_DAYS] += span
    now[stock, NOW_DAY] = until


@njit(cache=True, nogil=True, error_model="numpy")
def drop_issued(now: Integers, lists: Integers, nodes: Integers, heap: Integers, stock: int) -> None:
    """Take what was issued from the oldest layers: nothing looks at them until something comes in, moves on or is aged."""
    move_layers(lists, nodes, heap, stock, lists, int(np.int64(UNKNOWN)), now[stock, ISSUED])
    now[stock, ISSUED] = 0


@njit(cache=True, nogil=True, error_model="numpy")
def value_rows(
    moves: Moves,
    begin: int,
    end: int,
    state: State,
    pools: Integers,
    pool_lists: Integers,
    first_day: int,
    has_ages: bool,
    measures: Integers,
    row_values: Integers,
    shift: int,
) -> int:
    """Value movements begin..end-1 of some articles, in order; gives a stock whose numbers leave the exact range, or UNKNOWN.

    pools: units and value on their way between a sale and its return or between two warehouses. row_values: value,
    revaluation, units and value after each row, `shift` rows on; or empty.
    """
    what, unit_costs, pool_of = moves.what, moves.unit_cost, moves.pool
    nobody = int(np.int64(UNKNOWN))
    has_pools, wants_rows = moves.pool.size > 0, row_values.size > 0
    now, lists, nodes, heap = state.now, state.lists, state.nodes, state.heap
    for row in range(begin, end):
        stock, quantity = int(np.int64(what[row, 0])), int(np.int64(what[row, 1]))
        day, code = int(np.int64(what[row, 2])), int(np.int64(what[row, 3]))
        kind = code & KIND_BITS
        if day >= first_day:
            if now[stock, HAS_BEGUN] == 0:
                now[stock, HAS_BEGUN] = 1
                measures[stock, OPENING_UNITS] = now[stock, NOW_UNITS]
                measures[stock, OPENING_VALUE] = now[stock, NOW_VALUE]
            if day > now[stock, NOW_DAY]:
                accrue(now, stock, day)
            now[stock, ADDED + MOVEMENTS] += 1
        units, value = int(now[stock, NOW_UNITS]), int(now[stock, NOW_VALUE])
        pool = int(np.int64(pool_of[row])) if has_pools else nobody
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
                if code & HAS_COST:
                    unit_cost = int(unit_costs[row])
                    if float(rest) * float(unit_cost) > MAX_CENTS:
                        return stock
                    worth += rest * unit_cost
                elif units > 0:
                    worth += share(value, rest, units)
                else:
                    worth += share(now[stock, COST_VALUE], rest, now[stock, COST_UNITS])
            covered = 0
            if units < 0:
                covered = min(quantity, -units)
                booked = share(-value, covered, -units)
                revaluation = share(worth, covered, quantity) - booked
            if units <= 0:
                now[stock, COST_VALUE], now[stock, COST_UNITS] = worth, quantity
            units += quantity
            value += worth - revaluation
            fresh = quantity - covered
            if has_ages and now[stock, ISSUED] > 0:
                drop_issued(now, lists, nodes, heap, stock)
            if has_ages and is_transfer and pooled > 0:
                dropped = min(covered, pooled)
                move_layers(pool_lists, nodes, heap, pool, lists, nobody, dropped)
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
                now[stock, COST_VALUE], now[stock, COST_UNITS] = value, units
                worth = share(value, inside, units)
            beyond = issued - inside
            if beyond > 0:
                if float(now[stock, COST_VALUE]) / float(now[stock, COST_UNITS]) * float(beyond) > MAX_CENTS:
                    return stock
                worth += share(now[stock, COST_VALUE], beyond, now[stock, COST_UNITS])
            units -= issued
            value -= worth
            if pool >= 0:
                pools[pool, 0] += issued
                pools[pool, 1] += worth
            if has_ages and is_transfer and pool >= 0:
                drop_issued(now, lists, nodes, heap, stock)
                move_layers(lists, nodes, heap, stock, pool_lists, pool, inside)
                if beyond > 0:
                    add_layer(pool_lists, nodes, heap, pool, day, beyond)
            else:
                now[stock, ISSUED] += inside
            worth = -worth
            if value < -MAX_CENTS:
                return stock
        now[stock, NOW_UNITS], now[stock, NOW_VALUE] = units, value
        if kind == SALE and quantity < 0:
            now[stock, ADDED + LAST_SALE_DAY] = day
        elif kind == RECEIPT and quantity > 0:
            measures[stock, LAST_RECEIPT_DAY] = day
        if day >= first_day:
            if revaluation != 0:
                now[stock, ADDED + COGS] += revaluation
                measures[stock, REVALUATION] += revaluation
            if kind == SALE:
                now[stock, ADDED + SALE_UNITS] -= quantity
                now[stock, ADDED + COGS] -= worth
            elif kind == RETURN:
                measures[stock, RETURNED_UNITS] += quantity
                now[stock, ADDED + COGS] -= worth
            elif kind == RECEIPT:
                measures[stock, RECEIVED_UNITS] += quantity
                measures[stock, RECEIVED_VALUE] += worth
            elif kind == TRANSFER_IN:
                measures[stock, IN_UNITS] += quantity
                measures[stock, IN_VALUE] += worth
            elif kind == TRANSFER_OUT:
                measures[stock, OUT_UNITS] -= quantity
                measures[stock, OUT_VALUE] -= worth
            elif kind == ADJUSTMENT:
                measures[stock, ADJUSTED_UNITS] += quantity
                measures[stock, ADJUSTED_VALUE] += worth
            else:
                measures[stock, WRITTEN_OFF_UNITS] -= quantity
                measures[stock, WRITTEN_OFF_VALUE] -= worth
        if wants_rows:
            row_values[row + shift, 0], row_values[row + shift, 1] = worth, revaluation
            row_values[row + shift, 2], row_values[row + shift, 3] = units, value
    return UNKNOWN
