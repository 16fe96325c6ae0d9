"""The least cost of dividing an order's pieces among offers and waiting, over every division there is.

Exact in whole numbers. Orders of few pieces are solved many at a time, over all subsets of their pieces; an order of many
pieces over the subsets its offers can reach, piece by piece; where those are too many, a bound from below stands in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

Int64: TypeAlias = NDArray[np.int64]

BLOCKED: Final = 2**60
"""Cost of what cannot be."""
_MAX_TABLED: Final = 10
"""Most pieces of an order for which all subsets are tabulated."""
_CELLS_AT_ONCE: Final = 2**22
_MAX_STATES: Final = 2**17


@dataclass(frozen=True)
class Orders:
    """Orders with their pieces and offers; costs in any whole unit.

    Parameters
    ----------
    piece_start, offer_start
        Shape (num_orders + 1,): where pieces and offers of each order begin.
    waiting
        Shape (num_pieces,): cost of leaving a piece.
    mask, parcels, cost
        Shape (num_offers,): the pieces an offer carries as bits, its parcels, its cost without the cost of splitting.
    max_parcels
        Shape (num_orders,): most parcels of each order.
    split
        Cost of every parcel of an order beyond its first.
    """

    piece_start: Int64
    offer_start: Int64
    waiting: Int64
    mask: Int64
    parcels: Int64
    cost: Int64
    max_parcels: Int64
    split: int

    @property
    def num_orders(self) -> int:
        """Number of orders."""
        return len(self.max_parcels)


def least_costs(orders: Orders) -> tuple[Int64, int]:
    """Give a lower bound of each order's cheapest division, which is its cost unless states ran out.

    Parameters
    ----------
    orders
        The orders.

    Returns
    -------
    Shape (num_orders,): the bounds; and for how many orders the bound may lie below the cheapest division.
    """
    least = np.zeros(orders.num_orders, dtype=np.int64)
    num_pieces = np.diff(orders.piece_start)
    # As if every parcel cost a split; one is given back to orders that ship at all.
    cost = orders.cost + orders.split * orders.parcels
    limit = _binding_limits(orders, num_pieces)
    for pieces, most in sorted(set(zip(num_pieces.tolist(), limit.tolist(), strict=True))):
        if pieces > _MAX_TABLED:
            continue
        group = np.flatnonzero((num_pieces == pieces) & (limit == most))
        width = max(1, _CELLS_AT_ONCE // (2**pieces * (most + 1)))
        for start in range(0, len(group), width):
            part = group[start : start + width]
            least[part] = (
                _tabled(orders, part, pieces, most, cost) if most else _tabled_free(orders, part, pieces, cost)
            )
    relaxed = 0
    for order in np.flatnonzero(num_pieces > _MAX_TABLED):
        value = _reached(orders, int(order), int(limit[order]), cost)
        if value is None:
            relaxed += 1
            value = _shared_out(orders, int(order), cost)
        least[order] = value
    return least, relaxed


def _offers_of(orders: Orders, group: Int64) -> tuple[Int64, Int64]:
    """Give the offers of some orders, and the place of each one's order in the group."""
    count = orders.offer_start[group + 1] - orders.offer_start[group]
    owner = np.repeat(np.arange(len(group)), count)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    return orders.offer_start[group][owner] + within, owner


def _binding_limits(orders: Orders, num_pieces: Int64) -> Int64:
    """Give the most parcels of each order; 0 where no division of it could have more."""
    owner = np.repeat(np.arange(orders.num_orders), np.diff(orders.offer_start))
    widest = np.zeros(orders.num_orders, dtype=np.int64)
    np.maximum.at(widest, owner, orders.parcels)
    # No division has more offers than pieces, nor any of them more parcels than the widest one.
    return np.where(orders.max_parcels < widest * num_pieces, orders.max_parcels, 0)


def _waiting_of(orders: Orders, group: Int64, pieces: int) -> Int64:
    """Shape (pieces, orders of the group)."""
    return np.asarray(orders.waiting[orders.piece_start[group] + np.arange(pieces)[:, None]])


def _tabled_free(orders: Orders, group: Int64, pieces: int, cost: Int64) -> Int64:
    """Any number of parcels: over all subsets, the part with the lowest piece and the rest."""
    offers, owner = _offers_of(orders, group)
    best = np.full((2**pieces, len(group)), BLOCKED, dtype=np.int64)
    np.minimum.at(best, (orders.mask[offers], owner), cost[offers])
    waiting = _waiting_of(orders, group, pieces)
    value = np.zeros_like(best)
    shipped = np.full_like(best, BLOCKED)  # at least one offer is taken
    for subset in range(1, 2**pieces):
        low = subset & -subset
        rest = subset ^ low
        taken = best[subset].copy()
        inner = rest
        while inner:
            inner = (inner - 1) & rest
            np.minimum(taken, best[inner | low] + value[rest ^ inner], out=taken)
        left = waiting[low.bit_length() - 1]
        np.minimum(taken, left + value[rest], out=value[subset])
        np.minimum(taken, left + shipped[rest], out=shipped[subset])
    full = 2**pieces - 1
    return np.asarray(np.minimum(waiting.sum(axis=0), shipped[full] - orders.split))


