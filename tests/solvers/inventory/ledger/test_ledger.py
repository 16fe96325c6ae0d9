"""The valued ledger against a dense calculator that walks every unit and every day in plain Python."""

from collections import defaultdict
from fractions import Fraction

import numpy as np
import pytest

from solvers.inventory import AGE_LIMITS_DAYS, NO_COST, NO_LINK, Movement, StockHistory, value_movements, value_stocks
from solvers.inventory.ledger.kernels_ledger import MEASURES, NEVER
from solvers.inventory.ledger.kernels_log import DAY_US

LAST_DAY = 20_000


def history(rows, *, on_hand, article=None, cost=None, period_days=365, links=True):
    """Rows: stock, day, quantity, kind, unit cost, link."""
    columns = list(zip(*rows, strict=True)) if rows else [[]] * 6
    stocks = len(on_hand)
    return StockHistory(
        article=np.zeros(stocks, int) if article is None else article,
        on_hand=on_hand,
        unit_cost_cents=[100] * stocks if cost is None else cost,
        stock=np.array(columns[0], np.int32),
        moved_at_us=np.array([int((LAST_DAY + day) * DAY_US) for day in columns[1]], np.int64),
        quantity=np.array(columns[2], np.int32),
        kind=np.array(columns[3], np.int8),
        movement_cost_cents=np.array(columns[4], np.int64),
        link=np.array(columns[5] if links else [], np.int32),
        last_day=LAST_DAY,
        period_days=period_days,
    )


def half_up(value):
    return int((value + Fraction(1, 2)).__floor__())


