"""Simulated annealing over columns: give an order another plan, move those in its way, keep it by chance and gain."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.assignment.kernels_columns import Columns
from solvers.assignment.kernels_pricing import Int64, Whole

Int32 = NDArray[np.int32]

_SCANNED = 4
"""Holders of a limit that are compared before one of them gives way."""
_NEVER = np.int64(2**61)


class Holding(NamedTuple):
    """Which plans orders have, what is left, and who holds what: kept up to date together."""

    chosen: Int64
    left: Int64
    first: Int64
    held: Int64
    holder: Int32
    place: Int32
    order_of_use: Int32


@njit(cache=True, nogil=True)
def draw(state: Int64, below: Whole) -> Whole:
    """Draw from 0…below - 1 (Park and Miller's generator, which never leaves int64)."""
    state[0] = state[0] * 48271 % 2147483647
    drawn: Whole = state[0] % below
    return drawn


@njit(cache=True, nogil=True)
def _enter(columns: Columns, column: Whole, holding: Holding) -> None:
    """Enter a column's uses with the limits."""
    for use in range(columns.use_start[column], columns.use_start[column + 1]):
        limit = columns.use_limit[use]
        at = holding.first[limit] + holding.held[limit]
        holding.holder[at] = use
        holding.place[use] = at
        holding.held[limit] += 1


@njit(cache=True, nogil=True)
def _hold(columns: Columns, column: Whole, holding: Holding) -> None:
    """Take what a column uses and enter its uses with the limits."""
    for use in range(columns.use_start[column], columns.use_start[column + 1]):
        holding.left[columns.use_limit[use]] -= columns.use_amount[use]
    _enter(columns, column, holding)


@njit(cache=True, nogil=True)
def _release(columns: Columns, column: Whole, holding: Holding) -> None:
    """Give back what a column uses."""
    for use in range(columns.use_start[column], columns.use_start[column + 1]):
        limit = columns.use_limit[use]
        holding.left[limit] += columns.use_amount[use]
        holding.held[limit] -= 1
        last = holding.holder[holding.first[limit] + holding.held[limit]]
        at = holding.place[use]
        holding.holder[at] = last
        holding.place[last] = at


@njit(cache=True, nogil=True)
def enter_orders(columns: Columns, orders: Int64, holding: Holding) -> None:
    """Enter these orders, and nobody else, as holders of what their columns use."""
    holding.held[:] = 0
    for position in range(len(orders)):
        _enter(columns, holding.chosen[orders[position]], holding)


@njit(cache=True, nogil=True)
def take_columns(columns: Columns, chosen: Int64, left: Int64) -> None:
    """Take what the chosen columns use."""
    for order in range(len(chosen)):
        for use in range(columns.use_start[chosen[order]], columns.use_start[chosen[order] + 1]):
            left[columns.use_limit[use]] -= columns.use_amount[use]


@njit(cache=True, nogil=True)
def _fits(columns: Columns, column: Whole, left: Int64) -> bool:
    for use in range(columns.use_start[column], columns.use_start[column + 1]):
        if columns.use_amount[use] > left[columns.use_limit[use]]:
            return False
    return True


@njit(cache=True, nogil=True)
def _loss(
    columns: Columns, energy: Int64, order: Whole, limit: Whole, penalty: Whole, holding: Holding, state: Int64
) -> Whole:
    """How much dearer an order gets without a limit; plans that do not fit as they stand bear a random penalty."""
    least = _NEVER
    for column in range(columns.start[order], columns.start[order + 1]):
        cost = energy[column]
        if cost >= least:
            continue
        fits, asks = True, False
        for use in range(columns.use_start[column], columns.use_start[column + 1]):
            if columns.use_limit[use] == limit:
                asks = True
            if columns.use_amount[use] > holding.left[columns.use_limit[use]]:
                fits = False
        if asks:
            continue
        if not fits:
            cost += draw(state, penalty)
        if cost < least:
            least = np.int64(cost)
    loss: Whole = least - energy[holding.chosen[order]]
    return loss


@njit(cache=True, nogil=True)
def _giving_way(
    columns: Columns,
    energy: Int64,
    limit: Whole,
    penalty: Whole,
    holding: Holding,
    moved: Int64,
    num_moved: Whole,
    state: Int64,
) -> Whole:
    """Of some unmoved holders of a limit the one that loses least without it; -1 where there are none."""
    count = holding.held[limit]
    if count == 0:
        return -1
    best, least = np.int64(-1), _NEVER
    at = draw(state, count)
    for _ in range(min(count, _SCANNED)):
        order = holding.order_of_use[holding.holder[holding.first[limit] + at]]
        at = at + 1 if at + 1 < count else 0
        fresh = True
        for position in range(num_moved):
            if moved[position] == order:
                fresh = False
        if fresh:
            loss = _loss(columns, energy, order, limit, penalty, holding, state)
            if loss < least:
                best, least = np.int64(order), np.int64(loss)
    return best


@njit(cache=True, nogil=True)
def anneal(
    columns: Columns,
    energy: Int64,
    least_energy: Int64,
    orders: Int64,
    holding: Holding,
    moves: Whole,
    heat: Whole,
    quantile: Int64,
    most_moved: Whole,
    state: Int64,
) -> tuple[Whole, Whole]:
    """Make moves at one heat; gives by how much energy fell and how many moves were kept.

    A move is kept when it costs at most heat times an exponential variate (quantile, in 1/1024, tabulated), which is
    Metropolis' rule.
    """
    moved = np.zeros(64, dtype=np.int64)
    before = np.zeros(64, dtype=np.int64)
    fell = np.int64(0)
    kept = np.int64(0)
    penalty = 2 * heat + 2000
    for _ in range(moves):
        order = orders[draw(state, len(orders))]
        present = holding.chosen[order]
        begin = columns.start[order]
        column = begin + draw(state, columns.start[order + 1] - begin)
        allowed = heat * quantile[draw(state, len(quantile))] >> 10
        if column == present or energy[column] - energy[present] > allowed + penalty:
            continue
        moved[0], before[0] = order, present
        num_moved = np.int64(1)
        change = energy[column] - energy[present]
        _release(columns, present, holding)
        position = np.int64(0)
        target = column
        sound = True
        while True:
            for use in range(columns.use_start[target], columns.use_start[target + 1]):
                limit = columns.use_limit[use]
                while columns.use_amount[use] > holding.left[limit]:
                    other: Whole = np.int64(-1)
                    if num_moved < most_moved:
                        other = _giving_way(columns, energy, limit, penalty, holding, moved, num_moved, state)
                    if other < 0:
                        sound = False
                        break
                    moved[num_moved], before[num_moved] = other, holding.chosen[other]
                    change += least_energy[other] - energy[holding.chosen[other]]
                    _release(columns, holding.chosen[other], holding)
                    num_moved += 1
                    if change > allowed:
                        sound = False
                        break
                if not sound:
                    break
            if not sound:
                break
            _hold(columns, target, holding)
            holding.chosen[moved[position]] = target
            position += 1
            if position == num_moved:
                break
            other = moved[position]
            change -= least_energy[other]
            target, least = np.int64(-1), _NEVER
            for candidate in range(columns.start[other], columns.start[other + 1]):
                cost = energy[candidate]
                if cost < least:
                    if not _fits(columns, candidate, holding.left):
                        if num_moved == most_moved:
                            continue
                        cost += draw(state, penalty)
                    if cost < least:
                        target, least = np.int64(candidate), np.int64(cost)
            change += energy[target]
            if change > allowed:
                sound = False
                break
        if sound and change <= allowed:
            fell -= change
            kept += 1
        else:
            for placed in range(position):
                _release(columns, holding.chosen[moved[placed]], holding)
            for placed in range(num_moved):
                holding.chosen[moved[placed]] = before[placed]
                _hold(columns, before[placed], holding)
    return fell, kept