def _tabled(orders: Orders, group: Int64, pieces: int, most: int, cost: Int64) -> Int64:
    """At most so many parcels: over all subsets and numbers of parcels."""
    offers, owner = _offers_of(orders, group)
    fits = orders.parcels[offers] <= most
    offers, owner = offers[fits], owner[fits]
    best = np.full((most + 1, 2**pieces, len(group)), BLOCKED, dtype=np.int64)
    np.minimum.at(best, (orders.parcels[offers], orders.mask[offers], owner), cost[offers])
    sizes = np.unique(orders.parcels[offers]).tolist()
    waiting = _waiting_of(orders, group, pieces)
    value = np.full((2**pieces, most + 1, len(group)), BLOCKED, dtype=np.int64)
    value[0, 0] = 0
    for subset in range(1, 2**pieces):
        low = subset & -subset
        rest = subset ^ low
        np.add(waiting[low.bit_length() - 1], value[rest], out=value[subset])
        inner = rest
        while True:
            for size in sizes:
                taken = best[size, inner | low] + value[rest ^ inner, : most + 1 - size]
                np.minimum(value[subset, size:], taken, out=value[subset, size:])
            if not inner:
                break
            inner = (inner - 1) & rest
        # Sums of what cannot be must not grow without end.
        np.minimum(value[subset], BLOCKED, out=value[subset])
    full = value[2**pieces - 1]
    return np.asarray(np.minimum(full[0], full[1:].min(axis=0, initial=BLOCKED) - orders.split))


def _reached(orders: Orders, order: int, most: int, cost: Int64) -> int | None:
    """One order of many pieces, piece by piece; None when there are too many states.

    A state is the later pieces that are already taken and the parcels so far: any number counts as one where there is no
    limit, as only the first parcel matters.
    """
    first, last = orders.piece_start[order], orders.piece_start[order + 1]
    offers = slice(orders.offer_start[order], orders.offer_start[order + 1])
    mask, parcels, price = orders.mask[offers], orders.parcels[offers], cost[offers]
    cap = most or 1
    taken, sent, value = (np.zeros(1, dtype=np.int64) for _ in range(3))
    for piece in range(int(last - first)):
        bit = np.int64(1) << piece
        is_taken = taken & bit != 0
        starts = np.flatnonzero(mask & -mask == bit)
        pairs_state, pairs_offer = np.nonzero((~is_taken)[:, None] & (taken[:, None] & mask[starts] == 0))
        chosen = starts[pairs_offer]
        total = sent[pairs_state] + parcels[chosen]
        fits = total <= cap if most else np.ones(len(total), dtype=np.bool_)
        pairs_state, chosen, total = pairs_state[fits], chosen[fits], np.minimum(total[fits], cap)
        skipped = value + np.where(is_taken, 0, orders.waiting[first + piece])
        value = np.concatenate([skipped, value[pairs_state] + price[chosen]])
        taken = np.concatenate([taken, taken[pairs_state] | mask[chosen]]) & ~bit
        sent = np.concatenate([sent, total])
        order_of = np.lexsort((value, sent, taken))
        taken, sent, value = taken[order_of], sent[order_of], value[order_of]
        is_first = np.r_[True, (np.diff(taken) != 0) | (np.diff(sent) != 0)]
        taken, sent, value = taken[is_first], sent[is_first], value[is_first]
        if len(value) > _MAX_STATES:
            return None
    return int((value - np.where(sent > 0, orders.split, 0)).min())


def _shared_out(orders: Orders, order: int, cost: Int64) -> int:
    """Bound one order from below: give each piece a share, so that no offer costs less than the shares of its pieces."""
    waiting = orders.waiting[orders.piece_start[order] : orders.piece_start[order + 1]]
    offers = slice(orders.offer_start[order], orders.offer_start[order + 1])
    mask, left = orders.mask[offers], cost[offers].copy()
    total = 0
    for piece, alone in enumerate(waiting.tolist()):
        holding = (mask >> piece) & 1 == 1
        still_open = np.array([int(m).bit_count() for m in (mask[holding] >> piece).tolist()], dtype=np.int64)
        share = min(alone, int((left[holding] // still_open).min(initial=alone)))
        left[holding] -= share
        total += share
    return total - orders.split
