"""The cheapest plan of each order at given prices: a partition of its pieces into options and backorders.

All costs are int64 in thousandths of a cent. An order of few pieces is solved over all subsets of its pieces; one of
many pieces, or one held to few parcels, over the subsets that its options can reach. Both take the lowest undecided
piece first, so every partition is met once.
"""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

Int64 = NDArray[np.int64]
Whole: TypeAlias = int | np.int64

BLOCKED = np.int64(2**62)
"""Cost of an option that may not be taken."""
DENSE_PIECES = 8
"""Most pieces for which all subsets are tabulated."""
MAX_STATES = 1 << 13
"""Most states kept for an order of many pieces; beyond it the bound is relaxed and the plan is the best one met."""
_TABLE_SIZE = 1 << 15

_lowest = np.zeros(1 << DENSE_PIECES, dtype=np.int64)
for _mask in range(1, 1 << DENSE_PIECES):
    _lowest[_mask] = (_mask & -_mask).bit_length() - 1
LOWEST_BIT = _lowest


class Instance(NamedTuple):
    """The problem as kernels read it: costs in thousandths of a cent, an option's split cost in its own cost."""

    piece_start: Int64
    piece_sku: NDArray[np.int32]
    piece_quantity: Int64
    backorder: Int64
    option_start: Int64
    option_warehouse: NDArray[np.int32]
    option_mask: Int64
    option_cost: Int64
    option_parcels: NDArray[np.int32]
    max_shipments: NDArray[np.int32]
    use_start: Int64
    use_resource: NDArray[np.int32]
    use_amount: Int64
    split: np.int64


class Work(NamedTuple):
    """Scratch of one thread."""

    reduced: Int64
    best: Int64
    best_option: Int64
    value: Int64
    choice: Int64
    first_value: Int64
    first_choice: Int64
    state_mask: Int64
    state_parcels: Int64
    state_cost: Int64
    state_parent: Int64
    state_option: Int64
    table: Int64
    share: Int64
    plan: Int64


def make_work(instance: Instance) -> Work:
    """Allocate the scratch of one thread.

    Parameters
    ----------
    instance
        The problem; the order with most options sizes the scratch, and the tables of many-piece orders are only
        allocated in full where such orders exist.
    """
    most_options = int(np.diff(instance.option_start).max(initial=1))
    pieces = np.diff(instance.piece_start)
    needs_states = bool((pieces > DENSE_PIECES).any() or (instance.max_shipments < pieces * 4).any())
    needs_states = needs_states or bool(
        (instance.option_parcels > 1).any() and (instance.max_shipments < 2**31 - 1).any()
    )
    states, table = (MAX_STATES, _TABLE_SIZE) if needs_states else (1, 1)
    subsets = 1 << DENSE_PIECES

    def zeros(size: int) -> Int64:
        return np.zeros(size, dtype=np.int64)

    return Work(
        zeros(max(most_options, 1)), zeros(subsets), zeros(subsets), zeros(subsets), zeros(subsets), zeros(64), zeros(64),
        zeros(states), zeros(states), zeros(states), zeros(states), zeros(states), zeros(table), zeros(64), zeros(64),
    )  # fmt: skip


@njit(cache=True, nogil=True)
def reduce_options(
    instance: Instance, order: Whole, stock_price: Int64, capacity_price: Int64, resource_price: Int64, reduced: Int64
) -> None:
    """Write the cost at prices of each option of one order; prices are per unit, shape (num_skus, num_warehouses)."""
    first_piece = instance.piece_start[order]
    begin = instance.option_start[order]
    for option in range(begin, instance.option_start[order + 1]):
        warehouse = instance.option_warehouse[option]
        cost = instance.option_cost[option]
        per_unit = capacity_price[warehouse]
        mask = instance.option_mask[option]
        piece = first_piece
        while mask:
            if mask & 1:
                cost += instance.piece_quantity[piece] * (stock_price[instance.piece_sku[piece], warehouse] + per_unit)
            mask >>= 1
            piece += 1
        for use in range(instance.use_start[option], instance.use_start[option + 1]):
            cost += instance.use_amount[use] * resource_price[instance.use_resource[use]]
        reduced[option - begin] = cost


