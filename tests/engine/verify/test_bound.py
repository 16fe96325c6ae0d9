"""Which offers the bound may count on."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from engine.verify.bound import priced_orders
from engine.verify.files import read_night
from engine.verify.limits import limits_worth_millicents
from engine.verify.offers import choices

ALL = [1, 2, 3, 1, 1, 1, 2, 3, 2, 1, 3, 1]
"""Masks of the offers as they are sorted: three of O1, one of O2 and O3, three of O4 and O5, one of O7."""
NOT_TO_BE_HAD = 7
"""O4's offer from New York asks for a lamp that is not there."""


def kept_masks(run_files, run: Path) -> list[int]:
    night, _ = read_night(run_files.write(run))
    assert night is not None
    return priced_orders(night, choices(night)).mask.tolist()


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
    assert limits_worth_millicents(night) == 4 * 700_000 + 9 * 12_345 + 1 * 250_000
