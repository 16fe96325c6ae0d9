"""Premiums of whole pieces: any of them bound the optimum, and those found prove more than prices alone."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from reference import brute_force_cents, random_problem

from solvers.assignment import (
    MILLICENTS,
    UNLIMITED_SHIPMENTS,
    UNLIMITED_UNITS,
    AssignmentProblem,
    Charges,
    Effort,
    Prices,
    charged_bound,
    lower_bound,
    solve,
)
from solvers.assignment import columns as columns_module
from solvers.assignment.cuts import no_cuts, taken_up
from solvers.assignment.dual import refine_prices, search_prices
from solvers.assignment.kernels_rounding import Askers
from solvers.assignment.preparation import prepare
from solvers.assignment.pricer import Pricer
from solvers.assignment.rounding import tighten

PRICES_ONLY = Effort(price_rounds=100, move_rounds=0, block_rounds=0)


def charged_at_random(problem: AssignmentProblem, rng: np.random.Generator) -> Charges:
    prices = Prices(
        rng.integers(0, 20_000, problem.stock_units.shape),
        rng.integers(0, 3_000, problem.num_warehouses) * (problem.capacity_units < 100),
        rng.integers(0, 3_000, problem.num_resources),
    )
    places = np.flatnonzero(rng.random(problem.num_pieces * problem.num_warehouses) < 0.5)
    piece, warehouse = np.divmod(places, problem.num_warehouses)
    return Charges(prices, piece, warehouse, rng.integers(0, 30_000, len(places)))


def shelves(seed: int, *, num_orders: int = 40, num_skus: int = 6, num_warehouses: int = 3) -> AssignmentProblem:
    """Orders of one line of 1 to 3 units each: for every article a generalised assignment of lines to few units."""
    rng = np.random.default_rng(seed)
    quantity = rng.integers(1, 4, num_orders)
    return AssignmentProblem(
        piece_start=np.arange(num_orders + 1),
        piece_sku=rng.integers(0, num_skus, num_orders),
        piece_quantity=quantity,
        piece_backorder_cents=quantity * 3000,
        option_start=np.arange(num_orders + 1) * num_warehouses,
        option_warehouse=np.tile(np.arange(num_warehouses), num_orders),
        option_mask=np.ones(num_orders * num_warehouses, dtype=np.int64),
        option_cents=rng.integers(500, 3000, num_orders * num_warehouses),
        option_parcels=np.ones(num_orders * num_warehouses, dtype=np.int64),
        max_shipments=np.full(num_orders, UNLIMITED_SHIPMENTS),
        split_cents=0,
        stock_units=rng.integers(2, 7, (num_warehouses, num_skus)),
        capacity_units=np.full(num_warehouses, UNLIMITED_UNITS),
    )


def optimum_of_shelves(problem: AssignmentProblem) -> int:
    """The optimum: article by article, what units are left in each warehouse is all that the lines so far decide."""
    total = 0
    for sku in range(problem.num_skus):
        best = {tuple(problem.stock_units[:, sku].tolist()): 0}
        for piece in np.flatnonzero(problem.piece_sku == sku).tolist():
            quantity, offers = int(problem.piece_quantity[piece]), problem.option_cents[problem.option_start[piece] :]
            further: dict[tuple[int, ...], int] = {}
            for left, cost in best.items():
                ways = [(left, cost + int(problem.piece_backorder_cents[piece]))]
                for warehouse, units in enumerate(left):
                    if units >= quantity:
                        rest = (*left[:warehouse], units - quantity, *left[warehouse + 1 :])
                        ways.append((rest, cost + int(offers[warehouse])))
                for rest, cents in ways:
                    further[rest] = min(cents, further.get(rest, cents))
            best = further
        total += min(best.values())
    return total


def test_any_charges_prove_no_more_than_the_optimum():
    close = 0
    for seed in range(2000, 2150):
        problem = random_problem(seed)
        optimum = brute_force_cents(problem)
        bound = charged_bound(problem, charged_at_random(problem, np.random.default_rng(seed)))
        assert bound <= optimum
        close += bound > 0
    assert close > 30


def test_without_premiums_the_bound_is_that_of_the_prices():
    for seed in range(2200, 2230):
        problem = random_problem(seed)
        prices = charged_at_random(problem, np.random.default_rng(seed)).prices
        assert charged_bound(problem, Charges.of(prices)) == lower_bound(problem, prices)


def test_premiums_halve_what_prices_leave_open_where_few_units_are_shared():
    open_by_prices, open_by_charges = 0, 0
    for seed in range(4):
        problem = shelves(seed)
        pricer = Pricer(prepare(problem))
        found = refine_prices(pricer, search_prices(pricer, rounds=100), rounds=2700)
        charges, bound = tighten(problem, pricer, found, rounds=1000)
        optimum = optimum_of_shelves(problem)
        assert -(-bound // MILLICENTS) == charged_bound(problem, charges) <= optimum
        open_by_prices += optimum * MILLICENTS - found.bound_millicents
        open_by_charges += optimum * MILLICENTS - bound
    assert open_by_charges < open_by_prices / 2


@pytest.mark.parametrize("seed", range(4))
def test_charges_never_prove_less_than_the_prices_they_start_from(seed):
    problem = random_problem(seed, num_orders=30, num_skus=8, num_warehouses=3, stock=6)
    pricer = Pricer(prepare(problem))
    found = search_prices(pricer, rounds=40)
    for rounds in (0, 1, 7, 300):
        charges, bound = tighten(problem, pricer, found, rounds=rounds)
        assert bound >= found.bound_millicents
        assert -(-bound // MILLICENTS) == charged_bound(problem, charges)


def test_threads_do_not_show_in_the_charges(monkeypatch):
    monkeypatch.setattr(columns_module, "_WORTH_SHARING", 1)
    one, two = (solve(shelves(1), effort=PRICES_ONLY, threads=threads).charges for threads in (1, 2))
    assert len(one.premium_piece)
    for name in ("premium_piece", "premium_warehouse", "premium_millicents"):
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))
    np.testing.assert_array_equal(one.prices.stock_millicents, two.prices.stock_millicents)


def test_cuts_hold_for_every_set_of_pieces_that_fits():
    rng = np.random.default_rng(0)
    num_cuts = 0
    for _ in range(60):
        quantity, rounds = rng.integers(1, 5, 8), rng.integers(1, 101, 8)
        units = int(rng.integers(1, 12))
        askers = Askers(np.array([0, 8]), np.arange(8), rounds)
        none = no_cuts(1)
        cuts, _ = taken_up(none, np.zeros(0, dtype=np.int64), askers, quantity, 100, np.array([units]))
        for cut in range(len(cuts.most)):
            listed = cuts.piece[cuts.piece_start[cut] : cuts.piece_start[cut + 1]]
            counts = quantity // cuts.divisor[cut] + np.isin(np.arange(8), listed)
            assert (counts * rounds).sum() > 100 * cuts.most[cut]
            for taken in itertools.product((0, 1), repeat=8):
                if (quantity * taken).sum() <= units:
                    assert (counts * taken).sum() <= cuts.most[cut]
            num_cuts += 1
    assert num_cuts > 30


def test_equal_cuts_are_taken_up_once():
    askers = Askers(np.array([0, 3]), np.array([0, 1, 2]), np.array([60, 60, 60]))
    quantity, limit = np.array([2, 2, 2]), np.array([3])
    once, price = taken_up(no_cuts(1), np.zeros(0, dtype=np.int64), askers, quantity, 100, limit)
    twice, kept = taken_up(once, price + 5, askers, quantity, 100, limit)
    assert len(once.most) == len(twice.most) > 0
    assert kept.tolist() == [5] * len(kept)
    assert len(taken_up(once, price, askers, quantity, 100, np.array([9]))[0].most) == 0


@pytest.mark.parametrize(
    ("piece", "warehouse", "millicents", "message"),
    [
        ([1, 0], [0, 0], [1, 1], "out of order"),
        ([0, 0], [1, 1], [1, 1], "out of order"),
        ([0], [0], [-1], "must be ≥ 0"),
        ([0, 1], [0], [1], "differ in length"),
    ],
)
def test_bad_premiums_are_refused(piece, warehouse, millicents, message):
    prices = Prices.zero(shelves(0))
    with pytest.raises(ValueError, match=message):
        Charges(prices, np.array(piece), np.array(warehouse), np.array(millicents))


@pytest.mark.parametrize(("millicents", "premium"), [(2**57, 0), (0, 2**62), (2**62, 2**62)])
def test_charges_beyond_all_sums_are_refused_instead_of_proving_anything(millicents, premium):
    problem = shelves(0)
    prices = Prices(
        np.full_like(problem.stock_units, millicents), np.zeros_like(problem.capacity_units), problem.resource_limit
    )
    with pytest.raises(ValueError, match="too large to sum exactly"):
        charged_bound(problem, Charges(prices, np.array([0]), np.array([0]), np.array([premium])))
    if millicents:
        with pytest.raises(ValueError, match="too large to sum exactly"):
            lower_bound(problem, prices)


def test_the_largest_charges_that_are_taken_are_summed_exactly():
    """Dearer than every wait, so all orders wait; the limits earn the most that whole pieces pay for."""
    problem = shelves(0)
    high = 2**60 // int(problem.piece_quantity.sum())
    prices = Prices(
        np.full_like(problem.stock_units, high), np.zeros_like(problem.capacity_units), problem.resource_limit
    )
    waits = int(problem.piece_backorder_cents.sum())
    worth = high * int(problem.stock_units.sum())
    assert lower_bound(problem, prices) == -(-(waits * MILLICENTS - worth) // MILLICENTS)
    assert charged_bound(problem, Charges.of(prices)) == lower_bound(problem, prices)


def test_premiums_of_another_problem_are_refused():
    problem = shelves(0)
    charges = Charges(Prices.zero(problem), np.array([40]), np.array([0]), np.array([1]))
    with pytest.raises(ValueError, match="premium_piece must be"):
        charged_bound(problem, charges)
