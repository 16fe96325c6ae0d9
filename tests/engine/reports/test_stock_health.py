"""Stock health on frames: each place and figure worked by hand, both ends of the mistake in one currency."""

from datetime import UTC, date, datetime, timedelta

import polars as pl
import pytest

from engine.config import Inventory
from engine.contracts import TABLES
from engine.errors import InputError
from engine.reports.stock_health import stock_health

NIGHT = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)
PRODUCTS = pl.DataFrame({"sku": ["00123", "B", "C"], "category": ["x", "x", "y"], "unit_cost_cents": [100, 250, 40]})


def at(days):
    return NIGHT + timedelta(days=days)


def moves(*rows):
    full = [(at(r[0]), *r[1:], *[None] * (7 - len(r))) for r in rows]
    return pl.DataFrame(full, schema=TABLES["stock_movements"].schema, orient="row")


def stock(*rows):
    full = [(*row, *[0] * (5 - len(row))) for row in rows]
    return pl.DataFrame(full, schema=TABLES["stock"].schema, orient="row")


def inbound(*rows):
    full = [(w, s, q, at(days)) for w, s, q, days in rows]
    return pl.DataFrame(full, schema=TABLES["inbound"].schema, orient="row")


def check_contract(name, frame):
    table = TABLES[name]
    assert frame.schema == table.schema
    for column in table.columns:
        values = frame[column.name]
        assert column.nullable or values.null_count() == 0, column.name
        if column.minimum is not None and values.drop_nulls().len():
            assert values.min() >= column.minimum, column.name
        if column.allowed:
            assert set(values.drop_nulls()) <= set(column.allowed)


def steady(sku="B", warehouse="L", a_day=2, days=120):
    return [(-day, warehouse, sku, -a_day, "sale") for day in range(days)]


def health_of(held, movements, coming=None, **more):
    table = stock_health(held, movements, PRODUCTS, inbound() if coming is None else coming, NIGHT, **more)
    check_contract("stock_health", table)
    return {(row["warehouse_id"], row["sku"]): row for row in table.iter_rows(named=True)}


def test_a_receipt_in_the_far_future_does_not_hide_a_stock_out():
    rules = Inventory(lead_time_days=10, cycle_days=14)
    row = health_of(stock(("L", "B", 6)), moves(*steady()), inbound(("L", "B", 5_000, 200)), settings=rules)["L", "B"]
    assert row["place"] == "understock"
    assert row["demand_units_per_day"] == 2
    assert row["understock_units"] == 20 - 6
    assert row["lost_margin_cents"] == 14 * 250 * 0.35
    assert row["runs_out_on"] == date(2026, 3, 4)
    assert row["action"] == "buy"
    # Demand of lead time and cycle less what is there, and something for its spread.
    assert 2 * 24 - 6 - 5 < row["buy_units"] < 2 * 24 + 20


def test_a_near_receipt_shortens_what_must_be_covered():
    row = health_of(stock(("L", "B", 6)), moves(*steady()), inbound(("L", "B", 500, 2)))["L", "B"]
    assert (row["place"], row["understock_units"], row["lost_margin_cents"]) == ("healthy", 0, 0)
    assert row["next_receipt_on"] == date(2026, 3, 3)
    assert row["runs_out_on"] > date(2026, 10, 1)


def test_a_receipt_whose_date_has_passed_is_not_firm():
    row = health_of(stock(("L", "B", 6)), moves(*steady()), inbound(("L", "B", 500, -3)))["L", "B"]
    assert (row["inbound_units"], row["overdue_inbound_units"], row["place"]) == (0, 500, "understock")


def test_overstock_is_what_stands_above_safety_stock_and_a_cycle():
    rules = Inventory(cycle_days=14, holding_rate=0.365)
    row = health_of(stock(("L", "B", 140, 2, 10)), moves(*steady()), settings=rules)["L", "B"]
    assert row["overstock_units"] == 138 - 10 - 28
    assert row["days_to_sell_out"] == 50
    # A hundred units that shrink to none in fifty days, at 0.25 cents a unit and day.
    assert row["holding_cents"] == 100 * 50 / 2 * 0.25
    assert (row["place"], row["action"]) == ("overstock", "stop_buying")