@njit(cache=True, nogil=True)
def _partition_dense(instance: Instance, order: Whole, work: Work) -> Whole:
    """Exact over all subsets of at most DENSE_PIECES pieces, any number of parcels; the plan is left in work.plan."""
    first_piece = instance.piece_start[order]
    pieces = instance.piece_start[order + 1] - first_piece
    begin = instance.option_start[order]
    full = (1 << pieces) - 1
    best, best_option, value, choice = work.best, work.best_option, work.value, work.choice
    for subset in range(full + 1):
        best[subset] = BLOCKED
    for option in range(begin, instance.option_start[order + 1]):
        cost = work.reduced[option - begin]
        mask = instance.option_mask[option]
        if cost < best[mask]:
            best[mask] = cost
            best_option[mask] = option

    value[0] = 0
    for subset in range(1, full + 1):
        low = LOWEST_BIT[subset]
        rest = subset ^ (1 << low)
        cheapest, taken = BLOCKED, 0
        inner = rest
        while True:
            candidate = inner | (1 << low)
            if best[candidate] < BLOCKED:
                cost = best[candidate] + value[rest ^ inner]
                if cost < cheapest:
                    cheapest, taken = cost, candidate
            if inner == 0:
                break
            inner = (inner - 1) & rest
        backorder = instance.backorder[first_piece + low]
        # The first parcel of an order is not a split: only sets of the last pieces can still wait for their first.
        if subset == (full >> low) << low:
            work.first_value[low], work.first_choice[low] = cheapest, taken
            if low + 1 < pieces and work.first_value[low + 1] < BLOCKED:
                later = backorder + work.first_value[low + 1]
                if later < cheapest:
                    work.first_value[low], work.first_choice[low] = later, 0
        if cheapest <= backorder + value[rest]:
            value[subset], choice[subset] = cheapest, taken
        else:
            value[subset], choice[subset] = backorder + value[rest], 0

    nothing = np.int64(0)
    for piece in range(pieces):
        work.plan[piece] = -1
        nothing += instance.backorder[first_piece + piece]
    if pieces == 0 or work.first_value[0] >= BLOCKED or nothing <= work.first_value[0] - instance.split:
        return nothing
    subset, waiting = full, True
    while subset:
        low = LOWEST_BIT[subset]
        taken = work.first_choice[low] if waiting else choice[subset]
        if taken == 0:
            subset ^= 1 << low
            continue
        waiting = False
        for piece in range(pieces):
            if taken >> piece & 1:
                work.plan[piece] = best_option[taken]
        subset ^= taken
    total: Whole = work.first_value[0] - instance.split
    return total


@njit(cache=True, nogil=True)
def _push(
    work: Work,
    next_first: Whole,
    limit: Whole,
    size: Whole,
    mask: Whole,
    parcels: Whole,
    cost: Whole,
    parent: Whole,
    option: Whole,
) -> Whole:
    """Add a state or improve its equal; the new number of states, or -1 when there is no room for it."""
    slot = (mask % 1000003 * 131 + parcels * 7919) & (len(work.table) - 1)
    while work.table[slot] >= next_first:
        state = work.table[slot]
        if work.state_mask[state] == mask and work.state_parcels[state] == parcels:
            if cost < work.state_cost[state]:
                work.state_cost[state], work.state_parent[state], work.state_option[state] = cost, parent, option
            return size
        slot = (slot + 1) & (len(work.table) - 1)
    if size >= limit:
        return -1
    work.table[slot] = size
    work.state_mask[size], work.state_parcels[size], work.state_cost[size] = mask, parcels, cost
    work.state_parent[size], work.state_option[size] = parent, option
    return size + 1


