"""The cheapest division of an order against trying every set of offers."""

from __future__ import annotations

import numpy as np
import pytest

from engine.verify import partitions
from engine.verify.partitions import Orders, least_costs


def random_orders(seed: int, most_pieces: int = 5, most_offers: int = 9, num_orders: int = 30) -> Orders:
    random = np.random.default_rng(seed)
    pieces = random.integers(1, most_pieces + 1, num_orders)
    offers = random.integers(0, most_offers + 1, num_orders)
    owner = np.repeat(np.arange(num_orders), offers)
    return Orders(
        piece_start=np.r_[0, np.cumsum(pieces)],
        offer_start=np.r_[0, np.cumsum(offers)],
        waiting=random.integers(0, 1000, pieces.sum()),
        mask=random.integers(1, 2 ** pieces[owner]),
        parcels=random.integers(1, 4, len(owner)),
        cost=random.integers(0, 1500, len(owner)),
        max_parcels=random.choice([1, 2, 3, 2**31], num_orders),
        split=100,
    )


def brute(orders: Orders, order: int) -> int:
    waiting = orders.waiting[orders.piece_start[order] : orders.piece_start[order + 1]].tolist()
    offers = range(orders.offer_start[order], orders.offer_start[order + 1])
    best = sum(waiting)
    for chosen in range(2 ** len(offers)):
        taken = [offer for index, offer in enumerate(offers) if chosen >> index & 1]
        covered, parcels, cost, fits = 0, 0, 0, True
        for offer in taken:
            fits = fits and not covered & int(orders.mask[offer])
            covered |= int(orders.mask[offer])
            parcels += int(orders.parcels[offer])
            cost += int(orders.cost[offer])
        if fits and parcels <= orders.max_parcels[order]:
            left = sum(cents for piece, cents in enumerate(waiting) if not covered >> piece & 1)
            best = min(best, cost + left + max(parcels - 1, 0) * orders.split)
    return best


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("tabled", [10, 2, 0])
def test_least_cost_is_that_of_the_best_set_of_offers(seed: int, tabled: int, monkeypatch) -> None:
    monkeypatch.setattr(partitions, "_MAX_TABLED", tabled)
    monkeypatch.setattr(partitions, "_CELLS_AT_ONCE", 100)
    orders = random_orders(seed)
    least, relaxed = least_costs(orders)
    assert relaxed == 0
    assert least.tolist() == [brute(orders, order) for order in range(orders.num_orders)]


@pytest.mark.parametrize("seed", range(4))
def test_running_out_of_states_leaves_a_bound_from_below(seed: int, monkeypatch) -> None:
    orders = random_orders(seed)
    exact, _ = least_costs(orders)
    monkeypatch.setattr(partitions, "_MAX_TABLED", 0)
    monkeypatch.setattr(partitions, "_MAX_STATES", 1)
    bound, relaxed = least_costs(orders)
    assert relaxed > 0
    assert (bound <= exact).all()


def test_an_order_of_sixty_pieces_is_exact() -> None:
    pieces = 60
    mask = np.array([3 << bit for bit in range(0, pieces, 2)] + [1 << bit for bit in range(pieces)], dtype=np.int64)
    cost = np.array([50] * (pieces // 2) + [30] * pieces, dtype=np.int64)
    orders = Orders(
        np.array([0, pieces]), np.array([0, len(mask)]), np.full(pieces, 100), mask, np.ones(len(mask), dtype=np.int64), cost,
        np.array([2**31]), 0,
    )  # fmt: skip
    assert least_costs(orders)[0].tolist() == [50 * pieces // 2]


def test_no_orders_cost_nothing() -> None:
    none = np.zeros(0, dtype=np.int64)
    start = np.zeros(1, dtype=np.int64)
    assert least_costs(Orders(start, start, none, none, none, none, none, 5))[0].tolist() == []
