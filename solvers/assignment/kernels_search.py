"""Improve a plan: give one order the plan it should have at the prices, move those in its way, keep what is cheaper."""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.assignment.kernels_plan import (
    PriceArrays,
    Room,
    option_fits,
    place_order,
    plan_cost,
    take_plan,
)
from solvers.assignment.kernels_pricing import (
    BLOCKED,
    DENSE_PIECES,
    Instance,
    Int64,
    Whole,
    Work,
    cheapest_plan,
    reduce_options,
)

_MOST_MOVED = 24
_SCANNED = 40
_NEIGHBOURS = 4
_CANDIDATES = 6


@njit(cache=True, nogil=True)
def _draw(state: Int64, below: Whole) -> Whole:
    """Draw from 0…below - 1 (Park and Miller's generator, which never leaves int64)."""
    state[0] = state[0] * 48271 % 2147483647
    drawn: Whole = state[0] % below
    return drawn


@njit(cache=True, nogil=True)
def _holder(
    instance: Instance,
    order_of_piece: Int64,
    sku_start: Int64,
    sku_pieces: Int64,
    sku: Whole,
    warehouse: Whole,
    plan_of_piece: Int64,
    moved: Int64,
    num_moved: Whole,
    random: Int64,
) -> Whole:
    """Find an unmoved order that takes this SKU from this warehouse, from a random start; -1 where none is met."""
    begin, end = sku_start[sku], sku_start[sku + 1]
    count = end - begin
    if count == 0:
        return -1
    at = _draw(random, count)
    for _ in range(min(count, _SCANNED)):
        piece = sku_pieces[begin + at]
        at += 1
        if at == count:
            at = 0
        order: Whole = order_of_piece[piece]
        option = plan_of_piece[piece]
        if option >= 0 and instance.option_warehouse[option] == warehouse:
            fresh = True
            for position in range(num_moved):
                if moved[position] == order:
                    fresh = False
            if fresh:
                return order
    return -1


@njit(cache=True, nogil=True)
def _sender(
    instance: Instance,
    warehouse: Whole,
    plan_of_piece: Int64,
    moved: Int64,
    num_moved: Whole,
    random: Int64,
) -> Whole:
    """Find an unmoved order that ships from this warehouse, from a random start; -1 where none is met."""
    count = len(instance.max_shipments)
    order = _draw(random, count)
    for _ in range(min(count, _SCANNED)):
        order = order + 1 if order + 1 < count else 0
        fresh = True
        for position in range(num_moved):
            if moved[position] == order:
                fresh = False
        if fresh:
            for piece in range(instance.piece_start[order], instance.piece_start[order + 1]):
                option = plan_of_piece[piece]
                if option >= 0 and instance.option_warehouse[option] == warehouse:
                    return order
    return -1


@njit(cache=True, nogil=True)
def _loss(
    instance: Instance,
    order: Whole,
    sku: Whole,
    warehouse: Whole,
    prices: PriceArrays,
    room: Room,
    penalty: Whole,
    work: Work,
    plan_of_piece: Int64,
    random: Int64,
) -> Whole:
    """How much dearer at prices an order gets when it may not take this SKU from this warehouse."""
    start, end = instance.piece_start[order], instance.piece_start[order + 1]
    begin = instance.option_start[order]
    reduce_options(instance, order, prices.stock, prices.capacity, prices.resource, work.reduced)
    present = np.int64(0)
    ships = False
    for piece in range(start, end):
        option = plan_of_piece[piece]
        if option < 0:
            present += instance.backorder[piece]
        elif instance.option_mask[option] & ((np.int64(1) << (piece - start)) - 1) == 0:
            present += work.reduced[option - begin]
            ships = True
    if ships:
        present -= instance.split
    for option in range(begin, instance.option_start[order + 1]):
        if instance.option_warehouse[option] == warehouse:
            for piece in range(start, end):
                if instance.option_mask[option] >> (piece - start) & 1 and instance.piece_sku[piece] == sku:
                    work.reduced[option - begin] = BLOCKED
        if work.reduced[option - begin] < BLOCKED and not option_fits(instance, order, option, room):
            held = False
            for piece in range(start, end):
                held = held or plan_of_piece[piece] == option
            if not held:
                work.reduced[option - begin] += _draw(random, penalty)
    cost, _bound = cheapest_plan(instance, order, work)
    return cost - present


