"""Proposals on frames: what is short is bought or moved, what may not be done is not proposed."""

from datetime import UTC, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from engine.config import Inventory
from engine.contracts.goods import INBOUND, STOCK, STOCK_MOVEMENTS
from engine.contracts.reports import PROPOSAL_SUMMARY, REPLENISHMENT, STOCK_CLASSES, TRANSFERS
from engine.errors import InputError, UsageError
from engine.reports.classes import stock_classes
from engine.reports.proposals import propose_orders
from engine.reports.supply import Freight

NIGHT = datetime(2026, 3, 1, 22, tzinfo=UTC)
RULES = Inventory(lead_time_days=7, cycle_days=7)
PRODUCTS = pl.DataFrame(
    {"sku": ["A", "B", "NEW"], "category": ["x", "x", "x"], "unit_cost_cents": [1_000, 2_000, 1_500]}
)


def sales(sku, warehouse, a_day, days=150, seed=0):
    rng = np.random.default_rng(seed)
    units = rng.poisson(a_day, days)
    return pl.DataFrame(
        {
            "moved_at": [NIGHT - timedelta(days=day) for day in range(days)],
            "warehouse_id": warehouse,
            "sku": sku,
            "quantity": -units,
            "kind": "sale",
        }
    ).filter(pl.col("quantity") != 0)


def stock(*rows):
    return pl.DataFrame([(*row, 0, 0) for row in rows], schema=STOCK.schema, orient="row")


def propose(held, movements, inbound=None, **more):
    found = propose_orders(
        held, movements, PRODUCTS, INBOUND.empty() if inbound is None else inbound, NIGHT, settings=RULES, **more
    )
    assert found.replenishment.schema == REPLENISHMENT.schema
    assert found.transfers.schema == TRANSFERS.schema
    assert found.outcome.bound <= found.outcome.cost <= found.baseline_cents
    return found


def test_what_is_short_is_bought_up_to_demand_and_its_spread():
    found = propose(stock(("L", "A", 5)), sales("A", "L", 4))
    row = found.replenishment.row(0, named=True)
    assert row["expected_demand_units"] == pytest.approx(14 * 4, rel=0.15)
    assert row["expected_demand_units"] < row["units_after"] < 2 * row["expected_demand_units"]
    assert row["units_after"] == 5 + row["buy_units"]
    assert row["cost_cents"] == 1_000 * row["buy_units"]
    assert found.outcome.gap == 0


def test_what_is_firmly_on_its_way_is_not_bought_again():
    coming = pl.DataFrame(
        {
            "warehouse_id": ["L", "L"],
            "sku": ["A", "A"],
            "quantity": [200, 10**6],
            "expected_at": [NIGHT + timedelta(days=3), NIGHT - timedelta(days=3)],
        }
    )
    assert propose(stock(("L", "A", 5)), sales("A", "L", 4), coming).replenishment.is_empty()
    far = coming.with_columns(expected_at=NIGHT + timedelta(days=90))
    assert propose(stock(("L", "A", 5)), sales("A", "L", 4), far).replenishment.height == 1


def test_what_another_warehouse_can_spare_is_moved():
    movements = pl.concat([sales("A", "L", 4), sales("A", "M", 4, seed=1)])
    found = propose(stock(("L", "A", 600), ("M", "A", 0)), movements)
    row = found.transfers.row(0, named=True)
    assert (row["from_warehouse_id"], row["to_warehouse_id"]) == ("L", "M")
    assert row["quantity"] > 40
    assert row["cost_cents"] == 500 + 40 * row["quantity"]
    assert found.replenishment.is_empty()
    dear = propose(stock(("L", "A", 600), ("M", "A", 0)), movements, freight=Freight(cents_per_unit=100_000))
    assert dear.transfers.is_empty()
    assert dear.replenishment["warehouse_id"].to_list() == ["M"]
    kept = stock(("L", "A", 600), ("M", "A", 0)).with_columns(safety_stock=pl.Series([600, 0]))
    assert propose(kept, movements).transfers.is_empty()


def test_terms_and_budget_are_kept():
    movements = pl.concat([sales("A", "L", 4), sales("B", "L", 3, seed=2)])
    held = stock(("L", "A", 0), ("L", "B", 0))
    terms = pl.DataFrame(
        {"sku": ["A", "B"], "pack_units": [12, 25], "minimum_units": [100, None], "order_cents": [300, 0]}
    )
    bought = dict(propose(held, movements, terms=terms).replenishment.select("sku", "buy_units").iter_rows())
    assert bought["A"] % 12 == 0
    assert bought["A"] >= 100
    assert bought["B"] % 25 == 0
    tight = propose(held, movements, budget_cents=70_000).replenishment
    assert 0 < tight["cost_cents"].sum() <= 70_000
    assert propose(held, movements, budget_cents=0).replenishment.is_empty()


def test_a_higher_promise_buys_more():
    held, movements = stock(("L", "A", 0)), sales("A", "L", 4)
    units = [propose(held, movements, service=one).replenishment["buy_units"].sum() for one in (0.5, 0.9, 0.99)]
    assert units[0] < units[1] < units[2]


def test_an_article_without_history_takes_the_mean_of_its_category():
    held = stock(("L", "A", 100), ("L", "B", 100), ("L", "NEW", 0))
    movements = pl.concat([sales("A", "L", 3), sales("B", "L", 3, seed=1)])
    row = propose(held, movements).replenishment.row(0, named=True)
    assert row["sku"] == "NEW"
    assert row["expected_demand_units"] > 1


