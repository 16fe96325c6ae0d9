"""A movement log that is read batch by batch: counted, then put where the rows of its blocks go."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from numba import njit

from solvers.inventory.ledger.kernels_log import MAX_UNITS, UNKNOWN, Bytes, Codes, Indices, Integers, Log

SUM_BITS = 32
"""Where the sum of the movements of a stock begins in the word that holds their number as well."""


class Batch(NamedTuple):
    """Movements as they are read: texts as codes, and what each code stands for in the whole file."""

    sku_code: Indices
    sku_map: Indices
    place_code: Indices
    place_map: Indices
    kind_code: Indices
    kind_map: Codes
    moved_at: Integers
    quantity: Integers
    unit_cost: Integers
    cost_bits: Bytes
    """Arrow's bits of which costs are known, from `first_bit` on; empty where all are."""
    first_bit: int
    link: Indices
    """May be empty where nothing is linked."""


@njit(cache=True, nogil=True, error_model="numpy")
def count_rows(
    sku_code: Indices,
    sku_map: Indices,
    place_code: Indices,
    place_map: Indices,
    quantity: Integers,
    totals: Integers,
) -> int:
    """Add a batch of movements to totals[sku, place]: their sum and number in one word, and the sum of their sizes.

    Two words a stock stay in the cache where three do not: that is most of the time this takes. Gives a row whose quantity
    is too large, or UNKNOWN.
    """
    for row in range(sku_code.size):
        size = abs(quantity[row])
        if size > MAX_UNITS:
            return row
        sku, place = sku_map[sku_code[row]], place_map[place_code[row]]
        totals[sku, place, 0] += (quantity[row] << SUM_BITS) + 1
        totals[sku, place, 1] += size
    return UNKNOWN


@njit(cache=True, nogil=True, error_model="numpy")
def append_rows(batch: Batch, stock_of: Indices, part: Log) -> None:
    """Put a batch of movements into a part."""
    rows = batch.moved_at.size
    sku_code, sku_map, place_code, place_map = batch.sku_code, batch.sku_map, batch.place_code, batch.place_map
    kind_code, kind_map, pair, kind = batch.kind_code, batch.kind_map, part.pair, part.kind
    for row in range(rows):
        pair[row] = stock_of[sku_map[sku_code[row]], place_map[place_code[row]]]
        kind[row] = kind_map[kind_code[row]]
    part.moved_at[:rows] = batch.moved_at
    cost_bits, first_bit, all_known = batch.cost_bits, batch.first_bit, batch.cost_bits.size == 0
    for row in range(rows):
        part.quantity[row] = batch.quantity[row]
        bit = first_bit + row
        is_known = all_known or (cost_bits[bit >> 3] >> (bit & 7)) & 1
        part.unit_cost[row] = batch.unit_cost[row] if is_known else UNKNOWN
    if batch.link.size:
        part.pool[:rows] = batch.link


@njit(cache=True, nogil=True, error_model="numpy")
def place_rows(part: Log, size: int, block_of: Indices, cursor: Integers, out: Log) -> None:
    """Put the rows of a part where their blocks' rows go; cursor holds the next free place of each block.

    One column is written at a time, for few enough blocks that each writes on where it left off.
    """
    target = np.empty(size, np.int64)
    for row in range(size):
        block = block_of[part.pair[row]]
        target[row] = cursor[block]
        cursor[block] += 1
    _place(part.pair, target, out.pair)
    _place(part.moved_at, target, out.moved_at)
    _place(part.quantity, target, out.quantity)
    _place(part.kind, target, out.kind)
    _place(part.unit_cost, target, out.unit_cost)
    if part.pool.size:
        _place(part.pool, target, out.pool)


@njit(cache=True, nogil=True, error_model="numpy")
def _place(source: npt.NDArray[np.signedinteger], target: Integers, out: npt.NDArray[np.signedinteger]) -> None:
    for row in range(target.size):
        out[target[row]] = source[row]
