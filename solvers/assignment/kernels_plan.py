"""Plans within what is left of the shared limits: place an order, take it back, place a sequence of orders."""

from __future__ import annotations

from typing import NamedTuple, TypeAlias

import numpy as np
from numba import njit
from numpy.typing import NDArray

from solvers.assignment.kernels_pricing import BLOCKED, Instance, Int64, Whole, Work, cheapest_plan, reduce_options

Flags: TypeAlias = NDArray[np.bool_]


class Room(NamedTuple):
    """What is left of the shared limits; stock has shape (num_skus, num_warehouses)."""

    stock: Int64
    capacity: Int64
    resource: Int64


class PriceArrays(NamedTuple):
    """Prices as kernels read them, thousandths of a cent; stock has shape (num_skus, num_warehouses)."""

    stock: Int64
    capacity: Int64
    resource: Int64


@njit(cache=True, nogil=True)
def option_fits(instance: Instance, order: Whole, option: Whole, room: Room) -> bool:
    """Whether an option's units and resources are still there."""
    warehouse = instance.option_warehouse[option]
    mask = instance.option_mask[option]
    units = np.int64(0)
    piece = instance.piece_start[order]
    first = piece
    while mask:
        if mask & 1:
            sku = instance.piece_sku[piece]
            wanted = instance.piece_quantity[piece]
            units += wanted
            # Two pieces of one SKU draw on the same stock.
            for other in range(first, piece):
                if instance.piece_sku[other] == sku and instance.option_mask[option] >> (other - first) & 1:
                    wanted += instance.piece_quantity[other]
            if wanted > room.stock[sku, warehouse]:
                return False
        mask >>= 1
        piece += 1
    if units > room.capacity[warehouse]:
        return False
    start, end = instance.use_start[option], instance.use_start[option + 1]
    for use in range(start, end):
        amount = instance.use_amount[use]
        for other in range(start, use):
            if instance.use_resource[other] == instance.use_resource[use]:
                amount += instance.use_amount[other]
        if amount > room.resource[instance.use_resource[use]]:
            return False
    return True


@njit(cache=True, nogil=True)
def take_option(instance: Instance, order: Whole, option: Whole, room: Room, sign: Whole) -> None:
    """Take an option's units and resources from the room (sign 1) or give them back (sign -1)."""
    warehouse = instance.option_warehouse[option]
    mask = instance.option_mask[option]
    piece = instance.piece_start[order]
    while mask:
        if mask & 1:
            units = sign * instance.piece_quantity[piece]
            room.stock[instance.piece_sku[piece], warehouse] -= units
            room.capacity[warehouse] -= units
        mask >>= 1
        piece += 1
    for use in range(instance.use_start[option], instance.use_start[option + 1]):
        room.resource[instance.use_resource[use]] -= sign * instance.use_amount[use]


@njit(cache=True, nogil=True)
def take_plan(instance: Instance, order: Whole, plan_of_piece: Int64, room: Room, sign: Whole) -> None:
    """Take an order's whole plan from the room (sign 1) or give it back (sign -1)."""
    start = instance.piece_start[order]
    for piece in range(start, instance.piece_start[order + 1]):
        option = plan_of_piece[piece]
        if option >= 0 and instance.option_mask[option] & ((np.int64(1) << (piece - start)) - 1) == 0:
            take_option(instance, order, option, room, sign)


@njit(cache=True, nogil=True)
def place_order(
    instance: Instance, order: Whole, prices: PriceArrays, room: Room, work: Work, plan_of_piece: Int64
) -> None:
    """Give an unplaced order its cheapest plan at prices within the room, and take it from the room."""
    reduce_options(instance, order, prices.stock, prices.capacity, prices.resource, work.reduced)
    begin = instance.option_start[order]
    for option in range(begin, instance.option_start[order + 1]):
        if not option_fits(instance, order, option, room):
            work.reduced[option - begin] = BLOCKED
    start, end = instance.piece_start[order], instance.piece_start[order + 1]
    while True:
        cheapest_plan(instance, order, work)
        refused = np.int64(-1)
        for piece in range(start, end):
            option = work.plan[piece - start]
            plan_of_piece[piece] = option
            if option >= 0 and instance.option_mask[option] & ((np.int64(1) << (piece - start)) - 1) == 0:
                # Options that fit alone may not fit together.
                if refused < 0 and option_fits(instance, order, option, room):
                    take_option(instance, order, option, room, np.int64(1))
                elif refused < 0:
                    refused = option
                    for earlier in range(start, piece):
                        taken = plan_of_piece[earlier]
                        if taken >= 0 and instance.option_mask[taken] & ((np.int64(1) << (earlier - start)) - 1) == 0:
                            take_option(instance, order, taken, room, np.int64(-1))
        if refused < 0:
            return
        work.reduced[refused - begin] = BLOCKED


