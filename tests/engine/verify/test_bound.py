"""Which offers the bound may count on."""

from __future__ import annotations

import itertools
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from engine.verify.charges import Premiums, earned_beyond_prices_millicents, premiums
from engine.verify.files import read_night
from engine.verify.limits import Places, limits_worth_millicents, places
from engine.verify.offers import choices
from engine.verify.relaxation import priced_orders

ALL = [1, 2, 3, 1, 1, 1, 2, 3, 2, 1, 3, 1]
"""Masks of the offers as they are sorted: three of O1, one of O2 and O3, three of O4 and O5, one of O7."""
NOT_TO_BE_HAD = 7
"""O4's offer from New York asks for a lamp that is not there."""


def kept_masks(run_files, run: Path) -> list[int]:
    night, _ = read_night(run_files.write(run))
    assert night is not None
    given, prices = choices(night), night.table("bound_prices")
    network = places(night, prices)
    charged = premiums(night.table("bound_premiums"), given.pieces, network)
    return priced_orders(night, given, network, charged, prices).mask.tolist()


def test_every_offer_within_the_limits_counts(run_files, tmp_path: Path) -> None:
    assert kept_masks(run_files, tmp_path / "run") == [mask for at, mask in enumerate(ALL) if at != NOT_TO_BE_HAD]


@pytest.mark.parametrize(
    ("table", "where", "values", "dropped"),
    [
        # Two books to be had: the three of O5 at once are not, though each of its two pieces is.
        ("stock", (pl.col("warehouse_id") == "LYON") & (pl.col("sku") == "BOOK"), {"on_hand": 4}, [10]),
        # None to be had.
        ("stock", (pl.col("warehouse_id") == "LYON") & (pl.col("sku") == "BOOK"), {"on_hand": 1}, [0, 2, 4, 8, 9, 10]),
        # Two units a day: neither the three of O1 nor those of O5.
        ("warehouses", pl.col("warehouse_id") == "LYON", {"daily_capacity_units": 2}, [2, 10]),
        # No small boxes: one offer of O1 and two of O5.
        ("cartons", pl.col("carton_id") == "SMALL", {"on_hand": 0}, [0, 9, 10]),
    ],
)
def test_offers_beyond_a_whole_limit_are_in_no_plan(table, where, values, dropped, run_files, tmp_path: Path) -> None:
    run_files.set(table, where, **values)
    expected = [mask for at, mask in enumerate(ALL) if at not in (NOT_TO_BE_HAD, *dropped)]
    assert kept_masks(run_files, tmp_path / "run") == expected


def test_limits_are_worth_price_times_units(run_files, tmp_path: Path) -> None:
    night, _ = read_night(run_files.write(tmp_path / "run"))
    assert night is not None
    assert limits_worth_millicents(night, night.table("bound_prices")) == 4 * 700_000 + 9 * 12_345 + 1 * 250_000


@pytest.mark.parametrize("seed", range(5))
def test_stock_earns_the_most_that_whole_pieces_pay(seed: int) -> None:
    rng = np.random.default_rng(seed)
    num_pieces, num_warehouses, num_skus = 14, 2, 3
    sku, quantity = rng.integers(0, num_skus, num_pieces), rng.integers(1, 4, num_pieces)
    available = rng.integers(0, 7, (num_warehouses, num_skus))
    price = rng.integers(0, 30, (num_warehouses, num_skus))
    pays = rng.integers(0, 40, (num_pieces, num_warehouses)) * (rng.random((num_pieces, num_warehouses)) < 0.4)
    charged = np.flatnonzero(pays.ravel())
    network = Places(
        {"A": 0, "B": 1},
        {str(number): number for number in range(num_skus)},
        available,
        np.full(num_warehouses, 100),
        price,
        np.zeros(num_warehouses, dtype=np.int64),
    )
    pieces = pl.DataFrame({"sku": [str(number) for number in sku], "quantity": quantity})
    expected = 0
    for warehouse, article in {(place % num_warehouses, sku[place // num_warehouses]) for place in charged.tolist()}:
        own = np.flatnonzero(sku == article)
        most = max(
            int((quantity[chosen] * price[warehouse, article] + pays[chosen, warehouse]).sum())
            for size in range(len(own) + 1)
            for chosen in map(list, itertools.combinations(own.tolist(), size))
            if quantity[chosen].sum() <= available[warehouse, article]
        )
        expected += most - int(price[warehouse, article] * available[warehouse, article])
    premiumd = Premiums(charged, pays.ravel()[charged], num_warehouses)
    assert earned_beyond_prices_millicents(pieces, network, price, premiumd) == expected


def one_stock(available: int, quantity: list[int]) -> tuple[pl.DataFrame, Places]:
    place, none = np.array([[available]]), np.zeros(1, dtype=np.int64)
    return pl.DataFrame({"sku": ["X"] * len(quantity), "quantity": quantity}), Places(
        {"A": 0}, {"X": 0}, place, np.array([100]), np.zeros_like(place), none
    )


def test_stock_far_beyond_what_is_wanted_earns_what_all_pieces_pay() -> None:
    pieces, network = one_stock(2**50, [1, 2])
    premium = Premiums(np.array([0, 1]), np.array([5, 7]), 1)
    beyond = earned_beyond_prices_millicents(pieces, network, np.array([[3]]), premium)
    assert beyond == (1 + 2) * 3 + 5 + 7 - 3 * 2**50


def test_a_premium_on_more_wanted_units_than_can_be_recomputed_is_refused() -> None:
    pieces, network = one_stock(2**50, [2**40])
    with pytest.raises(ValueError, match="a premium on stock of"):
        earned_beyond_prices_millicents(pieces, network, np.array([[0]]), Premiums(np.array([0]), np.array([5]), 1))


def test_many_stocks_looked_at_in_parts_earn_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    num_skus, num_pieces = 20, 90
    sku = [str(number) for number in rng.integers(0, num_skus, num_pieces)]
    pieces = pl.DataFrame({"sku": sku, "quantity": rng.integers(1, 4, num_pieces)})
    available, price = rng.integers(0, 9, (1, num_skus)), rng.integers(0, 30, (1, num_skus))
    network = Places(
        {"A": 0}, {str(number): number for number in range(num_skus)}, available, np.array([100]), price,
        np.zeros(1, dtype=np.int64),
    )  # fmt: skip
    premium = Premiums(np.arange(num_pieces), rng.integers(1, 40, num_pieces), 1)
    together = earned_beyond_prices_millicents(pieces, network, price, premium)
    monkeypatch.setattr("engine.verify.charges._MOST_UNITS", 20)
    assert earned_beyond_prices_millicents(pieces, network, price, premium) == together


def test_premiums_are_paid_by_the_offers_that_carry_the_piece(run_files, tmp_path: Path) -> None:
    night, _ = read_night(run_files.write(tmp_path / "without"))
    run_files.add("bound_premiums", order_id="O1", piece_number=0, warehouse_id="LYON", millicents=77)
    other, _ = read_night(run_files.write(tmp_path / "with"))
    assert night is not None
    assert other is not None
    dearer = []
    for known in (night, other):
        given, prices = choices(known), known.table("bound_prices")
        network = places(known, prices)
        charged = premiums(known.table("bound_premiums"), given.pieces, network)
        dearer.append(priced_orders(known, given, network, charged, prices).cost)
    # The offers of O1 come first: both pieces by themselves, and together.
    assert (dearer[1] - dearer[0]).tolist() == [77 if number < 3 and ALL[number] & 1 else 0 for number in range(11)]
