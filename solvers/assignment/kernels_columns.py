"""Columns: whole plans of orders that are nearly cheapest at some prices, and what they take of the shared limits.

Pricing and searching among a handful of plans an order is many times cheaper than over all of its options.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.assignment.kernels_plan import PriceArrays
from solvers.assignment.kernels_pricing import (
    DENSE_PIECES,
    Instance,
    Int64,
    Whole,
    Work,
    cheapest_plan,
    cover_bound,
    reduce_options,
)

Int32 = NDArray[np.int32]
Flags = NDArray[np.bool_]

MOST_COLUMNS = 40
"""Most plans kept of an order."""
_MOST_STEPS = 4000
"""Most steps of the search for an order's plans before it is tried again with half the slack."""


class Columns(NamedTuple):
    """Plans of all orders; the last plan of each lets everything wait and takes nothing."""

    start: Int64
    cost: Int64
    use_start: Int64
    use_limit: Int32
    use_amount: Int64
    option_start: Int64
    option: Int64


class Search(NamedTuple):
    """Scratch of one thread that lists plans."""

    near: Int64
    next_option: Int64
    covered: Int64
    cost: Int64
    parcels: Int64
    chosen: Int64
    found: Int64
    found_cost: Int64
    limit: Int64
    amount: Int64


@njit(cache=True, nogil=True)
def _rest_bound(work: Work, rest: Whole, pieces: Whole) -> Whole:
    """Lower bound of what a set of undecided pieces costs at prices, every parcel's split cost included."""
    if pieces <= DENSE_PIECES:
        tabulated: Whole = work.value[rest]
        return tabulated
    total = np.int64(0)
    for piece in range(pieces):
        if rest >> piece & 1:
            total += work.share[piece]
    return total


@njit(cache=True, nogil=True)
def _store(instance: Instance, order: Whole, plan: Int64, search: Search, size: Whole) -> Whole:
    """Add a plan, the option of each piece, unless it is known; gives the new number of plans."""
    start = instance.piece_start[order]
    pieces = instance.piece_start[order + 1] - start
    for known in range(size):
        same = True
        for piece in range(pieces):
            if search.found[known * 64 + piece] != plan[piece]:
                same = False
                break
        if same:
            return size
    cost = np.int64(0)
    ships = False
    for piece in range(pieces):
        option = plan[piece]
        search.found[size * 64 + piece] = option
        if option < 0:
            cost += instance.backorder[start + piece]
        elif instance.option_mask[option] & ((np.int64(1) << piece) - 1) == 0:
            cost += instance.option_cost[option]
            ships = True
    search.found_cost[size] = cost - instance.split if ships else cost
    return size + 1


@njit(cache=True, nogil=True)
def _list_within(
    instance: Instance, order: Whole, most_cost: Whole, work: Work, search: Search, size: Whole, most: Whole
) -> Whole:
    """Add the plans of at most this cost at prices; gives their number with those known, or -1 when there are more."""
    pieces = instance.piece_start[order + 1] - instance.piece_start[order]
    first_piece = instance.piece_start[order]
    begin = instance.option_start[order]
    full = (np.int64(1) << pieces) - 1
    limit = most_cost + instance.split
    num_near = 0
    for option in range(begin, instance.option_start[order + 1]):
        rest = full ^ instance.option_mask[option]
        if work.reduced[option - begin] + _rest_bound(work, rest, pieces) <= limit:
            search.near[num_near] = option
            num_near += 1
    for piece in range(pieces):
        work.plan[piece] = -1
    depth, steps = 0, 0
    search.next_option[0], search.covered[0], search.cost[0], search.parcels[0] = 0, 0, 0, 0
    search.chosen[0] = -1
    while depth >= 0:
        steps += 1
        if steps > _MOST_STEPS:
            return -1
        chosen = search.chosen[depth]
        if chosen >= 0:
            for piece in range(pieces):
                if instance.option_mask[chosen] >> piece & 1:
                    work.plan[piece] = -1
            search.chosen[depth] = -1
        covered = search.covered[depth]
        if covered == full:
            ships = search.parcels[depth] > 0
            if search.cost[depth] - (instance.split if ships else 0) <= most_cost:
                if size >= most:
                    return -1
                size = _store(instance, order, work.plan, search, size)
            depth -= 1
            continue
        low = 0
        while covered >> low & 1:
            low += 1
        position = search.next_option[depth]
        if position > num_near:
            depth -= 1
            continue
        search.next_option[depth] = position + 1
        cost, parcels = search.cost[depth], search.parcels[depth]
        if position == num_near:
            after = covered | np.int64(1) << low
            cost += instance.backorder[first_piece + low]
        else:
            option = search.near[position]
            mask = instance.option_mask[option]
            if not mask >> low & 1 or mask & covered:
                continue
            after = covered | mask
            cost += work.reduced[option - begin]
            parcels += instance.option_parcels[option]
            if parcels > instance.max_shipments[order]:
                continue
            search.chosen[depth] = option
        if cost + _rest_bound(work, full ^ after, pieces) > limit:
            search.chosen[depth] = -1
            continue
        if position < num_near:
            for piece in range(pieces):
                if instance.option_mask[option] >> piece & 1:
                    work.plan[piece] = option
        depth += 1
        search.next_option[depth], search.covered[depth] = 0, after
        search.cost[depth], search.parcels[depth], search.chosen[depth] = cost, parcels, -1
    return size


