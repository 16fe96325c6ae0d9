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
from solvers.assignment.kernels_pricing import BLOCKED, Instance, Int64, Whole, Work, cheapest_plan, reduce_options

_MOST_MOVED = 24
_SCANNED = 40
_NEIGHBOURS = 4


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
        option = plan_of_piece[piece]
        if option >= 0 and instance.option_warehouse[option] == warehouse:
            order: Whole = order_of_piece[piece]
            fresh = True
            for position in range(num_moved):
                if moved[position] == order:
                    fresh = False
            if fresh:
                return order
    return -1


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
    heat: float,
    random: Int64,
) -> tuple[Whole, Whole]:
    """Make `rounds` moves; returns how much the cost fell and how many moves were kept."""
    moved = np.zeros(_MOST_MOVED, dtype=np.int64)
    backup = np.zeros(64 * _MOST_MOVED, dtype=np.int64)
    gained = np.int64(0)
    kept = 0
    for round_number in range(rounds):
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
                plan_of_piece[piece] = -1
            for piece in range(start, end):
                option = work.plan[piece - start]
                if option < 0:
                    continue
                warehouse = instance.option_warehouse[option]
                sku = instance.piece_sku[piece]
                while room.stock[sku, warehouse] < instance.piece_quantity[piece] and num_moved < _MOST_MOVED:
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
        allowed = np.int64(0)
        if heat > 0.0:
            allowed = np.int64(-heat * (1.0 - round_number / rounds) * np.log((_draw(random, 1000000) + 1) * 1e-6))
        if after - before <= allowed:
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
