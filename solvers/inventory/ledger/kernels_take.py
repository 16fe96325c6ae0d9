"""Movements in time order, put by block of articles into buckets and valued when one is full: none is held for long."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from solvers.inventory.ledger.kernels_ledger import State, value_rows
from solvers.inventory.ledger.kernels_log import DAY_US, UNKNOWN, Indices, Integers
from solvers.inventory.ledger.kernels_moves import HAS_COST, KIND_BITS, SAME_INSTANT, Moves
from solvers.inventory.ledger.kernels_scan import Batch

TAKEN, NOT_IN_ORDER, FULL, NO_NODES, OUT_OF_RANGE = range(5)
"""How a kernel ended: it may stop at a row that is earlier than the last, at a bucket, or for want of room."""
_LINE_WORDS = 8
"""Words that one line of the cache holds."""


class Buckets(NamedTuple):
    """Movements that wait until there are enough of their block; those of one instant wait for each other."""

    moves: Moves
    fill: Integers
    """(blocks, 2) how many wait, and the instant of the last."""


class Books(NamedTuple):
    """What movements are valued into."""

    state: State
    pools: Integers
    pool_lists: Integers
    measures: Integers


@njit(cache=True, nogil=True, error_model="numpy")
def _comes_before(moves: Moves, i: int, j: int) -> bool:
    """Tell whether one of two moves of one instant stands strictly before the other, as `comes_before` does of rows."""
    one, other = moves.what[i, 3] & ~SAME_INSTANT, moves.what[j, 3] & ~SAME_INSTANT
    if (one & KIND_BITS) != (other & KIND_BITS):
        return bool((one & KIND_BITS) < (other & KIND_BITS))
    if moves.pool.size and moves.pool[i] != moves.pool[j]:
        return bool(moves.pool[i] < moves.pool[j])
    if moves.what[i, 0] != moves.what[j, 0]:
        return bool(moves.what[i, 0] < moves.what[j, 0])
    if moves.what[i, 1] != moves.what[j, 1]:
        return bool(moves.what[i, 1] < moves.what[j, 1])
    if one != other:
        return bool(one < other)
    return one > KIND_BITS and bool(moves.unit_cost[i] < moves.unit_cost[j])


@njit(cache=True, nogil=True, error_model="numpy")
def _swap(moves: Moves, i: int, j: int) -> None:
    """Exchange two moves of one instant; the marks of what came together stay."""
    for one in range(2):
        moves.what[i, one], moves.what[j, one] = moves.what[j, one], moves.what[i, one]
    first, second = moves.what[i, 3], moves.what[j, 3]
    moves.what[i, 3] = (second & ~SAME_INSTANT) | (first & SAME_INSTANT)
    moves.what[j, 3] = (first & ~SAME_INSTANT) | (second & SAME_INSTANT)
    moves.unit_cost[i], moves.unit_cost[j] = moves.unit_cost[j], moves.unit_cost[i]
    if moves.pool.size:
        moves.pool[i], moves.pool[j] = moves.pool[j], moves.pool[i]


@njit(cache=True, nogil=True, error_model="numpy")
def _keep_from(buckets: Buckets, block: int, begin: int, since: int, end: int) -> None:
    """Move what came at the last instant to the front of a bucket."""
    moves = buckets.moves
    for row in range(since, end):
        to = begin + row - since
        for one in range(4):
            moves.what[to, one] = moves.what[row, one]
        moves.unit_cost[to] = moves.unit_cost[row]
        if moves.pool.size:
            moves.pool[to] = moves.pool[row]
    buckets.fill[block, 0] = end - since


@njit(cache=True, nogil=True, error_model="numpy")
def scatter_rows(
    batch: Batch,
    at: int,
    floor: int,
    stock_of: Indices,
    block_of: Indices,
    buckets: Buckets,
    room: int,
    stopped: Integers,
) -> int:
    """Put the movements from row `at` of a batch on into the buckets of their blocks; none may be earlier than `floor`.

    stock_of: stock by article and warehouse. block_of: block by article. room: moves of a bucket. stopped: is set to the row
    that was not taken and, where its bucket is full, to that bucket.
    """
    moves, fill = buckets.moves, buckets.fill
    what, unit_costs, pools = moves.what, moves.unit_cost, moves.pool
    moments, quantities, costs, links = batch.moved_at, batch.quantity, batch.unit_cost, batch.link
    sku_codes, sku_map, place_codes, place_map = batch.sku_code, batch.sku_map, batch.place_code, batch.place_map
    kind_codes, kind_map, cost_bits, first_bit = batch.kind_code, batch.kind_map, batch.cost_bits, batch.first_bit
    last, has_pools, all_known = floor, links.size > 0, cost_bits.size == 0
    for row in range(at, moments.size):
        moved_at = moments[row]
        sku = sku_map[sku_codes[row]]
        block = block_of[sku]
        held = fill[block, 0]
        if moved_at < last or held == room:
            stopped[0], stopped[1] = row, block
            return NOT_IN_ORDER if moved_at < last else FULL
        last = moved_at
        to = block * room + held
        code = int(kind_map[kind_codes[row]])
        bit = first_bit + row
        if (all_known or (cost_bits[bit >> 3] >> (bit & 7)) & 1) and costs[row] >= 0:
            unit_costs[to] = costs[row]
            code |= HAS_COST
        what[to, 0], what[to, 1] = stock_of[sku, place_map[place_codes[row]]], quantities[row]
        what[to, 2], what[to, 3] = moved_at // DAY_US, code
        if has_pools:
            pools[to] = links[row]
        fill[block, 0] = held + 1
        if held > 0 and moved_at == fill[block, 1]:
            what[to, 3] |= SAME_INSTANT
            while what[to, 3] & SAME_INSTANT and _comes_before(moves, to, to - 1):
                _swap(moves, to, to - 1)
                to -= 1
        fill[block, 1] = moved_at
    return TAKEN


@njit(cache=True, nogil=True, error_model="numpy")
def _fetch_stocks(books: Books, first: int, end: int) -> int:
    """Read a word of every line of the cache that stocks first..end-1 take; gives what the compiler must read them for.

    One after the other they come in together; met by movements in any order, each is waited for alone.
    """
    now, measures, read = books.state.now, books.measures, int(np.int64(0))
    for stock in range(first, end):
        read ^= now[stock, 0] ^ now[stock, _LINE_WORDS]
        for word in range(_LINE_WORDS // 2, measures.shape[1], _LINE_WORDS):
            read ^= measures[stock, word]
    return int(read)


@njit(cache=True, nogil=True, error_model="numpy")
def value_buckets(
    begin: int,
    end: int,
    least: int,
    buckets: Buckets,
    room: int,
    stock_start: Integers,
    books: Books,
    first_day: int,
    has_ages: bool,
    is_last: bool,
    stopped: Integers,
) -> int:
    """Value what waits in buckets begin..end-1 that hold at least so many moves; may stop for want of nodes.

    Unless the log has ended, moves of a bucket's last instant stay: more of it may come. stock_start: where the stocks of
    each block begin. stopped: is set to the bucket, or to the stock that left the exact range; what follows says nothing.
    """
    no_values = np.empty((0, 4), np.int64)
    what, fill, heap, nodes = buckets.moves.what, buckets.fill, books.state.heap, books.state.nodes
    for block in range(begin, end):
        first, held = block * room, fill[block, 0]
        if held < least:
            continue
        stopped[0] = block
        stopped[1] = _fetch_stocks(books, stock_start[block], stock_start[block + 1])
        if has_ages and heap[1] + 2 * held > nodes.shape[0]:
            return NO_NODES
        since = first + held
        if not is_last and held > 0:
            since -= 1
            while since > first and what[since, 3] & SAME_INSTANT:
                since -= 1
        failed = value_rows(
            buckets.moves,
            first,
            since,
            books.state,
            books.pools,
            books.pool_lists,
            first_day,
            has_ages,
            books.measures,
            no_values,
            int(np.int64(0)),
        )
        if failed != UNKNOWN:
            stopped[0] = failed
            return OUT_OF_RANGE
        _keep_from(buckets, block, first, since, first + held)
    return TAKEN
