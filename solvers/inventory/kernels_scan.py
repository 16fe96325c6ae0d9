"""A movement log that is read batch by batch: counted, then put where the rows of its blocks go, whole or part by part."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from solvers.inventory.kernels_log import MAX_UNITS, UNKNOWN, Codes, Indices, Integers, Log


class Batch(NamedTuple):
    """Movements as they are read: texts as codes, and what each code stands for in the whole file."""

    sku_code: Indices
    sku_map: Integers
    place_code: Indices
    place_map: Integers
    kind_code: Indices
    kind_map: Codes
    moved_at: Integers
    quantity: Integers
    unit_cost: Integers
    link: Indices
    """May be empty where nothing is linked."""


@njit(cache=True, nogil=True, error_model="numpy")
def count_rows(
    sku_code: Indices,
    sku_map: Integers,
    place_code: Indices,
    place_map: Integers,
    quantity: Integers,
    totals: Integers,
) -> int:
    """Add a batch of movements to totals[sku, place]: their number, sum, and the sum of their sizes.

    Gives a row whose quantity is too large, or UNKNOWN.
    """
    for row in range(sku_code.size):
        size = abs(quantity[row])
        if size > MAX_UNITS:
            return row
        sku, place = sku_map[sku_code[row]], place_map[place_code[row]]
        totals[sku, place, 0] += 1
        totals[sku, place, 1] += quantity[row]
        totals[sku, place, 2] += size
    return UNKNOWN


@njit(cache=True, nogil=True, error_model="numpy")
def append_rows(batch: Batch, stock_of: Indices, at: int, floor: int, part: Log) -> int:
    """Append a batch of movements to a part that holds `at`; gives a row that is earlier than `floor`, or UNKNOWN."""
    rows = batch.moved_at.size
    for row in range(rows):
        if batch.moved_at[row] < floor:
            return row
        sku, place = batch.sku_map[batch.sku_code[row]], batch.place_map[batch.place_code[row]]
        part.pair[at + row] = stock_of[sku, place]
        part.moved_at[at + row] = batch.moved_at[row]
        part.quantity[at + row] = batch.quantity[row]
        part.kind[at + row] = batch.kind_map[batch.kind_code[row]]
        part.unit_cost[at + row] = batch.unit_cost[row]
    if batch.link.size:
        part.pool[at : at + rows] = batch.link
    return UNKNOWN


@njit(cache=True, nogil=True, error_model="numpy")
def count_before(part: Log, size: int, limit: int, block_of: Indices, start: Integers) -> None:
    """Fill `start` with where the rows of each block begin, among the rows of a part that are earlier than `limit`."""
    start[:] = 0
    for row in range(size):
        if part.moved_at[row] < limit:
            start[block_of[part.pair[row]] + 1] += 1
    for one in range(start.size - 1):
        start[one + 1] += start[one]


@njit(cache=True, nogil=True, error_model="numpy")
def place_before(part: Log, size: int, limit: int, block_of: Indices, cursor: Integers, out: Log) -> int:
    """Put the rows of a part that are earlier than `limit` where their blocks' rows go; the others move to its front.

    cursor holds the next free place of each block. Gives how many rows stay. One column is written at a time, for few
    enough blocks that each writes on where it left off.
    """
    target = np.empty(size, np.int64)
    kept = 0
    for row in range(size):
        if part.moved_at[row] < limit:
            block = block_of[part.pair[row]]
            target[row] = cursor[block]
            cursor[block] += 1
        else:
            target[row] = -1 - kept
            kept += 1
    _place(part.pair, target, out.pair)
    _place(part.moved_at, target, out.moved_at)
    _place(part.quantity, target, out.quantity)
    _place(part.kind, target, out.kind)
    _place(part.unit_cost, target, out.unit_cost)
    if part.pool.size:
        _place(part.pool, target, out.pool)
    return kept


@njit(cache=True, nogil=True, error_model="numpy")
def _place(source: npt.NDArray[np.signedinteger], target: Integers, out: npt.NDArray[np.signedinteger]) -> None:
    for row in range(target.size):
        if target[row] >= 0:
            out[target[row]] = source[row]
        else:
            source[-1 - target[row]] = source[row]