def test_days_without_stock_do_not_lower_demand():
    # Two a day for 60 days, then thirty days with nothing to sell.
    rows = [(-day, "L", "B", -2, "sale") for day in range(30, 120)]
    row = health_of(stock(("L", "B", 0)), moves(*rows))["L", "B"]
    assert row["demand_units_per_day"] == 2
    assert (row["place"], row["runs_out_on"]) == ("out", date(2026, 3, 1))


def test_what_one_warehouse_has_too_much_of_goes_where_it_is_short():
    held = stock(("L", "B", 500), ("M", "B", 0), ("L", "C", 90))
    near = Inventory(transfer_cents_per_unit=5, transfer_cents_per_line=100)
    sold = moves(*steady(), *steady(warehouse="M"), (-300, "L", "C", -1, "sale"))
    rows = health_of(held, sold, settings=near)
    assert rows["L", "B"]["action"] == rows["M", "B"]["action"] == "transfer"
    assert rows["L", "B"]["transfer_units"] == -rows["M", "B"]["transfer_units"] < 0
    assert (rows["L", "C"]["place"], rows["L", "C"]["action"]) == ("dead", "mark_down")
    assert rows["L", "C"]["days_to_sell_out"] is None
    assert rows["L", "C"]["runs_out_on"] is None


def test_new_stock_that_has_not_sold_yet_is_not_dead():
    movements = moves((-3, "L", "B", 10, "receipt", 250), (-400, "L", "C", -1, "sale"))
    row = health_of(stock(("L", "B", 10)), movements)["L", "B"]
    assert row["place"] == "overstock"


def test_what_was_lost_without_stock_is_told_and_priced():
    # Two a day, then ten days with nothing to sell.
    rows = [(-day, "L", "B", -2, "sale") for day in range(10, 120)]
    row = health_of(stock(("L", "B", 0)), moves(*rows))["L", "B"]
    assert row["lost_sales_units"] == pytest.approx(20)
    assert row["lost_sales_cents"] == pytest.approx(20 * 250 * 0.35, abs=1)
    assert row["money_cents"] >= row["lost_sales_cents"] + row["lost_margin_cents"]


def test_negative_stock_is_out_and_asks_for_what_is_owed():
    rules = Inventory(lead_time_days=10, cycle_days=14)
    rows = health_of(stock(("L", "B", -7), ("M", "B", 4, 9)), moves(*steady(), *steady(warehouse="M")), settings=rules)
    for place, short in (("L", 7), ("M", 5)):
        row = rows[place, "B"]
        assert (row["place"], row["available_units"], row["understock_units"]) == ("out", -short, 20 + short)
        assert row["overstock_units"] == row["overstock_value_cents"] == 0
    assert sum(row["buy_units"] for row in rows.values()) > 2 * 40 + 12


def test_what_the_plan_paid_stands_beside_what_will_be_lost():
    paid = pl.DataFrame(
        {"warehouse_id": ["L"], "sku": ["B"], "waiting_units": [2], "waiting_cents": [900], "split_parcels": [1]}
        | {"split_cents": [150], "farther_parcels": [3], "farther_cents": [77]}
    )
    held = stock(("L", "B", 0), ("L", "C", 5))
    rows = health_of(held, moves(), paid=paid)
    assert rows["L", "B"]["plan_cost_cents"] == rows["L", "B"]["money_cents"] == 900 + 150 + 77
    assert rows["L", "C"]["plan_cost_cents"] == 0
    assert health_of(held, moves())["L", "B"]["plan_cost_cents"] is None
    with pytest.raises(InputError, match="paid lacks farther_cents"):
        health_of(held, moves(), paid=paid.drop("farther_cents"))


def test_frames_of_pandas_give_the_same():
    held, movements = stock(("L", "B", 6), ("L", "C", 90)), moves(*steady())
    ours = stock_health(held, movements, PRODUCTS, inbound(("L", "B", 50, 3)), NIGHT)
    theirs = stock_health(
        held.to_pandas(), movements.to_pandas(), PRODUCTS.to_pandas(), inbound(("L", "B", 50, 3)).to_pandas(), NIGHT
    )
    assert ours.equals(theirs)
    with pytest.raises(InputError, match="stock is a dict"):
        stock_health({}, movements, PRODUCTS, inbound(), NIGHT)
    with pytest.raises(InputError, match="prices lacks unit_price_cents"):
        stock_health(held, movements, PRODUCTS, inbound(), NIGHT, prices=PRODUCTS)
