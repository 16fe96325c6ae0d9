"""What a caller's own frames are refused for, in words that name table, column, value and remedy."""

from datetime import UTC, date, datetime

import pandas as pd
import polars as pl
import pytest

import engine
from engine.errors import InputError, UsageError

NIGHT = datetime(2026, 11, 22, 22, tzinfo=UTC)
STOCK = {"warehouse_id": ["W", "W"], "sku": ["a", "b"], "on_hand": [5, 9]}
MOVES = {
    "moved_at": [datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 11, 2, tzinfo=UTC)],
    "warehouse_id": ["W", "W"],
    "sku": ["a", "b"],
    "quantity": [9, -1],
    "kind": ["receipt", "sale"],
}
PRODUCTS = pl.DataFrame({"sku": ["a", "b"], "category": ["c", "c"], "unit_cost_cents": [100, 200]})


def turnover(stock=None, movements=None, as_of=NIGHT, library=pl.DataFrame):
    return engine.inventory_turnover(
        library(STOCK | (stock or {})), library(MOVES | (movements or {})), PRODUCTS, as_of
    )


@pytest.mark.parametrize("library", [pl.DataFrame, pd.DataFrame])
@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"stock": {"sku": ["a", "a"]}}, r"stock has more than one row for warehouse_id 'W', sku 'a'.*Give it one"),
        ({"stock": {"on_hand": [5, None]}}, r"stock: on_hand is missing in 1 of 2 rows, first in row 1"),
        ({"stock": {"on_hand": [5.5, 9.0]}}, r"stock: on_hand must be whole numbers; 5.5 is none"),
        ({"movements": {"quantity": [9, None]}}, r"stock_movements: quantity is missing in 1 of 2 rows"),
        ({"movements": {"sku": [None, "b"]}}, r"stock_movements: sku is missing in 1 of 2 rows, first in row 0"),
        (
            {"movements": {"kind": ["receipt", "sold"]}},
            r"stock_movements has the kind 'sold'; it must be one of receipt,",
        ),
        (
            {"movements": {"moved_at": ["01.11.2026", "2.11.2026"]}},
            r"moved_at is text, such as \['01.11.2026'\].*Read it",
        ),
    ],
)
def test_what_cannot_be_read_is_named_with_the_remedy(changed, told, library):
    with pytest.raises(InputError, match=told):
        turnover(**changed, library=library)


@pytest.mark.parametrize("as_of", ["2026-11-22", date(2026, 11, 22)])
def test_a_night_that_is_no_time_is_refused(as_of):
    with pytest.raises(UsageError, match="give a datetime"):
        turnover(as_of=as_of)


def test_a_budget_of_broken_cents_is_refused():
    inbound = pl.DataFrame(schema={"warehouse_id": str, "sku": str, "quantity": int, "expected_at": pl.Datetime})
    with pytest.raises(UsageError, match=r"budget_cents is 4\.5; give whole cents"):
        engine.propose_orders(pl.DataFrame(STOCK), pl.DataFrame(MOVES), PRODUCTS, inbound, NIGHT, budget_cents=4.5)


def test_whole_numbers_in_floating_point_and_text_are_taken():
    told = {"quantity": [9.0, -1.0]}
    assert turnover(movements=told).equals(turnover())
    assert turnover(movements={"quantity": ["9", "-1"]}).equals(turnover())
