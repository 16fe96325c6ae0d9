"""Rounding cuts of single limits: find those that a search breaks, what plans take of them, what pieces pay for them."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from solvers.assignment.kernels_columns import Columns
from solvers.assignment.kernels_pricing import Instance, Int64, Whole

_COMMON_MULTIPLE = 12
"""Of all units that rounding up to a multiple of at most four can lack."""


class Cuts(NamedTuple):
    """Cuts by limit: each piece that takes units counts `quantity // divisor`, a listed one 1 more, `most` together.

    The cuts of limit r are limit_start[r]:limit_start[r + 1]; the pieces listed in a cut ascend.
    """

    limit_start: Int64
    divisor: Int64
    most: Int64
    piece_start: Int64
    piece: Int64


class Askers(NamedTuple):
    """The pieces that asked for units of limit r, start[r]:start[r + 1], and in how many rounds each did."""

    start: Int64
    piece: Int64
    rounds: Int64


@njit(cache=True, nogil=True)
def pieces_of_uses(instance: Instance, columns: Columns, sku_of_limit: Int64, piece_of_use: Int64) -> None:
    """Write by which piece each column uses each limit; -1 where several do or the limit is not stock."""
    for order in range(len(columns.start) - 1):
        for column in range(columns.start[order], columns.start[order + 1]):
            for use in range(columns.use_start[column], columns.use_start[column + 1]):
                sku = sku_of_limit[columns.use_limit[use]]
                found, last = 0, np.int64(-1)
                for piece in range(instance.piece_start[order], instance.piece_start[order + 1]):
                    if instance.piece_sku[piece] == sku:
                        found, last = found + 1, np.int64(piece)
                piece_of_use[use] = last if found == 1 else -1


@njit(cache=True, nogil=True)
def count_askers(columns: Columns, piece_of_use: Int64, column_rounds: Int64, num_limits: Whole) -> Askers:
    """Add up in how many rounds each piece asked for each limit."""
    # The second place after a limit's own counts its pieces, then the first holds where its next piece goes.
    start = np.zeros(num_limits + 2, dtype=np.int64)
    last_piece = np.full(num_limits, -1, dtype=np.int64)
    for column in range(len(columns.cost)):
        if column_rounds[column]:
            for use in range(columns.use_start[column], columns.use_start[column + 1]):
                limit, piece = columns.use_limit[use], piece_of_use[use]
                if piece >= 0 and last_piece[limit] != piece:
                    last_piece[limit] = piece
                    start[limit + 2] += 1
    start = np.cumsum(start)
    asker, rounds = np.zeros(start[-1], dtype=np.int64), np.zeros(start[-1], dtype=np.int64)
    last_piece[:] = -1
    for column in range(len(columns.cost)):
        if column_rounds[column]:
            for use in range(columns.use_start[column], columns.use_start[column + 1]):
                limit, piece = columns.use_limit[use], piece_of_use[use]
                if piece < 0:
                    continue
                if last_piece[limit] != piece:
                    last_piece[limit] = piece
                    asker[start[limit + 1]] = piece
                    start[limit + 1] += 1
                rounds[start[limit + 1] - 1] += column_rounds[column]
    return Askers(start[:-1], asker, rounds)


@njit(cache=True, nogil=True)
def _round_up(
    quantity: Int64, asked: Int64, rounds: Whole, units: Whole, divisor: Whole, listed: Int64
) -> tuple[Whole, Whole, Whole]:
    """Choose the askers to round up in the cut that is broken most; they come first in `listed`.

    Gives in how many rounds, all together, it is broken by one, how many are listed, and what the cut allows.
    """
    lacking = (-quantity) % divisor
    rank = np.ones(len(quantity), dtype=np.int64)
    total = np.int64(0)
    for asker in range(len(quantity)):
        total += quantity[asker] // divisor * asked[asker]
        if lacking[asker]:
            rank[asker] = -asked[asker] * (_COMMON_MULTIPLE // lacking[asker])
    listed[: len(quantity)] = np.argsort(rank, kind="mergesort")
    supply, size, most = units, np.int64(0), units // divisor
    broken = total - rounds * most
    for position in range(len(quantity)):
        asker = listed[position]
        if lacking[asker] == 0:
            break
        total += asked[asker]
        supply += lacking[asker]
        if total - rounds * (supply // divisor) > broken:
            broken, size, most = total - rounds * (supply // divisor), np.int64(position + 1), supply // divisor
    return broken, size, most


@njit(cache=True, nogil=True)
def find_cuts(
    askers: Askers,
    quantity: Int64,
    rounds: Whole,
    units: Int64,
    most_units: Whole,
    divisors: Int64,
    least_broken: Whole,
    found: Int64,
    listed_piece: Int64,
) -> Whole:
    """Write the cuts that the askers break, by limit; gives their number.

    A row of `found` holds limit, divisor, most, and where the cut's pieces end in `listed_piece`. Limits of more than
    `most_units` are left out.
    """
    num_found, end, widest = np.int64(0), np.int64(0), np.int64(0)
    for limit in range(len(units)):
        widest = max(widest, askers.start[limit + 1] - askers.start[limit])
    listed = np.empty(widest, dtype=np.int64)
    for limit in range(len(units)):
        if units[limit] > most_units:
            continue
        first, last = askers.start[limit], askers.start[limit + 1]
        for divisor in divisors:
            broken, size, most = _round_up(
                quantity[askers.piece[first:last]], askers.rounds[first:last], rounds, units[limit], divisor, listed
            )
            if broken >= least_broken:
                listed_piece[end : end + size] = askers.piece[first + np.sort(listed[:size])]
                end += size
                row = found[num_found]
                row[0], row[1], row[2], row[3] = limit, divisor, most, end
                num_found += 1
    return num_found


@njit(cache=True, nogil=True)
def _rounded(cuts: Cuts, cut: Whole, piece: Whole, quantity: Whole) -> Whole:
    """How much a piece counts in a cut."""
    end = cuts.piece_start[cut + 1]
    low, high = cuts.piece_start[cut], end
    while low < high:
        middle = (low + high) // 2
        if cuts.piece[middle] < piece:
            low = middle + 1
        else:
            high = middle
    counts: Whole = quantity // cuts.divisor[cut]
    if low < end and cuts.piece[low] == piece:
        counts += 1
    return counts


@njit(cache=True, nogil=True)
def use_cuts(
    columns: Columns, piece_of_use: Int64, quantity: Int64, cuts: Cuts, num_limits: Whole, writes: bool, more: Columns
) -> None:
    """Count (more.use_start), or write, what each column takes of limits and of cuts, which come after the limits."""
    at = np.int64(0)
    for column in range(len(columns.cost)):
        for use in range(columns.use_start[column], columns.use_start[column + 1]):
            limit, piece = columns.use_limit[use], piece_of_use[use]
            if writes:
                more.use_limit[at], more.use_amount[at] = limit, columns.use_amount[use]
            at += 1
            if piece < 0:
                continue
            for cut in range(cuts.limit_start[limit], cuts.limit_start[limit + 1]):
                counts = _rounded(cuts, cut, piece, quantity[piece])
                if counts:
                    if writes:
                        more.use_limit[at], more.use_amount[at] = num_limits + cut, counts
                    at += 1
        more.use_start[column + 1] = at


@njit(cache=True, nogil=True)
def charge_cuts(
    cuts: Cuts, price: Int64, sku_of_limit: Int64, sku_start: Int64, by_sku: Int64, quantity: Int64, charged: Int64
) -> Whole:
    """Write limit, piece and what the piece pays there for the cuts, as far as there is room; gives the count."""
    at = np.int64(0)
    for limit in range(len(sku_of_limit)):
        begin, end = cuts.limit_start[limit], cuts.limit_start[limit + 1]
        if begin == end:
            continue
        for position in range(sku_start[sku_of_limit[limit]], sku_start[sku_of_limit[limit] + 1]):
            piece = by_sku[position]
            pays = np.int64(0)
            for cut in range(begin, end):
                if price[cut]:
                    pays += price[cut] * _rounded(cuts, cut, piece, quantity[piece])
            if pays:
                if at < len(charged):
                    charged[at, 0], charged[at, 1], charged[at, 2] = limit, piece, pays
                at += 1
    return at
