"""Item sets: which pieces of an order could travel together from a warehouse, and each distinct content once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from solvers.arrays import ranges

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Candidates:
    """Which warehouse could ship which pieces of which order, judged by stock alone.

    Parameters
    ----------
    order, warehouse, mask
        Of each candidate, sorted by order, mask and warehouse; bit i of the mask is the order's i-th piece.
    bundle
        Of each candidate, its (order, mask) pair among `bundle_order`, `bundle_mask`.
    bundle_order, bundle_mask
        The distinct pairs.
    """

    order: Ints
    warehouse: Ints
    mask: Ints
    bundle: Ints
    bundle_order: Ints
    bundle_mask: Ints


@dataclass(frozen=True)
class ItemSets:
    """Distinct contents of bundles.

    Parameters
    ----------
    of_bundle
        The item set of each bundle.
    start, sku, quantity
        Content of each item set: entries `start[i]:start[i + 1]`, sorted by SKU.
    together
        For each entry the mark of what it must share a parcel with; 0 for none.
    packaging
        Packaging each item set must go into; 0 for any.
    """

    of_bundle: Ints
    start: Ints
    sku: Ints
    quantity: Ints
    together: Ints
    packaging: Ints


@dataclass(frozen=True)
class Pieces:
    """Pieces of orders and the stock they could come from.

    Parameters
    ----------
    start, sku, quantity
        Pieces of each order, the article of each and its units.
    together
        For each piece the pieces of its order that must leave with it, itself included, as a mask.
    available
        (num_warehouses, num_skus) units that may be taken.
    """

    start: Ints
    sku: Ints
    quantity: Ints
    together: Ints
    available: Ints

    @property
    def mark(self) -> Ints:
        """For each piece the mark, within its order, of the pieces that must leave with it; 0 where it leaves alone."""
        lowest = np.bitwise_count((self.together & -self.together) - 1).astype(np.int64)
        return np.where(np.bitwise_count(self.together) > 1, lowest + 1, 0)


def candidates(pieces: Pieces, exact_lines: int) -> Candidates:
    """List which warehouse could ship which pieces.

    Orders with up to `exact_lines` pieces get every set of pieces that a warehouse holds together; longer ones what each
    warehouse holds, what it shares with and holds beyond each other one, and every piece by itself. Pieces that must leave
    together are in a set all or none.

    Parameters
    ----------
    pieces
        The pieces and the stock.
    exact_lines
        Most pieces for which all sets are listed.
    """
    holds = held_masks(pieces)
    num_pieces = np.diff(pieces.start)
    parts = [_all_subsets(np.flatnonzero(num_pieces == n), n, holds) for n in range(1, exact_lines + 1)]
    parts += [
        _held(order, sorted(_suggested(order, holds[order], pieces)), holds[order])
        for order in np.flatnonzero(num_pieces > exact_lines)
    ]
    return listed(np.concatenate([np.zeros((0, 3), np.int64), *parts]), pieces)


def chosen_sets(order: Ints, mask: Ints, pieces: Pieces) -> Candidates:
    """List which warehouse could ship given sets of pieces.

    Parameters
    ----------
    order, mask
        The sets.
    pieces
        The pieces and the stock.
    """
    holds = held_masks(pieces)
    row, warehouse = np.nonzero((holds[order] & mask[:, None]) == mask[:, None])
    return listed(np.stack([order[row], mask[row], warehouse], axis=1).astype(np.int64), pieces)


def listed(rows: Ints, pieces: Pieces) -> Candidates:
    """Give candidates in their order, less those that the warehouse does not hold together or that break a set apart.

    Parameters
    ----------
    rows
        Shape (num_candidates, 3): order, mask, warehouse, without repeats.
    pieces
        The pieces and the stock.
    """
    rows = rows[_unbroken(rows, pieces)]
    rows = rows[_held_together(rows, pieces.start, pieces.sku, pieces.quantity, pieces.available)]
    rows = rows[np.lexsort((rows[:, 2], rows[:, 1], rows[:, 0]))]
    order, mask, warehouse = rows.T.copy()
    is_first = np.ones(len(rows), bool)
    is_first[1:] = (order[1:] != order[:-1]) | (mask[1:] != mask[:-1])
    return Candidates(order, warehouse, mask, np.cumsum(is_first) - 1, order[is_first], mask[is_first])


def _unbroken(rows: Ints, pieces: Pieces) -> npt.NDArray[np.bool_]:
    """Tell which masks have all or none of every set of pieces that must leave together."""
    is_whole = np.ones(len(rows), np.bool_)
    if (np.bitwise_count(pieces.together) <= 1).all():
        return is_whole
    order, mask = rows[:, 0], rows[:, 1]
    for bit in range(int(np.diff(pieces.start).max(initial=0))):
        has = np.flatnonzero(mask >> bit & 1)
        is_whole[has] &= pieces.together[pieces.start[order[has]] + bit] & ~mask[has] == 0
    return is_whole


def held_masks(pieces: Pieces) -> Ints:
    """Give (num_orders, num_warehouses): the pieces of each order that each warehouse holds, one by one, as a mask."""
    num_orders = len(pieces.start) - 1
    order = np.repeat(np.arange(num_orders), np.diff(pieces.start))
    bit = np.arange(len(pieces.sku)) - pieces.start[order]
    masks = np.zeros((num_orders, pieces.available.shape[0]), np.int64)
    for warehouse in range(pieces.available.shape[0]):
        held = pieces.available[warehouse, pieces.sku] >= pieces.quantity
        np.bitwise_or.at(masks[:, warehouse], order[held], np.int64(1) << bit[held])
    return masks


def _all_subsets(orders: Ints, num_pieces: int, holds: Ints) -> Ints:
    masks = np.arange(1, 1 << num_pieces, dtype=np.int64)
    fits = (holds[orders][:, None, :] & masks[None, :, None]) == masks[None, :, None]
    order, mask, warehouse = np.nonzero(fits)
    return np.stack([orders[order], masks[mask], warehouse], axis=1).astype(np.int64)


def _suggested(order: np.int64, holds: Ints, pieces: Pieces) -> set[int]:
    rows = slice(pieces.start[order], pieces.start[order + 1])
    sku, quantity, together = pieces.sku[rows], pieces.quantity[rows], pieces.together[rows]
    full = {
        _most_together(int(mask), sku, quantity, together, stock)
        for mask, stock in zip(holds, pieces.available, strict=True)
    }
    suggested = set(together.tolist()) | full
    suggested |= {a & b for a in full for b in full} | {a & ~b for a in full for b in full}
    return suggested - {0}


def _held(order: np.int64, masks: list[int], holds: Ints) -> Ints:
    each = np.array(masks, np.int64)
    mask, warehouse = np.nonzero((holds[None, :] & each[:, None]) == each[:, None])
    return np.stack([np.full(len(mask), order), each[mask], warehouse], axis=1).astype(np.int64)


def _most_together(mask: int, sku: Ints, quantity: Ints, together: Ints, stock: Ints) -> int:
    """Give the pieces of a mask, taken in their order, for which the stock lasts; sets that stay together all or none."""
    left: dict[int, int] = {}
    taken = 0
    for bit, (article, units) in enumerate(zip(sku.tolist(), quantity.tolist(), strict=True)):
        remaining = left.get(article, int(stock[article])) - units
        if mask >> bit & 1 and remaining >= 0:
            left[article] = remaining
            taken |= 1 << bit
    return sum(1 << bit for bit, own in enumerate(together.tolist()) if taken >> bit & 1 and own & ~taken == 0)


def _held_together(
    rows: Ints, piece_start: Ints, piece_sku: Ints, piece_quantity: Ints, available: Ints
) -> npt.NDArray[np.bool_]:
    """Tell of which candidates the warehouse holds the pieces of one SKU together, not only one by one."""
    order, mask, warehouse = rows.T
    at = np.flatnonzero(_repeats_sku(piece_start, piece_sku)[order])
    count = np.diff(piece_start)[order[at]]
    row, bit = np.repeat(at, count), ranges(np.zeros(len(at), np.int64), count)
    has = mask[row] >> bit & 1 == 1
    piece = piece_start[order[row[has]]] + bit[has]
    num_skus = max(available.shape[1], 1)
    pair, inverse = np.unique(row[has] * num_skus + piece_sku[piece], return_inverse=True)
    needed = np.zeros(len(pair), np.int64)
    np.add.at(needed, inverse, piece_quantity[piece])
    is_held = np.ones(len(rows), bool)
    is_held[pair[needed > available[warehouse[pair // num_skus], pair % num_skus]] // num_skus] = False
    return is_held


def _repeats_sku(piece_start: Ints, piece_sku: Ints) -> npt.NDArray[np.bool_]:
    order = np.repeat(np.arange(len(piece_start) - 1), np.diff(piece_start))
    sorted_ = np.lexsort((piece_sku, order))
    again = (np.diff(order[sorted_]) == 0) & (np.diff(piece_sku[sorted_]) == 0)
    repeats = np.zeros(len(piece_start) - 1, bool)
    repeats[order[sorted_][1:][again]] = True
    return repeats


def item_sets(found: Candidates, pieces: Pieces, order_packaging: Ints) -> ItemSets:
    """Give each distinct content once, so that it is packed once.

    Parameters
    ----------
    found
        The candidates.
    pieces
        Pieces of each order.
    order_packaging
        Packaging each order asks for; 0 for any.
    """
    bundle, content = _contents(found, pieces)
    start = np.searchsorted(bundle, np.arange(len(found.bundle_order) + 1)).astype(np.int64)
    packaging = order_packaging[found.bundle_order]
    representative, of_bundle = _distinct(start, content, packaging)
    sizes = start[representative + 1] - start[representative]
    entries = ranges(start[representative], sizes)
    sku, quantity, mark = content[:, entries]
    start = np.concatenate(([0], np.cumsum(sizes)))
    return ItemSets(of_bundle, start, sku, quantity, mark, packaging[representative])


def _contents(found: Candidates, pieces: Pieces) -> tuple[Ints, Ints]:
    """Give the bundle of every entry, and its SKU, quantity and mark as rows; pieces of one SKU and mark are one entry."""
    num_pieces = np.diff(pieces.start)[found.bundle_order]
    bundle = np.repeat(np.arange(len(found.bundle_order)), num_pieces)
    bit = ranges(np.zeros(len(num_pieces), np.int64), num_pieces)
    has = found.bundle_mask[bundle] >> bit & 1 == 1
    bundle, piece = bundle[has], pieces.start[found.bundle_order[bundle[has]]] + bit[has]
    key = np.stack([pieces.mark[piece], pieces.sku[piece], bundle])
    order = np.lexsort(key)
    (mark, sku, bundle), quantity = key[:, order], pieces.quantity[piece][order]
    is_first = np.ones(len(bundle), bool)
    is_first[1:] = (bundle[1:] != bundle[:-1]) | (sku[1:] != sku[:-1]) | (mark[1:] != mark[:-1])
    first = np.flatnonzero(is_first)
    units = np.add.reduceat(quantity, first) if len(first) else quantity
    return bundle[first], np.stack([sku[first], units, mark[first]])


def _distinct(start: Ints, contents: Ints, packaging: Ints) -> tuple[Ints, Ints]:
    """Give a representative of each distinct content and the content of each bundle, compared exactly."""
    size = np.diff(start)
    longest = int(size.max(initial=0))
    representative: list[Ints] = []
    of_bundle = np.zeros(len(size), np.int64)
    num_distinct = 0
    for length in range(1, longest + 1):
        members = np.flatnonzero(size == length)
        if not len(members):
            continue
        entry = start[members][:, None] + np.arange(length)
        content = np.concatenate([*contents[:, entry], packaging[members][:, None]], axis=1)
        _, first, inverse = np.unique(content, axis=0, return_index=True, return_inverse=True)
        representative.append(members[first])
        of_bundle[members] = num_distinct + inverse.reshape(-1)
        num_distinct += len(first)
    return (np.concatenate(representative) if representative else np.zeros(0, np.int64)), of_bundle