class Dense:
    """Every unit has a day of arrival; every day of the period is closed one by one; shares are exact fractions."""

    def __init__(self, one):
        self.one = one
        count = one.on_hand.size
        self.measures = {name: [0] * count for name in MEASURES}
        self.row_values = {}
        order = sorted(
            range(one.stock.size),
            key=lambda r: (
                one.moved_at_us[r],
                one.kind[r],
                one.link[r] if one.link.size else 0,
                one.stock[r],
                one.quantity[r],
                one.movement_cost_cents[r],
            ),
        )
        moved = np.zeros(count, np.int64)
        np.add.at(moved, one.stock, one.quantity)
        self.units = [int(v) for v in one.on_hand - moved]
        self.value = [u * int(c) for u, c in zip(self.units, one.unit_cost_cents, strict=True)]
        self.last_cost = [Fraction(int(c)) for c in one.unit_cost_cents]
        origin = min((one.moved_at_us // DAY_US).tolist(), default=LAST_DAY + 1) - 1
        self.shelf = [[origin] * max(u, 0) for u in self.units]
        self.pool = defaultdict(lambda: [0, 0, []])
        for name in ("last_sale_day", "last_receipt_day", "oldest_day"):
            self.measures[name] = [NEVER] * count
        by_day = defaultdict(list)
        for r in order:
            by_day[int(one.moved_at_us[r] // DAY_US)].append(r)
        for day in range(min([*by_day, one.first_day]), one.last_day + 1):
            if day == one.first_day:
                self.measures["opening_units"] = list(self.units)
                self.measures["opening_value_cents"] = list(self.value)
            sold_today = set()
            for r in by_day[day]:
                self.move(r, day, sold_today)
            if day >= one.first_day:
                self.close(sold_today)
        self.measures["closing_units"], self.measures["closing_value_cents"] = self.units, self.value
        for s, shelf in enumerate(self.shelf):
            if shelf:
                self.measures["oldest_day"][s] = shelf[0]

    def close(self, sold_today):
        for s, units in enumerate(self.units):
            self.measures["unit_days"][s] += units
            self.measures["value_cent_days"][s] += self.value[s]
            self.measures["stock_out_days"][s] += units <= 0
            self.measures["negative_days"][s] += units < 0
            self.measures["idle_out_days"][s] += units <= 0 and s not in sold_today

    def move(self, r, day, sold_today):
        one = self.one
        s, q, kind = int(one.stock[r]), int(one.quantity[r]), int(one.kind[r])
        link = int(one.link[r]) if one.link.size else NO_LINK
        is_transfer = kind in (Movement.TRANSFER_IN, Movement.TRANSFER_OUT)
        worth, revaluation = 0, 0
        if q > 0:
            arrivals, left = [], q
            if link >= 0 and self.pool[link][0] > 0:
                taken = min(q, self.pool[link][0])
                worth = half_up(Fraction(self.pool[link][1] * taken, self.pool[link][0]))
                self.pool[link][0] -= taken
                self.pool[link][1] -= worth
                left -= taken
                if is_transfer:
                    arrivals, self.pool[link][2] = self.pool[link][2][:taken], self.pool[link][2][taken:]
            if left:
                stated = int(one.movement_cost_cents[r])
                unit = Fraction(stated) if stated >= 0 else self.last_cost[s]
                if stated < 0 and self.units[s] > 0:
                    unit = Fraction(self.value[s], self.units[s])
                worth += half_up(unit * left)
            arrivals = arrivals + [day] * (q - len(arrivals))
            covered = min(q, max(-self.units[s], 0))
            if covered:
                booked = half_up(Fraction(-self.value[s] * covered, -self.units[s]))
                revaluation = half_up(Fraction(worth * covered, q)) - booked
            if self.units[s] <= 0:
                self.last_cost[s] = Fraction(worth, q)
            self.units[s] += q
            self.value[s] += worth - revaluation
            self.shelf[s] = sorted(self.shelf[s] + arrivals[covered:])
        elif q < 0:
            inside = min(-q, max(self.units[s], 0))
            if inside:
                self.last_cost[s] = Fraction(self.value[s], self.units[s])
                worth = half_up(self.last_cost[s] * inside)
            worth += half_up(self.last_cost[s] * (-q - inside))
            self.units[s] += q
            self.value[s] -= worth
            gone, self.shelf[s] = self.shelf[s][:inside], self.shelf[s][inside:]
            if link >= 0:
                self.pool[link][0] -= q
                self.pool[link][1] += worth
                self.pool[link][2] = sorted(self.pool[link][2] + gone + [day] * (-q - inside))
            worth = -worth
        if kind == Movement.SALE and q < 0:
            self.measures["last_sale_day"][s] = day
            sold_today.add(s)
        if kind == Movement.RECEIPT and q > 0:
            self.measures["last_receipt_day"][s] = day
        self.row_values[r] = (worth, revaluation, self.units[s], self.value[s])
        if day >= one.first_day:
            self.book(s, kind, q, worth, revaluation)

    def book(self, s, kind, q, worth, revaluation):
        names = {
            Movement.RECEIPT: [("received_units", q), ("received_value_cents", worth)],
            Movement.SALE: [("sale_units", -q), ("cogs_cents", -worth)],
            Movement.RETURN: [("returned_units", q), ("cogs_cents", -worth)],
            Movement.TRANSFER_IN: [("transferred_in_units", q), ("transferred_in_value_cents", worth)],
            Movement.TRANSFER_OUT: [("transferred_out_units", -q), ("transferred_out_value_cents", -worth)],
            Movement.ADJUSTMENT: [("adjusted_units", q), ("adjusted_value_cents", worth)],
            Movement.WRITE_OFF: [("written_off_units", -q), ("written_off_value_cents", -worth)],
        }[Movement(kind)]
        for name, amount in [*names, ("movements", 1), ("cogs_cents", revaluation), ("revaluation_cents", revaluation)]:
            self.measures[name][s] += amount


def random_history(rng, *, links=True, period_days=30):
    stocks, size = 6, int(rng.integers(0, 90))
    article = np.array([0, 0, 0, 1, 1, 2])
    stock = rng.integers(0, stocks, size)
    kind = rng.choice(7, size, p=[0.15, 0.1, 0.1, 0.1, 0.4, 0.1, 0.05])
    sign = np.where(np.isin(kind, [Movement.RECEIPT, Movement.TRANSFER_IN, Movement.RETURN]), 1, -1)
    sign = np.where(kind == Movement.ADJUSTMENT, rng.choice([-1, 1], size), sign)
    sign = np.where(rng.random(size) < 0.05, -sign, sign)
    quantity = sign * rng.integers(0, 12, size) * np.where(kind == Movement.RECEIPT, 3, 1)
    group = (
        article[stock] * 10 + np.where(np.isin(kind, [Movement.SALE, Movement.RETURN]), 0, 5) + rng.integers(0, 4, size)
    )
    can_link = np.isin(kind, [Movement.SALE, Movement.RETURN, Movement.TRANSFER_IN, Movement.TRANSFER_OUT])
    link = np.where(can_link & (rng.random(size) < 0.7), group, NO_LINK)
    cost = np.where(rng.random(size) < 0.6, rng.integers(0, 5_000, size), NO_COST)
    day = -np.floor(rng.random(size) * 45 * 4) / 4 if size else np.zeros(0)
    rows = list(zip(stock, day, quantity, kind, cost, link, strict=True))
    on_hand = rng.integers(-8, 40, stocks)
    return history(
        rows, on_hand=on_hand, article=article, cost=rng.integers(0, 900, stocks), period_days=period_days, links=links
    )


@pytest.mark.parametrize("seed", range(60))
def test_agrees_with_the_dense_calculator_to_the_unit_and_the_cent(seed):
    rng = np.random.default_rng(seed)
    one = random_history(rng, links=seed % 3 != 0, period_days=[1, 30, 60][seed % 3])
    found, dense = value_stocks(one, threads=1 + seed % 2), Dense(one)
    for name in MEASURES:
        assert found.of(name).tolist() == dense.measures[name], name
    assert found.violations(one) == []
    for s, shelf in enumerate(dense.shelf):
        ages = np.bincount(np.searchsorted(AGE_LIMITS_DAYS, LAST_DAY - np.array(shelf, int)), minlength=6)
        assert found.age_units[s].tolist() == ages.tolist()


@pytest.mark.parametrize("seed", range(10))
def test_value_is_the_sum_of_the_movements_at_their_cost_to_the_cent(seed):
    one = random_history(np.random.default_rng(seed), period_days=60)
    rows, found, dense = value_movements(one), value_stocks(one), Dense(one)
    for r, expected in dense.row_values.items():
        found_row = (rows.value_cents[r], rows.revaluation_cents[r], rows.units_after[r], rows.value_after_cents[r])
        assert found_row == expected
    total = np.zeros(one.on_hand.size, np.int64)
    np.add.at(total, one.stock, rows.value_cents - rows.revaluation_cents)
    assert np.array_equal(found.of("opening_value_cents") + total, found.of("closing_value_cents"))


@pytest.mark.parametrize("seed", range(10))
def test_row_order_and_threads_do_not_matter(seed):
    rng = np.random.default_rng(seed)
    one = random_history(rng)
    mixed = rng.permutation(one.stock.size)
    columns = ("stock", "moved_at_us", "quantity", "kind", "movement_cost_cents", "link")
    other = {name: getattr(one, name)[mixed] for name in columns}
    stocks = {name: getattr(one, name) for name in ("article", "on_hand", "unit_cost_cents", "last_day", "period_days")}
    first, second = value_stocks(one, threads=1), value_stocks(StockHistory(**stocks, **other), threads=3)
    assert first.measures.tobytes() == second.measures.tobytes()
    assert first.age_value_cents.tobytes() == second.age_value_cents.tobytes()


def test_ageing_under_negative_stock_counts_from_the_receipt():
    rows = [
        (0, -30, -30, Movement.SALE, NO_COST, NO_LINK),
        (0, -20, 100, Movement.RECEIPT, 70, NO_LINK),
        (0, -10, -10, Movement.SALE, NO_COST, NO_LINK),
    ]
    found = value_stocks(history(rows, on_hand=[60]))
    assert found.age_units[0].tolist() == [60, 0, 0, 0, 0, 0]
    assert found.of("oldest_day")[0] == LAST_DAY - 20
    assert found.of("closing_value_cents")[0] == 60 * 70
    assert found.of("negative_days")[0] == 10
    # Thirty units left at 100 and were covered at 70: what was sold cost 40 x 70 in the end.
    assert found.of("cogs_cents")[0] == 40 * 70
    assert found.of("revaluation_cents")[0] == -30 * 30


def test_a_return_comes_back_at_the_cost_it_left_with():
    rows = [
        (0, -9, 10, Movement.RECEIPT, 100, NO_LINK),
        (0, -8, -4, Movement.SALE, NO_COST, 0),
        (0, -7, 10, Movement.RECEIPT, 900, NO_LINK),
        (0, -6, 4, Movement.RETURN, NO_COST, 0),
    ]
    found = value_stocks(history(rows, on_hand=[20]))
    assert found.of("closing_value_cents")[0] == 10 * 100 + 10 * 900
    assert found.of("cogs_cents")[0] == 0


def test_a_transfer_carries_cost_and_age():
    rows = [
        (0, -200, 10, Movement.RECEIPT, 37, NO_LINK),
        (0, -5, -10, Movement.TRANSFER_OUT, NO_COST, 0),
        (1, -3, 10, Movement.TRANSFER_IN, NO_COST, 0),
    ]
    found = value_stocks(history(rows, on_hand=[0, 10], cost=[500, 500]))
    assert found.of("closing_value_cents").tolist() == [0, 370]
    assert found.age_units[1].tolist() == [0, 0, 0, 0, 10, 0]


def test_rounding_leaves_no_cent_behind():
    rows = [(0, -9, 3, Movement.RECEIPT, 33, NO_LINK), (0, -8, 1, Movement.RECEIPT, 1, NO_LINK)]
    rows += [(0, -7 + day, -1, Movement.SALE, NO_COST, NO_LINK) for day in range(4)]
    found = value_stocks(history(rows, on_hand=[0]))
    assert found.of("cogs_cents")[0] == 100
    assert found.of("closing_value_cents")[0] == 0


def test_stock_without_movements_is_measured():
    found = value_stocks(history([], on_hand=[7, -2], period_days=10))
    assert found.of("unit_days").tolist() == [70, -20]
    assert found.of("stock_out_days").tolist() == [0, 10]
    assert found.of("closing_value_cents").tolist() == [700, -200]


def test_nothing_at_all():
    found = value_stocks(history([], on_hand=[]), threads=2)
    assert found.measures.shape == (0, len(MEASURES))


def test_values_beyond_exact_range_are_refused_and_named():
    rows = [(0, -2, 1_000_000_000, Movement.RECEIPT, 10**10, NO_LINK)]
    with pytest.raises(ValueError, match=r"the value of stock 0 passes"):
        value_stocks(history(rows, on_hand=[1_000_000_000]))
    rows = [(0, -2, 2_000_000_000, Movement.RECEIPT, 1, NO_LINK), (0, -1, -2_000_000_000, Movement.SALE, 1, NO_LINK)]
    with pytest.raises(ValueError, match=r"stock 0 sees 4000000000 units pass"):
        value_stocks(history(rows, on_hand=[0]))


def test_histories_that_contradict_themselves_are_refused():
    row = (0, -1, 1, Movement.RECEIPT, 1, NO_LINK)
    with pytest.raises(ValueError, match="after the last day"):
        history([(0, 1, 1, Movement.RECEIPT, 1, NO_LINK)], on_hand=[1])
    with pytest.raises(ValueError, match=r"stock must lie in 0..0"):
        history([(1, *row[1:])], on_hand=[1])
    with pytest.raises(ValueError, match="movements of two articles share"):
        history([(0, *row[1:5], 0), (1, *row[1:5], 0)], on_hand=[1, 1], article=[0, 1])
    with pytest.raises(ValueError, match="sort the stocks by article"):
        history([row], on_hand=[1, 1], article=[1, 0])
    with pytest.raises(ValueError, match="as long as article"):
        history([row], on_hand=[1], article=[0, 1], cost=[1, 1])
    with pytest.raises(ValueError, match="period_days"):
        history([row], on_hand=[1], period_days=0)
    with pytest.raises(KeyError, match="no measure"):
        value_stocks(history([row], on_hand=[1])).of("turns")


def test_the_same_without_compilation(same_without_compiler):
    script = (
        "import numpy as np, hashlib, sys;"
        "from solvers.inventory import StockHistory, value_stocks;"
        "g = np.random.default_rng(5); n = 400;"
        "s = g.integers(0, 6, n); a = np.array([0, 0, 0, 1, 1, 1]); k = g.integers(0, 7, n);"
        "h = StockHistory(a, g.integers(-5, 30, 6), g.integers(1, 90, 6), s, g.integers(0, 40, n) * 43_200_000_000,"
        "g.integers(-9, 12, n), k, g.integers(-1, 500, n), a[s] * 9 + g.integers(0, 5, n), 20, 15);"
        "p = value_stocks(h, threads=2);"
        "print(hashlib.sha256(p.measures.tobytes() + p.age_value_cents.tobytes()).hexdigest())"
    )
    same_without_compiler(script)
