"""The movement log: brought together by block of articles, into a total order, and walked day by day.

A block is a few whole articles with all their warehouses: small enough that its stocks stay in the cache while its
movements are walked in time order, whole so that what moves between warehouses stays within it.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from numba import njit

Integers: TypeAlias = npt.NDArray[np.int64]
Indices: TypeAlias = npt.NDArray[np.int32]
Codes: TypeAlias = npt.NDArray[np.int8]
Bytes: TypeAlias = npt.NDArray[np.uint8]

DAY_US = 86_400_000_000
MAX_UNITS = 2_000_000_000
"""Units that may pass through one stock, so that products of two quantities fit 64 bits."""

RECEIPT, TRANSFER_OUT, TRANSFER_IN, ADJUSTMENT, SALE, RETURN, WRITE_OFF = range(7)
UNKNOWN = -1
"""Inside the kernels only: no cost stated, no pool, no node."""


class Log(NamedTuple):
    """Movements as the kernels read them, grouped by block of articles and in time order within it."""

    start: Integers
    pair: Indices
    moved_at: Integers
    quantity: Indices
    kind: Codes
    unit_cost: Integers
    pool: Indices
    row: Integers
    """Where the movement stands in the caller's order; may be empty where nobody asks."""


class Stocks(NamedTuple):
    """The stocks (warehouse x article) as the kernels read them; those of a block of articles stand together."""

    start: Integers
    opening: Integers
    unit_cost: Integers


@njit(cache=True, nogil=True, error_model="numpy")
def group_rows(pair: Indices, block_of: Indices, start: Integers) -> Integers:
    """Give the row order that groups rows by block, keeping their order within it; fills `start` (counting sort)."""
    start[:] = 0
    for row in range(pair.size):
        start[block_of[pair[row]] + 1] += 1
    for one in range(start.size - 1):
        start[one + 1] += start[one]
    at = start[:-1].copy()
    order = np.empty(pair.size, np.int64)
    for row in range(pair.size):
        group = block_of[pair[row]]
        order[at[group]] = row
        at[group] += 1
    return order


@njit(cache=True, nogil=True, error_model="numpy")
def movement_sums(pair: Indices, quantity: Indices, num_stocks: int) -> tuple[Integers, Integers]:
    """Give for each stock the sum of its movements and the units that passed, in and out."""
    moved = np.zeros(num_stocks, np.int64)
    passed = np.zeros(num_stocks, np.int64)
    for row in range(pair.size):
        moved[pair[row]] += quantity[row]
        passed[pair[row]] += abs(np.int64(quantity[row]))
    return moved, passed


@njit(cache=True, nogil=True, error_model="numpy")
def comes_before(log: Log, i: int, j: int) -> bool:
    """Tell whether movement i stands strictly before j: by time, kind, what it belongs to, then by every other value."""
    if log.moved_at[i] != log.moved_at[j]:
        return bool(log.moved_at[i] < log.moved_at[j])
    if log.kind[i] != log.kind[j]:
        return bool(log.kind[i] < log.kind[j])
    if log.pool.size and log.pool[i] != log.pool[j]:
        return bool(log.pool[i] < log.pool[j])
    if log.pair[i] != log.pair[j]:
        return bool(log.pair[i] < log.pair[j])
    if log.quantity[i] != log.quantity[j]:
        return bool(log.quantity[i] < log.quantity[j])
    return bool(log.unit_cost[i] < log.unit_cost[j])


@njit(cache=True, nogil=True, error_model="numpy")
def _merge(log: Log, source: Integers, target: Integers, low: int, middle: int, high: int) -> None:
    left, right = low, middle
    for at in range(low, high):
        if left < middle and (right >= high or not comes_before(log, source[right], source[left])):
            target[at] = source[left]
            left += 1
        else:
            target[at] = source[right]
            right += 1


@njit(cache=True, nogil=True, error_model="numpy")
def _rearrange(column: npt.NDArray[np.signedinteger], source: Integers, begin: int) -> None:
    """Put the values at the places `source` into column[begin:], in that order."""
    held = np.empty(source.size, column.dtype)
    for one in range(source.size):
        held[one] = column[source[one]]
    for one in range(source.size):
        column[begin + one] = held[one]


@njit(cache=True, nogil=True, error_model="numpy")
def _sort_rows(log: Log, begin: int, end: int) -> None:
    """Bring the rows begin..end-1 into the total order, in place (merge sort)."""
    size = end - begin
    source = np.arange(begin, end)
    target = np.empty(size, np.int64)
    width = 1
    while width < size:
        for low in range(0, size, 2 * width):
            _merge(log, source, target, low, min(low + width, size), min(low + 2 * width, size))
        source, target = target, source
        width *= 2
    _rearrange(log.pair, source, begin)
    _rearrange(log.moved_at, source, begin)
    _rearrange(log.quantity, source, begin)
    _rearrange(log.kind, source, begin)
    _rearrange(log.unit_cost, source, begin)
    if log.row.size:
        _rearrange(log.row, source, begin)
    if log.pool.size:
        _rearrange(log.pool, source, begin)


@njit(cache=True, nogil=True, error_model="numpy")
def order_rows(log: Log, first: int, last: int) -> None:
    """Bring the rows of blocks first..last-1 into the total order, in place; in time order, only those of one instant."""
    for block in range(first, last):
        begin, end = log.start[block], log.start[block + 1]
        in_time = True
        for row in range(begin + 1, end):
            if log.moved_at[row] < log.moved_at[row - 1]:
                in_time = False
                break
        if not in_time:
            _sort_rows(log, begin, end)
            continue
        since = begin
        for row in range(begin + 1, end + 1):
            if row == end or log.moved_at[row] != log.moved_at[since]:
                for other in range(since + 1, row):
                    if comes_before(log, other, other - 1):
                        _sort_rows(log, since, row)
                        break
                since = row


@njit(cache=True, nogil=True, error_model="numpy")
def fill_daily(
    log: Log,
    stocks: Stocks,
    first_day: int,
    last_day: int,
    first: int,
    last: int,
    sales: Indices,
    could_sell: npt.NDArray[np.bool_],
) -> None:
    """Fill sales[stock, day] and whether the stock could sell that day: it had units at some time, or it did sell."""
    units = stocks.opening.copy()
    for block in range(first, last):
        base = stocks.start[block]
        filled = np.full(stocks.start[block + 1] - base, first_day, np.int64)
        for row in range(log.start[block], log.start[block + 1]):
            stock = int(log.pair[row])
            day = int(log.moved_at[row]) // DAY_US
            if day >= first_day:
                for idle in range(filled[stock - base], day):
                    could_sell[stock, idle - first_day] = units[stock] > 0
                filled[stock - base] = day + 1
                is_sale = log.kind[row] == SALE and log.quantity[row] < 0
                if is_sale:
                    sales[stock, day - first_day] -= log.quantity[row]
                if is_sale or units[stock] > 0 or units[stock] + log.quantity[row] > 0:
                    could_sell[stock, day - first_day] = True
            units[stock] += log.quantity[row]
        for stock in range(base, stocks.start[block + 1]):
            for idle in range(filled[stock - base], last_day + 1):
                could_sell[stock, idle - first_day] = units[stock] > 0