@njit(cache=True, nogil=True)
def _plans_of(
    instance: Instance,
    order: Whole,
    prices: PriceArrays,
    slack: Whole,
    work: Work,
    plan_of_piece: Int64,
    search: Search,
) -> Whole:
    """List in search.found the plans within slack of the cheapest at prices, the present one, and waiting (last)."""
    start = instance.piece_start[order]
    pieces = instance.piece_start[order + 1] - start
    reduce_options(instance, order, prices.stock, prices.capacity, prices.resource, work.reduced)
    cheapest, _bound = cheapest_plan(instance, order, work)
    own = _store(instance, order, work.plan, search, np.int64(0))
    own = _store(instance, order, plan_of_piece[start : start + pieces], search, own)
    if pieces > DENSE_PIECES:
        cover_bound(instance, order, work)
    size: Whole = np.int64(-1)
    while size < 0:
        # Where even equally cheap plans are too many, the two at hand must do.
        size = _list_within(instance, order, cheapest + slack, work, search, own, np.int64(MOST_COLUMNS))
        if size < 0 and slack == 0:
            size = own
        slack //= 2
    # Waiting must come last: take it out where it was found.
    at = np.int64(0)
    for known in range(size):
        waits = True
        for piece in range(pieces):
            waits = waits and search.found[known * 64 + piece] < 0
        if not waits:
            if at < known:
                search.found[at * 64 : at * 64 + pieces] = search.found[known * 64 : known * 64 + pieces]
                search.found_cost[at] = search.found_cost[known]
            at += 1
    for piece in range(pieces):
        work.plan[piece] = -1
    return _store(instance, order, work.plan, search, at)


@njit(cache=True, nogil=True)
def _add_use(search: Search, size: Whole, limit: Whole, amount: Whole) -> Whole:
    """Add to what a plan takes; a negative limit cannot run out. Gives the new number of uses."""
    if limit < 0:
        return size
    for known in range(size):
        if search.limit[known] == limit:
            search.amount[known] += amount
            return size
    search.limit[size], search.amount[size] = limit, amount
    return size + 1


@njit(cache=True, nogil=True)
def _uses_of(
    instance: Instance,
    order: Whole,
    known: Whole,
    contested: Int64,
    num_skus: Whole,
    num_warehouses: Whole,
    search: Search,
) -> tuple[Whole, Whole]:
    """Sum what a listed plan takes into search.limit and search.amount; gives the number of uses and of options."""
    start = instance.piece_start[order]
    uses: Whole = np.int64(0)
    options = np.int64(0)
    after_stock = num_skus * num_warehouses
    for piece in range(instance.piece_start[order + 1] - start):
        option = search.found[known * 64 + piece]
        if option < 0:
            continue
        warehouse = instance.option_warehouse[option]
        quantity = instance.piece_quantity[start + piece]
        cell = instance.piece_sku[start + piece] * num_warehouses + warehouse
        uses = _add_use(search, uses, contested[cell], quantity)
        uses = _add_use(search, uses, contested[after_stock + warehouse], quantity)
        if instance.option_mask[option] & ((np.int64(1) << piece) - 1) == 0:
            options += 1
            for use in range(instance.use_start[option], instance.use_start[option + 1]):
                resource = contested[after_stock + num_warehouses + instance.use_resource[use]]
                uses = _add_use(search, uses, resource, instance.use_amount[use])
    return uses, options


