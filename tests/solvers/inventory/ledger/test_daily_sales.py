"""Daily sales and the days on which a stock could sell, against a walk day by day."""

import numpy as np
import pytest

from solvers.inventory import NO_COST, Movement, StockHistory, daily_sales, group_by_block
from solvers.inventory.ledger.kernels_log import DAY_US

LAST_DAY, DAYS = 500, 20


@pytest.mark.parametrize("seed", range(12))
def test_days_agree_with_a_walk(seed):
    rng = np.random.default_rng(seed)
    stocks, size = 5, int(rng.integers(0, 70))
    kind = rng.choice([Movement.RECEIPT, Movement.SALE, Movement.RETURN], size, p=[0.2, 0.7, 0.1])
    quantity = np.where(kind == Movement.SALE, -rng.integers(1, 6, size), rng.integers(1, 9, size))
    at = rng.integers((LAST_DAY - 30) * DAY_US, (LAST_DAY + 1) * DAY_US, size)
    stock = rng.integers(0, stocks, size)
    on_hand = rng.integers(-4, 6, stocks)
    one = StockHistory(
        [0, 0, 1, 1, 2], on_hand, [10] * stocks, stock, at, quantity, kind, np.full(size, NO_COST), [], LAST_DAY, DAYS
    )
    found = daily_sales(group_by_block(one), threads=2)
    units = on_hand - np.bincount(stock, quantity, stocks).astype(int)
    order = sorted(range(size), key=lambda r: (at[r], kind[r], stock[r], quantity[r]))
    sales, could = np.zeros((stocks, DAYS), int), np.zeros((stocks, DAYS), bool)
    for day in range(LAST_DAY - 40, LAST_DAY + 1):
        place = day - (LAST_DAY - DAYS + 1)
        had = units > 0
        for r in (row for row in order if at[row] // DAY_US == day):
            units[stock[r]] += quantity[r]
            had[stock[r]] |= units[stock[r]] > 0 or kind[r] == Movement.SALE
            if place >= 0 and kind[r] == Movement.SALE:
                sales[stock[r], place] -= quantity[r]
        if place >= 0:
            could[:, place] = had
    assert np.array_equal(found.sales, sales)
    assert np.array_equal(found.could_sell, could)