def test_order_of_rows_and_threads_do_not_matter():
    movements = pl.concat([sales("A", "L", 4), sales("B", "L", 3, seed=2), sales("A", "M", 1, seed=3)])
    held = stock(("L", "A", 3), ("L", "B", 0), ("M", "A", 150))
    one = propose(held, movements, budget_cents=200_000)
    two = propose(held.reverse(), movements.sample(fraction=1, shuffle=True, seed=1), budget_cents=200_000, threads=2)
    assert one.replenishment.equals(two.replenishment)
    assert one.transfers.equals(two.transfers)
    assert one.outcome == two.outcome


def test_nothing_on_file_proposes_nothing():
    found = propose(STOCK.empty(), STOCK_MOVEMENTS.empty())
    assert found.replenishment.is_empty()
    assert found.outcome.cost == 0


def test_a_promise_of_certainty_is_refused():
    with pytest.raises(UsageError, match="strictly between"):
        propose(stock(), STOCK_MOVEMENTS.empty(), service=1.0)


def test_stocks_are_classed_and_what_they_lost_is_told():
    without = sales("B", "L", 4, days=300, seed=5).filter(
        ~pl.col("moved_at").is_between(NIGHT - timedelta(days=60), NIGHT - timedelta(days=40))
    )
    # Empty for three weeks: the books bring the stock to nothing, and back after.
    empty = pl.DataFrame(
        {
            "moved_at": [NIGHT - timedelta(days=61), NIGHT - timedelta(days=39, hours=1)],
            "warehouse_id": "L",
            "sku": "B",
            "quantity": [-500, 500],
            "kind": "adjustment",
        }
    )
    spent = -without.filter(pl.col("moved_at") > NIGHT - timedelta(days=61))["quantity"].sum()
    held = stock(("L", "A", 10**5), ("L", "B", 500 - spent), ("L", "NEW", 3))
    found = stock_classes(held, pl.concat([sales("A", "L", 40, days=300), without, empty]), PRODUCTS, NIGHT)
    assert found.schema == STOCK_CLASSES.schema
    rows = {row["sku"]: row for row in found.iter_rows(named=True)}
    assert [rows[sku]["value_class"] for sku in ("A", "B", "NEW")] == ["a", "b", "c"]
    assert rows["NEW"]["demand_pattern"] == "none"
    assert rows["A"]["steadiness_class"] in {"x", "y"}
    assert rows["A"]["lost_units"] == 0
    assert rows["B"]["days_without_stock"] == 21
    assert rows["B"]["lost_units"] == pytest.approx(21 * 4, rel=0.25)
    assert stock_classes(STOCK.empty(), STOCK_MOVEMENTS.empty(), PRODUCTS, NIGHT).schema == STOCK_CLASSES.schema


def test_each_supplier_has_its_own_budget():
    movements = pl.concat([sales("A", "L", 4), sales("B", "L", 3, seed=2)])
    held = stock(("L", "A", 0), ("L", "B", 0))
    terms = pl.DataFrame({"sku": ["A", "B"], "supplier_id": ["S1", "S2"]})
    found = propose(held, movements, terms=terms, budget_cents={"S1": 9_000}).replenishment
    spent = dict(found.group_by("supplier_id").agg(pl.col("cost_cents").sum()).iter_rows())
    assert 0 < spent["S1"] <= 9_000 < spent["S2"]
    with pytest.raises(UsageError, match="budget_cents names S3, of which nothing is on file; there are S1, S2"):
        propose(held, movements, terms=terms, budget_cents={"S3": 1})
    with pytest.raises(InputError, match="terms names article A more than once"):
        propose(held, movements, terms=pl.concat([terms, terms]))


def test_routes_and_what_a_warehouse_can_send_are_kept():
    movements = pl.concat([sales("A", "L", 4), sales("A", "M", 4, seed=1)])
    held = stock(("L", "A", 600), ("M", "A", 0))
    routes = pl.DataFrame({"from_warehouse_id": ["L"], "to_warehouse_id": ["M"], "cents_per_unit": [7]})
    row = propose(held, movements, freight=Freight(routes=routes)).transfers.row(0, named=True)
    assert row["cost_cents"] == 500 + 7 * row["quantity"]
    few = propose(held, movements, sending_units={"L": 20}).transfers
    assert few["quantity"].sum() <= 20
    with pytest.raises(UsageError, match="sending_units names PARIS"):
        propose(held, movements, sending_units={"PARIS": 1})
    with pytest.raises(InputError, match="routes lacks to_warehouse_id"):
        propose(held, movements, freight=Freight(routes=routes.drop("to_warehouse_id")))


def test_the_cheaper_it_is_to_serve_from_elsewhere_the_less_is_bought():
    movements = pl.concat([sales("A", place, 2, seed=seed) for seed, place in enumerate(("L", "M", "N"))])
    held = stock(("L", "A", 0), ("M", "A", 0), ("N", "A", 0))
    bought = [
        propose(held, movements, elsewhere=pl.DataFrame({"sku": ["A"], "elsewhere_cents": [cents]}))
        .replenishment["buy_units"]
        .sum()
        for cents in (10, 350)
    ]
    assert bought[0] < bought[1]


def test_the_summary_adds_up():
    found = propose(stock(("L", "A", 5)), sales("A", "L", 4))
    row = found.summary.row(0, named=True)
    assert found.summary.schema == PROPOSAL_SUMMARY.schema
    assert row["purchase_cents"] == found.replenishment["cost_cents"].sum()
    assert row["bound_cents"] <= row["cost_cents"] <= row["baseline_cents"]