@njit(cache=True, nogil=True)
def _partition_reachable(instance: Instance, order: Whole, work: Work) -> tuple[Whole, bool | np.bool_]:
    """Cost and exactness over reachable subsets, parcels counted as far as needed; the plan is left in work.plan.

    A state after piece i: the later pieces already covered and the parcels so far (capped at 1 where any number is
    allowed, as only the first one matters).
    """
    first_piece = instance.piece_start[order]
    pieces = instance.piece_start[order + 1] - first_piece
    begin, end = instance.option_start[order], instance.option_start[order + 1]
    all_parcels = np.int64(0)
    for option in range(begin, end):
        all_parcels += instance.option_parcels[option]
    limited = instance.max_shipments[order] < all_parcels
    most = np.int64(instance.max_shipments[order]) if limited else np.int64(1)
    exact: bool | np.bool_ = True
    work.table[:] = -1
    work.state_mask[0], work.state_parcels[0], work.state_cost[0], work.state_parent[0] = 0, 0, 0, -1
    work.state_option[0] = -1
    first: Whole = np.int64(0)
    size: Whole = np.int64(1)
    for piece in range(pieces):
        bit = np.int64(1) << piece
        next_first = size
        # Every later piece keeps its share of the room, so some plan always survives.
        limit = next_first + (len(work.state_mask) - next_first) // (pieces - piece)
        for known in range(first, next_first):
            covered, parcels, cost = work.state_mask[known], work.state_parcels[known], work.state_cost[known]
            waiting = np.int64(0) if covered & bit else instance.backorder[first_piece + piece]
            grown = _push(work, next_first, limit, size, covered & ~bit, parcels, cost + waiting, known, np.int64(-1))
            exact = exact and grown >= 0
            size = max(size, grown)
            if covered & bit:
                continue
            for option in range(begin, end):
                mask = instance.option_mask[option]
                reduced = work.reduced[option - begin]
                if mask & bit == 0 or mask & (bit - 1) or mask & covered or reduced >= BLOCKED:
                    continue
                sent = parcels + instance.option_parcels[option]
                if sent > most:
                    if limited:
                        continue
                    sent = most
                total = cost + reduced - (instance.split if parcels == 0 else 0)
                grown = _push(
                    work, next_first, limit, size, (covered | mask) & ~bit, sent, total, known, np.int64(option)
                )
                exact = exact and grown >= 0
                size = max(size, grown)
        first = next_first
    cheapest = BLOCKED
    last: Whole = np.int64(-1)
    for end_state in range(first, size):
        if work.state_cost[end_state] < cheapest:
            cheapest = work.state_cost[end_state]
            last = np.int64(end_state)
    nothing = np.int64(0)
    for piece in range(pieces):
        work.plan[piece] = -1
        nothing += instance.backorder[first_piece + piece]
    if last < 0 or nothing <= cheapest:
        return nothing, exact
    state: Whole = last
    while state >= 0:
        option = work.state_option[state]
        if option >= 0:
            for piece in range(pieces):
                if instance.option_mask[option] >> piece & 1:
                    work.plan[piece] = option
        state = work.state_parent[state]
    return cheapest, exact


@njit(cache=True, nogil=True)
def cover_bound(instance: Instance, order: Whole, work: Work) -> Whole:
    """Lower bound of any plan: shares of pieces that fill no option, as the dual of covering (pieces may overlap)."""
    first_piece = instance.piece_start[order]
    pieces = instance.piece_start[order + 1] - first_piece
    begin, end = instance.option_start[order], instance.option_start[order + 1]
    total = np.int64(0)
    for piece in range(pieces):
        share = instance.backorder[first_piece + piece]
        for option in range(begin, end):
            mask = instance.option_mask[option]
            if mask >> piece & 1 and work.reduced[option - begin] < BLOCKED:
                left, open_pieces = work.reduced[option - begin], 0
                for other in range(pieces):
                    if mask >> other & 1:
                        if other < piece:
                            left -= work.share[other]
                        else:
                            open_pieces += 1
                share = min(share, left // open_pieces)
        work.share[piece] = share
        total += share
    return total - instance.split


@njit(cache=True, nogil=True)
def cheapest_plan(instance: Instance, order: Whole, work: Work) -> tuple[Whole, Whole]:
    """Cost of the cheapest plan at work.reduced and a lower bound of it (equal unless states ran out); see work.plan."""
    pieces = instance.piece_start[order + 1] - instance.piece_start[order]
    if pieces <= DENSE_PIECES:
        cost = _partition_dense(instance, order, work)
        parcels, seen = 0, np.int64(0)
        for piece in range(pieces):
            option = work.plan[piece]
            if option >= 0 and not seen >> piece & 1:
                parcels += instance.option_parcels[option]
                seen |= instance.option_mask[option]
        if parcels <= instance.max_shipments[order]:
            return cost, cost
    cost, exact = _partition_reachable(instance, order, work)
    if exact:
        return cost, cost
    return cost, min(cost, cover_bound(instance, order, work))