@njit(cache=True, nogil=True)
def place_sequence(
    instance: Instance, orders: Int64, prices: PriceArrays, room: Room, work: Work, plan_of_piece: Int64
) -> None:
    """Place unplaced orders one after another."""
    for position in range(len(orders)):
        place_order(instance, orders[position], prices, room, work, plan_of_piece)


@njit(cache=True, nogil=True)
def _cost_at(instance: Instance, order: Whole, reduced: Int64, option_of_piece: Int64) -> Whole:
    """Cost of an order's plan when its options cost `reduced`, thousandths of a cent."""
    cost = np.int64(0)
    ships = False
    for piece in range(len(option_of_piece)):
        option = option_of_piece[piece]
        if option < 0:
            cost += instance.backorder[instance.piece_start[order] + piece]
        elif instance.option_mask[option] & ((np.int64(1) << piece) - 1) == 0:
            cost += reduced[option - instance.option_start[order]]
            ships = True
    return cost - instance.split if ships else cost


@njit(cache=True, nogil=True)
def replace_sequence(
    instance: Instance, orders: Int64, prices: PriceArrays, room: Room, work: Work, plan_of_piece: Int64
) -> None:
    """Take back each order in turn and place it anew, never dearer at prices."""
    before = np.empty(64, dtype=np.int64)
    for position in range(len(orders)):
        order = orders[position]
        start, end = instance.piece_start[order], instance.piece_start[order + 1]
        before[: end - start] = plan_of_piece[start:end]
        take_plan(instance, order, plan_of_piece, room, np.int64(-1))
        place_order(instance, order, prices, room, work, plan_of_piece)
        reduce_options(instance, order, prices.stock, prices.capacity, prices.resource, work.reduced)
        placed = _cost_at(instance, order, work.reduced, plan_of_piece[start:end])
        # Placing refuses options one by one where they do not fit together, which may end dearer than what was there.
        if placed > _cost_at(instance, order, work.reduced, before[: end - start]):
            take_plan(instance, order, plan_of_piece, room, np.int64(-1))
            plan_of_piece[start:end] = before[: end - start]
            take_plan(instance, order, plan_of_piece, room, np.int64(1))


@njit(cache=True, nogil=True)
def take_plans(instance: Instance, orders: Int64, plan_of_piece: Int64, room: Room, sign: Whole) -> None:
    """Take whole plans from the room (sign 1) or give them back (sign -1)."""
    for position in range(len(orders)):
        take_plan(instance, orders[position], plan_of_piece, room, sign)


@njit(cache=True, nogil=True)
def fitting_options(instance: Instance, room: Room, fits: Flags) -> None:
    """Mark the options that the whole room could carry."""
    for order in range(len(instance.max_shipments)):
        for option in range(instance.option_start[order], instance.option_start[order + 1]):
            fits[option] = option_fits(instance, order, option, room)


@njit(cache=True, nogil=True)
def add_potential_use(instance: Instance, reach: Int64, most: Room) -> None:
    """Add up the most that orders could ever ask of each limit; reach is scratch of shape (num_warehouses,)."""
    for order in range(len(instance.max_shipments)):
        reach[:] = 0
        for option in range(instance.option_start[order], instance.option_start[order + 1]):
            reach[instance.option_warehouse[option]] |= instance.option_mask[option]
            for use in range(instance.use_start[option], instance.use_start[option + 1]):
                most.resource[instance.use_resource[use]] += instance.use_amount[use]
        start = instance.piece_start[order]
        for piece in range(start, instance.piece_start[order + 1]):
            for warehouse in range(len(reach)):
                if reach[warehouse] >> (piece - start) & 1:
                    most.stock[instance.piece_sku[piece], warehouse] += instance.piece_quantity[piece]
                    most.capacity[warehouse] += instance.piece_quantity[piece]


@njit(cache=True, nogil=True)
def price_orders(
    instance: Instance,
    orders: Int64,
    prices: PriceArrays,
    work: Work,
    order_bound: Int64,
    plan_of_piece: Int64,
    used: Room,
) -> None:
    """Write the cheapest cost and plan of each order at prices (-1: no option) and add up what the plans take."""
    for position in range(len(orders)):
        order = orders[position]
        reduce_options(instance, order, prices.stock, prices.capacity, prices.resource, work.reduced)
        _cost, order_bound[order] = cheapest_plan(instance, order, work)
        start = instance.piece_start[order]
        for piece in range(start, instance.piece_start[order + 1]):
            plan_of_piece[piece] = work.plan[piece - start]
        take_plan(instance, order, plan_of_piece, used, np.int64(-1))