@njit(cache=True, nogil=True)
def list_plans(
    instance: Instance,
    orders: Int64,
    prices: PriceArrays,
    slack: Whole,
    contested: Int64,
    plan_of_piece: Int64,
    work: Work,
    search: Search,
    sizes: Int64,
    writes: bool,
    columns: Columns,
) -> None:
    """Count the columns, uses and options of each order (sizes, shape (num_orders, 3)), or write them where they go.

    When writing, sizes tells where each order's begin.
    """
    num_skus, num_warehouses = prices.stock.shape
    for position in range(len(orders)):
        order = orders[position]
        found = _plans_of(instance, order, prices, slack, work, plan_of_piece, search)
        column, at_use, at_option = np.int64(0), np.int64(0), np.int64(0)
        if writes:
            column, at_use, at_option = sizes[order, 0], sizes[order, 1], sizes[order, 2]
        for known in range(found):
            uses, options = _uses_of(instance, order, known, contested, num_skus, num_warehouses, search)
            if writes:
                columns.cost[column] = search.found_cost[known]
                columns.use_start[column + 1] = at_use + uses
                columns.option_start[column + 1] = at_option + options
                for use in range(uses):
                    columns.use_limit[at_use + use] = search.limit[use]
                    columns.use_amount[at_use + use] = search.amount[use]
                at = at_option
                for piece in range(instance.piece_start[order + 1] - instance.piece_start[order]):
                    option = search.found[known * 64 + piece]
                    if option >= 0 and instance.option_mask[option] & ((np.int64(1) << piece) - 1) == 0:
                        columns.option[at] = option
                        at += 1
            column += 1
            at_use += uses
            at_option += options
        if not writes:
            sizes[order, 0], sizes[order, 1], sizes[order, 2] = column, at_use, at_option


@njit(cache=True, nogil=True)
def price_columns(columns: Columns, begin: Whole, end: Whole, price: Int64, used: Int64, chosen: Int64) -> Whole:
    """Choose the cheapest column of each order from begin to end at prices; gives what they cost at prices together."""
    total = np.int64(0)
    for order in range(begin, end):
        cheapest, best = np.int64(2**62), np.int64(-1)
        for column in range(columns.start[order], columns.start[order + 1]):
            cost = columns.cost[column]
            for use in range(columns.use_start[column], columns.use_start[column + 1]):
                cost += columns.use_amount[use] * price[columns.use_limit[use]]
            if cost < cheapest:
                cheapest, best = cost, np.int64(column)
        total += cheapest
        chosen[order] = best
        for use in range(columns.use_start[best], columns.use_start[best + 1]):
            used[columns.use_limit[use]] += columns.use_amount[use]
    return total


@njit(cache=True, nogil=True)
def choose_within(
    columns: Columns, orders: Int64, price: Int64, left: Int64, used: Int64, choice: Int64, changes: Int64
) -> None:
    """Choose for each of some orders the cheapest column at prices that by itself fits in what is left.

    Sets used to what these take together, and counts in changes, by position, choices that differ from the one before.
    """
    used[:] = 0
    for position in range(len(orders)):
        order = orders[position]
        cheapest, best = np.int64(2**62), np.int64(-1)
        for column in range(columns.start[order], columns.start[order + 1]):
            cost = columns.cost[column]
            fits = True
            for use in range(columns.use_start[column], columns.use_start[column + 1]):
                limit = columns.use_limit[use]
                if columns.use_amount[use] > left[limit]:
                    fits = False
                    break
                cost += columns.use_amount[use] * price[limit]
            if fits and cost < cheapest:
                cheapest, best = cost, np.int64(column)
        if choice[order] >= 0 and choice[order] != best:
            changes[position] += 1
        choice[order] = best
        for use in range(columns.use_start[best], columns.use_start[best + 1]):
            used[columns.use_limit[use]] += columns.use_amount[use]


@njit(cache=True, nogil=True)
def fix_columns(columns: Columns, orders: Int64, choice: Int64, left: Int64, fixed: Flags) -> None:
    """Give each order in turn its choice where that still fits, take it from what is left, and mark the position."""
    for position in range(len(orders)):
        column = choice[orders[position]]
        fits = True
        for use in range(columns.use_start[column], columns.use_start[column + 1]):
            if columns.use_amount[use] > left[columns.use_limit[use]]:
                fits = False
                break
        fixed[position] = fits
        if fits:
            for use in range(columns.use_start[column], columns.use_start[column + 1]):
                left[columns.use_limit[use]] -= columns.use_amount[use]
