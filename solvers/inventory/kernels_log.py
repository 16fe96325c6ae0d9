"""The movement log: brought together by article, into a total order, and walked day by day."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
import numpy.typing as npt
from numba import njit

Integers: TypeAlias = npt.NDArray[np.int64]
Indices: TypeAlias = npt.NDArray[np.int32]
Codes: TypeAlias = npt.NDArray[np.int8]

DAY_US = 86_400_000_000
MAX_UNITS = 2_000_000_000
"""Units that may pass through one stock, so that products of two quantities fit 64 bits."""

RECEIPT, TRANSFER_OUT, TRANSFER_IN, ADJUSTMENT, SALE, RETURN, WRITE_OFF = range(7)
UNKNOWN = -1
"""Inside the kernels only: no cost stated, no pool, no node."""


class Log(NamedTuple):
    """Movements as the kernels read them, grouped by article and in time order within it."""

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
    """The stocks (warehouse x article) as the kernels read them; those of an article stand together."""

    start: Integers
    opening: Integers
    unit_cost: Integers


@njit(cache=True, nogil=True, error_model="numpy")
def group_rows(pair: Indices, article: Integers, start: Integers) -> Integers:
    """Give the row order that groups rows by article, keeping their order within it; fills `start` (counting sort)."""
    start[:] = 0
    for row in range(pair.size):
        start[article[pair[row]] + 1] += 1
    for one in range(start.size - 1):
        start[one + 1] += start[one]
    at = start[:-1].copy()
    order = np.empty(pair.size, np.int64)
    for row in range(pair.size):
        group = article[pair[row]]
        order[at[group]] = row
        at[group] += 1
    return order


@njit(cache=True, nogil=True, error_model="numpy")
def count_rows(
    sku_code: Indices, sku_map: Integers, place_code: Indices, place_map: Integers, counts: Integers, pairs: Codes
) -> None:
    """Add a batch of movements to the rows of each article, and mark the stocks that moved in pairs[article, place]."""
    for row in range(sku_code.size):
        article = sku_map[sku_code[row]]
        counts[article] += 1
        pairs[article, place_map[place_code[row]]] = 1


@njit(cache=True, nogil=True, error_model="numpy")
def place_rows(
    sku_code: Indices,
    sku_map: Integers,
    place_code: Indices,
    place_map: Integers,
    stock_of: Indices,
    moved_at: Integers,
    quantity: Integers,
    kind_code: Indices,
    kind_map: Codes,
    unit_cost: Integers,
    link: Indices,
    cursor: Integers,
    log: Log,
) -> int:
    """Put a batch of movements where their articles' rows go; gives a row whose quantity is too large, or UNKNOWN.

    The batch is grouped by article first, so that what is written stands together: rows scattered one by one over the
    whole log would each fetch their own piece of memory, five times.
    """
    size = sku_code.size
    counts = np.zeros(cursor.size + 1, np.int64)
    for row in range(size):
        if abs(quantity[row]) > MAX_UNITS:
            return row
        counts[sku_map[sku_code[row]] + 1] += 1
    for article in range(cursor.size):
        counts[article + 1] += counts[article]
    order = np.empty(size, np.int32)
    target = np.empty(size, np.int32)
    shift = cursor - counts[:-1]
    for row in range(size):
        article = sku_map[sku_code[row]]
        at = counts[article]
        counts[article] = at + 1
        order[at] = row
        target[at] = at + shift[article]
        cursor[article] = target[at] + 1
    for one in range(size):
        row = order[one]
        log.pair[target[one]] = stock_of[sku_map[sku_code[row]], place_map[place_code[row]]]
        log.kind[target[one]] = kind_map[kind_code[row]]
    for one in range(size):
        log.moved_at[target[one]] = moved_at[order[one]]
    for one in range(size):
        log.quantity[target[one]] = quantity[order[one]]
    for one in range(size):
        log.unit_cost[target[one]] = unit_cost[order[one]]
    if link.size:
        for one in range(size):
            log.pool[target[one]] = link[order[one]]
    return UNKNOWN


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
def order_rows(log: Log, first: int, last: int) -> None:
    """Bring the rows of articles first..last-1 into the total order, in place (merge sort where they are not)."""
    for article in range(first, last):
        begin, end = log.start[article], log.start[article + 1]
        is_sorted = True
        for row in range(begin + 1, end):
            if comes_before(log, row, row - 1):
                is_sorted = False
                break
        if is_sorted:
            continue
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
    for article in range(first, last):
        base = stocks.start[article]
        filled = np.full(stocks.start[article + 1] - base, first_day, np.int64)
        for row in range(log.start[article], log.start[article + 1]):
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
        for stock in range(base, stocks.start[article + 1]):
            for idle in range(filled[stock - base], last_day + 1):
                could_sell[stock, idle - first_day] = units[stock] > 0