@njit(cache=True, nogil=True)
def _cheapest_holder(
    instance: Instance,
    order_of_piece: Int64,
    sku_start: Int64,
    sku_pieces: Int64,
    sku: Whole,
    warehouse: Whole,
    prices: PriceArrays,
    room: Room,
    penalty: Whole,
    work: Work,
    plan_of_piece: Int64,
    moved: Int64,
    num_moved: Whole,
    random: Int64,
) -> Whole:
    """Of some unmoved orders that take this SKU from this warehouse, the one that loses least without it; -1: none."""
    best, lowest = np.int64(-1), BLOCKED
    for _ in range(_CANDIDATES):
        other = _holder(
            instance,
            order_of_piece,
            sku_start,
            sku_pieces,
            sku,
            warehouse,
            plan_of_piece,
            moved,
            num_moved,
            random,
        )
        if other < 0:
            break
        if other == best:
            continue
        loss = _loss(instance, other, sku, warehouse, prices, room, penalty, work, plan_of_piece, random)
        if loss < lowest:
            best, lowest = np.int64(other), np.int64(loss)
    return best


@njit(cache=True, nogil=True)
def improve(
    instance: Instance,
    order_of_piece: Int64,
    sku_start: Int64,
    sku_pieces: Int64,
    seeds: Int64,
    prices: PriceArrays,
    free: PriceArrays,
    room: Room,
    work: Work,
    plan_of_piece: Int64,
    rounds: Whole,
    noise: Whole,
    penalty: Whole,
    budget: Whole,
    random: Int64,
) -> tuple[Whole, Whole]:
    """Make `rounds` moves; returns how much the cost fell and how many moves were kept."""
    moved = np.zeros(_MOST_MOVED, dtype=np.int64)
    backup = np.zeros(64 * _MOST_MOVED, dtype=np.int64)
    target = np.zeros(64, dtype=np.int64)
    gained = np.int64(0)
    kept = 0
    for _ in range(rounds):
        order = seeds[_draw(random, len(seeds))]
        start, end = instance.piece_start[order], instance.piece_start[order + 1]
        before = plan_cost(instance, order, plan_of_piece)
        most = 2 + _draw(random, budget)
        moved[0] = order
        num_moved = 1
        size = 0
        for piece in range(start, end):
            backup[size] = plan_of_piece[piece]
            size += 1
        take_plan(instance, order, plan_of_piece, room, -1)
        position = 0
        idle = False
        while position < num_moved:
            order = moved[position]
            position += 1
            if num_moved >= most:
                place_order(instance, order, prices, room, work, plan_of_piece)
                continue
            start, end = instance.piece_start[order], instance.piece_start[order + 1]
            begin = instance.option_start[order]
            reduce_options(instance, order, prices.stock, prices.capacity, prices.resource, work.reduced)
            for option in range(begin, instance.option_start[order + 1]):
                if work.reduced[option - begin] >= BLOCKED:
                    continue
                if position == 1 and noise > 0:
                    work.reduced[option - begin] += _draw(random, noise)
                if not option_fits(instance, order, option, room):
                    work.reduced[option - begin] += _draw(random, penalty)
            cheapest_plan(instance, order, work)
            if position == 1:
                idle = True
                for piece in range(start, end):
                    if work.plan[piece - start] != plan_of_piece[piece]:
                        idle = False
                if idle:
                    take_plan(instance, order, plan_of_piece, room, 1)
                    break
            for piece in range(start, end):
                target[piece - start] = work.plan[piece - start]
                plan_of_piece[piece] = -1
            for piece in range(start, end):
                option = target[piece - start]
                if option < 0:
                    continue
                warehouse = instance.option_warehouse[option]
                sku = instance.piece_sku[piece]
                while num_moved < _MOST_MOVED:
                    if room.stock[sku, warehouse] < instance.piece_quantity[piece]:
                        other = _cheapest_holder(
                            instance,
                            order_of_piece,
                            sku_start,
                            sku_pieces,
                            sku,
                            warehouse,
                            prices,
                            room,
                            penalty,
                            work,
                            plan_of_piece,
                            moved,
                            num_moved,
                            random,
                        )
                    elif room.capacity[warehouse] < instance.piece_quantity[piece]:
                        other = _sender(instance, warehouse, plan_of_piece, moved, num_moved, random)
                    else:
                        break
                    if other < 0:
                        break
                    before += plan_cost(instance, other, plan_of_piece)
                    for its in range(instance.piece_start[other], instance.piece_start[other + 1]):
                        backup[size] = plan_of_piece[its]
                        size += 1
                    take_plan(instance, other, plan_of_piece, room, -1)
                    moved[num_moved] = other
                    num_moved += 1
            place_order(instance, order, prices, room, work, plan_of_piece)
        if idle:
            continue
        after = np.int64(0)
        for position in range(num_moved - 1, -1, -1):
            take_plan(instance, moved[position], plan_of_piece, room, -1)
            place_order(instance, moved[position], free, room, work, plan_of_piece)
            after += plan_cost(instance, moved[position], plan_of_piece)
        if after <= before:
            gained += before - after
            kept += 1
        else:
            for position in range(num_moved):
                take_plan(instance, moved[position], plan_of_piece, room, -1)
            size = 0
            for position in range(num_moved):
                other = moved[position]
                for its in range(instance.piece_start[other], instance.piece_start[other + 1]):
                    plan_of_piece[its] = backup[size]
                    size += 1
                take_plan(instance, other, plan_of_piece, room, 1)
    return gained, kept


