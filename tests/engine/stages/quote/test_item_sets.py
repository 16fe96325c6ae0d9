"""Candidates and item sets against the obvious way to list them."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.stages.quote.item_sets import Pieces, candidates, chosen_sets, item_sets
from solvers.arrays import ranges

SEEDS = st.integers(0, 2**32)


def random_pieces(seed: int, *, orders: int = 5, most: int = 4, skus: int = 4, warehouses: int = 3):
    rng = np.random.default_rng(seed)
    counts = rng.integers(0, most + 1, orders)
    start = np.concatenate(([0], np.cumsum(counts))).astype(np.int64)
    sku = rng.integers(0, skus, start[-1])
    return start, sku, rng.integers(1, 4, start[-1]), rng.integers(0, 6, (warehouses, skus))


def pieces_of(start, sku, quantity, available, together=None) -> Pieces:
    """The pieces, each leaving alone unless told otherwise."""
    alone = np.int64(1) << (np.arange(len(sku)) - np.repeat(start[:-1], np.diff(start)))
    return Pieces(start, sku, quantity, alone if together is None else together, available)


def is_held(pieces, sku, quantity, stock) -> bool:
    needed: dict[int, int] = {}
    for piece in pieces:
        needed[int(sku[piece])] = needed.get(int(sku[piece]), 0) + int(quantity[piece])
    return all(units <= stock[article] for article, units in needed.items())


def pieces_in(mask: int, first: int) -> list[int]:
    return [first + bit for bit in range(62) if mask >> bit & 1]


@given(SEEDS)
def test_short_orders_are_offered_exactly_the_sets_a_warehouse_holds_together(seed):
    start, sku, quantity, available = random_pieces(seed)
    found = candidates(pieces_of(start, sku, quantity, available), exact_lines=4)
    expected = [
        (order, mask, warehouse)
        for order in range(len(start) - 1)
        for mask in range(1, 1 << int(start[order + 1] - start[order]))
        for warehouse in range(len(available))
        if is_held(pieces_in(mask, int(start[order])), sku, quantity, available[warehouse])
    ]
    assert list(zip(found.order.tolist(), found.mask.tolist(), found.warehouse.tolist(), strict=True)) == expected


@given(SEEDS)
def test_bundles_are_the_distinct_pairs_of_order_and_mask(seed):
    found = candidates(pieces_of(*random_pieces(seed)), exact_lines=4)
    pairs = list(zip(found.order.tolist(), found.mask.tolist(), strict=True))
    assert list(zip(found.bundle_order.tolist(), found.bundle_mask.tolist(), strict=True)) == sorted(set(pairs))
    assert [sorted(set(pairs)).index(pair) for pair in pairs] == found.bundle.tolist()


@given(SEEDS)
def test_long_orders_are_offered_only_what_is_held_and_every_piece_that_is(seed):
    start, sku, quantity, available = random_pieces(seed, orders=3, most=9)
    found = candidates(pieces_of(start, sku, quantity, available), exact_lines=2)
    listed = list(zip(found.order.tolist(), found.mask.tolist(), found.warehouse.tolist(), strict=True))
    assert len(set(listed)) == len(listed)
    for order, mask, warehouse in listed:
        assert is_held(pieces_in(mask, int(start[order])), sku, quantity, available[warehouse])
    for order, warehouse in itertools.product(range(len(start) - 1), range(len(available))):
        own = range(int(start[order]), int(start[order + 1]))
        alone = [1 << bit for bit, piece in enumerate(own) if is_held([piece], sku, quantity, available[warehouse])]
        masks = {mask for o, mask, w in listed if (o, w) == (order, warehouse)}
        assert masks.issuperset(alone)
        whole = sum(alone)
        if whole and is_held(pieces_in(whole, own.start), sku, quantity, available[warehouse]):
            assert whole in masks


@given(SEEDS)
def test_each_distinct_content_is_listed_once_and_every_bundle_finds_its_own(seed):
    start, sku, quantity, available = random_pieces(seed, orders=8, skus=2)
    packaging = np.random.default_rng(seed).integers(0, 2, len(start) - 1)
    found = candidates(pieces_of(start, sku, quantity, available), exact_lines=4)
    sets = item_sets(found, pieces_of(start, sku, quantity, available), packaging)
    contents = []
    for order, mask in zip(found.bundle_order.tolist(), found.bundle_mask.tolist(), strict=True):
        units: dict[int, int] = {}
        for piece in pieces_in(mask, int(start[order])):
            units[int(sku[piece])] = units.get(int(sku[piece]), 0) + int(quantity[piece])
        contents.append((tuple(sorted(units.items())), int(packaging[order])))
    listed = [
        (
            tuple((int(sets.sku[at]), int(sets.quantity[at])) for at in range(sets.start[i], sets.start[i + 1])),
            int(sets.packaging[i]),
        )
        for i in range(len(sets.start) - 1)
    ]
    assert len(set(listed)) == len(listed)
    assert set(listed) == set(contents)
    assert [listed[i] for i in sets.of_bundle] == contents


@given(st.lists(st.tuples(st.integers(0, 50), st.integers(0, 5)), max_size=8))
def test_ranges_count_up_from_each_first(pairs):
    first = np.array([a for a, _ in pairs], np.int64)
    count = np.array([b for _, b in pairs], np.int64)
    assert ranges(first, count).tolist() == [a + i for a, b in pairs for i in range(b)]


@given(SEEDS)
def test_what_must_leave_together_is_in_a_set_all_or_none(seed):
    start, sku, quantity, available = random_pieces(seed, orders=4, most=7)
    rng = np.random.default_rng(seed)
    together = np.zeros(len(sku), np.int64)
    for order in range(len(start) - 1):
        own = range(int(start[order]), int(start[order + 1]))
        marks = rng.integers(0, 4, len(own))
        for bit, piece in enumerate(own):
            same = [1 << other for other in range(len(own)) if marks[other] == marks[bit]]
            together[piece] = sum(same) if marks[bit] else 1 << bit
    pieces = pieces_of(start, sku, quantity, available, together)
    found = candidates(pieces, exact_lines=4)
    listed = set(zip(found.order.tolist(), found.mask.tolist(), found.warehouse.tolist(), strict=True))
    for order, mask, _ in listed:
        first = int(start[order])
        assert all(int(together[piece]) & ~mask == 0 for piece in pieces_in(mask, first))
    for order, warehouse in itertools.product(range(len(start) - 1), range(len(available))):
        first = int(start[order])
        for group in {int(together[piece]) for piece in range(first, int(start[order + 1]))}:
            held = is_held(pieces_in(group, first), sku, quantity, available[warehouse])
            assert ((order, group, warehouse) in listed) == held


def test_what_must_share_a_parcel_is_marked_in_the_contents():
    one = np.ones(4, np.int64)
    start, sku = np.array([0, 4]), np.array([5, 2, 5, 2])
    pieces = pieces_of(start, sku, one, np.full((1, 6), 9), np.array([1, 0b1110, 0b1110, 0b1110]))
    found = candidates(pieces, exact_lines=4)
    sets = item_sets(found, pieces, np.zeros(1, np.int64))
    contents = [
        list(zip(*(column[a:b].tolist() for column in (sets.sku, sets.quantity, sets.together)), strict=True))
        for a, b in itertools.pairwise(sets.start)
    ]
    assert sorted(contents) == [[(2, 2, 2), (5, 1, 0), (5, 1, 2)], [(2, 2, 2), (5, 1, 2)], [(5, 1, 0)]]


@given(SEEDS)
def test_chosen_sets_are_offered_where_they_are_held(seed):
    start, sku, quantity, available = random_pieces(seed)
    pieces = pieces_of(start, sku, quantity, available)
    every = candidates(pieces, exact_lines=4)
    again = chosen_sets(every.bundle_order, every.bundle_mask, pieces)
    assert all(np.array_equal(getattr(every, name), getattr(again, name)) for name in ("order", "mask", "warehouse"))


@pytest.mark.parametrize("warehouses", [0, 2])
def test_a_night_without_orders_or_warehouses_has_no_candidates(warehouses):
    none = np.zeros(0, np.int64)
    pieces = Pieces(np.zeros(1, np.int64), none, none, none, np.zeros((warehouses, 3), np.int64))
    found = candidates(pieces, 6)
    sets = item_sets(found, pieces, none)
    assert len(found.order) == len(sets.sku) == len(sets.of_bundle) == 0
    one = np.ones(1, np.int64)
    nowhere = Pieces(np.array([0, 1]), np.zeros(1, np.int64), one, one, np.zeros((0, 3), np.int64))
    assert len(candidates(nowhere, 6).order) == 0