@njit(cache=True, nogil=True)
def grow_block(
    instance: Instance,
    order_of_piece: Int64,
    sku_start: Int64,
    sku_pieces: Int64,
    prices: PriceArrays,
    work: Work,
    plan_of_piece: Int64,
    taken: NDArray[np.bool_],
    block: Int64,
    random: Int64,
) -> Whole:
    """Fill the block, from its first order, with orders that hold priced stock its orders hold or should have."""
    size = 1
    taken[block[0]] = True
    nobody = np.zeros(0, dtype=np.int64)
    wanted = np.zeros(128, dtype=np.int64)
    at = 0
    while at < size < len(block):
        order = block[at]
        at += 1
        reduce_options(instance, order, prices.stock, prices.capacity, prices.resource, work.reduced)
        cheapest_plan(instance, order, work)
        start = instance.piece_start[order]
        pieces = instance.piece_start[order + 1] - start
        for piece in range(pieces):
            wanted[2 * piece] = work.plan[piece]
            wanted[2 * piece + 1] = plan_of_piece[start + piece]
        for position in range(2 * pieces):
            option = wanted[position]
            sku = instance.piece_sku[start + position // 2]
            if option < 0 or prices.stock[sku, instance.option_warehouse[option]] == 0:
                continue
            for _ in range(_NEIGHBOURS):
                other = _holder(
                    instance,
                    order_of_piece,
                    sku_start,
                    sku_pieces,
                    sku,
                    instance.option_warehouse[option],
                    plan_of_piece,
                    nobody,
                    0,
                    random,
                )
                if other >= 0 and not taken[other] and size < len(block):
                    taken[other] = True
                    block[size] = other
                    size += 1
    return size


@njit(cache=True, nogil=True)
def collect_columns(
    instance: Instance,
    orders: Int64,
    prices: PriceArrays,
    room: Room,
    slack: Whole,
    work: Work,
    plan_of_piece: Int64,
    columns: Int64,
) -> Whole:
    """Write the options in some plan within `slack` of its order's cheapest at prices, and those in its plan."""
    size = 0
    for position in range(len(orders)):
        order = orders[position]
        start = instance.piece_start[order]
        pieces = instance.piece_start[order + 1] - start
        full = (np.int64(1) << pieces) - 1
        reduce_options(instance, order, prices.stock, prices.capacity, prices.resource, work.reduced)
        cheapest, _bound = cheapest_plan(instance, order, work)
        begin = instance.option_start[order]
        for option in range(begin, instance.option_start[order + 1]):
            mask = instance.option_mask[option]
            current = False
            for piece in range(pieces):
                if plan_of_piece[start + piece] == option:
                    current = True
            rest = work.value[full ^ mask]
            if current or (
                work.reduced[option - begin] - instance.split + rest <= cheapest + slack
                and option_fits(instance, order, option, room)
            ):
                columns[size] = option
                size += 1
    return size


@njit(cache=True, nogil=True)
def mark_flexible(
    instance: Instance, prices: PriceArrays, slack: Whole, work: Work, plan_of_piece: Int64, flexible: NDArray[np.bool_]
) -> None:
    """Mark the orders that have another plan than theirs within `slack` of their cheapest at prices."""
    for order in range(len(instance.max_shipments)):
        start = instance.piece_start[order]
        pieces = instance.piece_start[order + 1] - start
        if pieces > DENSE_PIECES:
            continue
        full = (np.int64(1) << pieces) - 1
        reduce_options(instance, order, prices.stock, prices.capacity, prices.resource, work.reduced)
        cheapest, _bound = cheapest_plan(instance, order, work)
        begin = instance.option_start[order]
        nothing = np.int64(0)
        ships = False
        for piece in range(pieces):
            nothing += instance.backorder[start + piece]
            ships = ships or plan_of_piece[start + piece] >= 0
        flexible[order] = ships and nothing <= cheapest + slack
        for option in range(begin, instance.option_start[order + 1]):
            mask = instance.option_mask[option]
            if work.reduced[option - begin] - instance.split + work.value[full ^ mask] <= cheapest + slack:
                for piece in range(pieces):
                    if mask >> piece & 1 and plan_of_piece[start + piece] != option:
                        flexible[order] = True
