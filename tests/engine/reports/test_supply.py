"""Suppliers, their terms and routes: who is bought from, lead times, orders and their conditions, and what stands in the way."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest

from engine.config import Inventory
from engine.contracts.goods import INBOUND, STOCK, STOCK_MOVEMENTS
from engine.contracts.supply import SUPPLIER_ORDERS
from engine.errors import InputError, UsageError
from engine.reports.currency import check_rates, supply_in_currency
from engine.reports.outlook import look
from engine.reports.plan_cost import PAID_COLUMNS
from engine.reports.proposals import freight_of, propose, propose_orders
from engine.reports.stock_health import health, stock_health
from engine.reports.terms import check_one_purse, conditions

NIGHT = datetime(2026, 3, 1, 22, tzinfo=UTC)
RULES = Inventory(lead_time_days=7, cycle_days=7)
PRODUCTS = pl.DataFrame({"sku": ["A", "B"], "category": "x", "unit_cost_cents": 1_000})


def sales(*pairs):
    rows = [
        (NIGHT - timedelta(days=day, hours=1), place, sku, -a_day, "sale", None, None)
        for place, sku, a_day in pairs
        for day in range(90)
    ]
    return pl.DataFrame(rows, schema=STOCK_MOVEMENTS.schema, orient="row")


def stock(*rows):
    return pl.DataFrame([(place, sku, held, 0, 0) for place, sku, held in rows], schema=STOCK.schema, orient="row")


def seen(held, moved, *, coming=None, **tables):
    return look(held, moved, PRODUCTS, INBOUND.empty() if coming is None else coming, NIGHT, settings=RULES, **tables)


def offered(*rows):
    return pl.DataFrame(
        rows, schema={"supplier_id": pl.String, "sku": pl.String, "unit_cost_cents": pl.Int64, "preference": pl.Int64},
        orient="row",
    )  # fmt: skip


def test_the_preferred_supplier_sells_then_the_cheapest_then_the_first():
    terms = offered(
        ("S3", "A", 900, 1), ("S2", "A", 990, 0), ("S4", "A", None, 0), ("S1", "B", 800, 0), ("S0", "B", 800, 0)
    )
    found = propose(seen(stock(("L", "A", 0), ("L", "B", 0)), sales(("L", "A", 4), ("L", "B", 4)), terms=terms))
    rows = {row["sku"]: row for row in found.replenishment.iter_rows(named=True)}
    assert (rows["A"]["supplier_id"], rows["A"]["cost_cents"]) == ("S2", 990 * rows["A"]["buy_units"])
    assert (rows["B"]["supplier_id"], rows["B"]["cost_cents"]) == ("S0", 800 * rows["B"]["buy_units"])


def test_what_comes_later_is_bought_earlier_and_more_where_its_time_varies():
    held, moved = stock(("L", "A", 40), ("L", "B", 40)), sales(("L", "A", 4), ("L", "B", 4))
    terms = pl.DataFrame({"supplier_id": ["S1", "S2"], "sku": ["A", "B"]})
    suppliers = pl.DataFrame({"supplier_id": ["S1", "S2"], "lead_days_mean": [21.0, 21.0], "lead_days_sd": [0.0, 6.0]})
    usual = {row["sku"]: row for row in propose(seen(held, moved)).replenishment.iter_rows(named=True)}
    outlook = seen(held, moved, terms=terms, suppliers=suppliers)
    found = {row["sku"]: row for row in propose(outlook).replenishment.iter_rows(named=True)}
    assert found["A"]["expected_demand_units"] == pytest.approx(2 * usual["A"]["expected_demand_units"])
    assert usual["A"]["buy_units"] < found["A"]["buy_units"] < found["B"]["buy_units"]
    assert found["A"]["demand_p95_units"] < found["B"]["demand_p95_units"]
    mean, variance = outlook.lead_demand
    assert variance[1] - variance[0] == pytest.approx((mean[1] / 28 * 6) ** 2, rel=1e-6)


def test_a_receipt_within_the_suppliers_own_lead_time_counts():
    coming = pl.DataFrame([("L", "A", 30, NIGHT + timedelta(days=20))], schema=INBOUND.schema, orient="row")
    held, moved = stock(("L", "A", 0)), sales(("L", "A", 4))
    suppliers = pl.DataFrame({"supplier_id": ["S1"], "lead_days_mean": [21.0]})
    terms = pl.DataFrame({"supplier_id": ["S1"], "sku": ["A"]})
    late = seen(held, moved, coming=coming, terms=terms, suppliers=suppliers)
    rows = [propose(one).replenishment["inbound_units"].item() for one in (seen(held, moved, coming=coming), late)]
    assert rows == [0, 30]
    # Until the receipt, which lies within the lead time: twenty days of four a day.
    assert health(late, propose(late))["understock_units"].item() == 80


def test_orders_add_their_lines_up_and_keep_their_conditions():
    held, moved = (
        stock(("L", "A", 0), ("L", "B", 20), ("M", "B", 20)),
        sales(("L", "A", 4), ("L", "B", 4), ("M", "B", 2)),
    )
    terms = pl.DataFrame({"supplier_id": ["S1", "S2"], "sku": ["A", "B"], "pack_units": [5, 1]})
    free = propose(seen(held, moved, terms=terms)).supplier_orders
    least = int(1.1 * free["purchase_cents"][1])
    suppliers = pl.DataFrame(
        {
            "supplier_id": ["S1", "S2"],
            "budget_cents": [31_000, None],
            "minimum_order_cents": [0, least],
            "order_cents": [700, 0],
        }
    )
    found = propose(seen(held, moved, terms=terms, suppliers=suppliers))
    assert found.supplier_orders.schema == SUPPLIER_ORDERS.schema
    one, two = found.supplier_orders.iter_rows(named=True)
    assert free["purchase_cents"][0] > 31_000
    assert free["purchase_cents"][1] < least <= two["purchase_cents"]
    assert one["purchase_cents"] == 30_000
    assert one["saved_per_budget_cent"] > 0 == two["saved_per_budget_cent"]
    lines = (
        found.replenishment.group_by("supplier_id").agg(pl.col("cost_cents", "saved_cents").sum()).sort("supplier_id")
    )
    assert lines["cost_cents"].to_list() == [one["purchase_cents"], two["purchase_cents"]]
    assert (lines["saved_cents"] - pl.Series([700, 0])).to_list() == [one["saved_cents"], two["saved_cents"]]
    saved = int(found.replenishment["saved_cents"].sum()) + int(found.transfers["saved_cents"].sum()) - 700
    assert found.baseline_cents - found.outcome.cost == pytest.approx(saved, abs=5)


def test_an_order_that_costs_more_than_it_saves_is_not_made():
    outlook = seen(
        stock(("L", "A", 0)), sales(("L", "A", 1)),
        terms=pl.DataFrame({"supplier_id": ["S1"], "sku": ["A"]}),
        suppliers=pl.DataFrame({"supplier_id": ["S1"], "order_cents": [10**7]}),
    )  # fmt: skip
    found = propose(outlook)
    assert found.replenishment.is_empty()
    assert found.supplier_orders.is_empty()
    assert found.outcome.gap == 0


@pytest.mark.parametrize("closed", [{"is_open": [False]}, {"lead_days": [8.0]}])
def test_a_closed_way_and_one_that_takes_too_long_are_not_used(closed):
    held, moved = stock(("L", "A", 600), ("M", "A", 0)), sales(("L", "A", 4), ("M", "A", 4))
    routes = pl.DataFrame({"from_warehouse_id": ["L"], "to_warehouse_id": ["M"]} | closed)
    outlook = seen(held, moved)
    assert propose(outlook).transfers.height == 1
    assert propose(outlook, freight=freight_of(RULES, routes)).transfers.is_empty()


def test_terms_that_cannot_be_meant_are_refused():
    held, moved = stock(("L", "A", 0)), sales(("L", "A", 4))
    suppliers = pl.DataFrame({"supplier_id": ["S1"], "budget_cents": [5]})
    with pytest.raises(UsageError, match=r"one budget of 100 cents .* such as S1"):
        propose_orders(held, moved, PRODUCTS, INBOUND.empty(), NIGHT, suppliers=suppliers, budget_cents=100)
    with pytest.raises(InputError, match="suppliers names S1 twice"):
        conditions(pl.concat([suppliers, suppliers]))
    with pytest.raises(InputError, match="suppliers has values of another kind"):
        conditions(suppliers.with_columns(lead_days_mean=pl.lit("soon")))
    check_one_purse(conditions(suppliers), None)
    check_one_purse(conditions(suppliers.drop("budget_cents")), 100)


def test_stock_health_and_proposals_on_frames_take_suppliers_terms_and_routes_alike():
    """As in a notebook: the frames of a night, and columns that stand for what is usual left out."""
    held, moved = (
        stock(("L", "A", 0), ("M", "A", 300), ("L", "B", 2)),
        sales(("L", "A", 4), ("M", "A", 1), ("L", "B", 3)),
    )
    more = {
        "terms": pl.DataFrame({"supplier_id": ["S1", "S2"], "sku": ["A", "B"], "pack_units": [1, 12]}),
        "suppliers": pl.DataFrame({"supplier_id": ["S1", "S2"], "lead_days_mean": [7.0, 21.0]}).to_pandas(),
        "routes": pl.DataFrame({"from_warehouse_id": ["M"], "to_warehouse_id": ["L"], "cents_per_unit": [3]}),
        "sending_units": {"M": 50},
    }
    tables = held, moved, PRODUCTS, INBOUND.empty(), NIGHT
    found = propose_orders(*tables, settings=RULES, **more)
    bought = {(row["warehouse_id"], row["sku"]): row for row in found.replenishment.iter_rows(named=True)}
    sent = found.transfers.row(0, named=True)
    assert bought["L", "B"]["buy_units"] % 12 == 0
    assert sent["cost_cents"] == RULES.transfer_cents_per_line + 3 * sent["quantity"]
    assert 0 < found.transfers["quantity"].sum() <= 50
    healths = {
        (row["warehouse_id"], row["sku"]): row for row in stock_health(*tables, settings=RULES, **more).to_dicts()
    }
    for key, row in healths.items():
        assert row["buy_units"] == bought.get(key, {"buy_units": 0})["buy_units"]
    assert healths["L", "A"]["transfer_units"] == found.transfers["quantity"].sum()
    closed = more | {"routes": more["routes"].with_columns(is_open=False)}
    assert stock_health(*tables, settings=RULES, **closed)["transfer_units"].to_list() == [0, 0, 0]
    with pytest.raises(UsageError, match="freight and routes both"):
        propose_orders(*tables, settings=RULES, freight=freight_of(RULES), **more)


def test_suppliers_with_prices_in_several_currencies_are_refused_or_converted_at_the_rate_of_the_night():
    suppliers = pl.DataFrame(
        {
            "supplier_id": ["S1", "S2"],
            "currency": ["USD", None],
            "minimum_order_cents": [1_000, 1_000],
            "budget_cents": [None, 10**7],
        }
    )
    terms = pl.DataFrame({"supplier_id": ["S1", "S2"], "sku": ["A", "B"], "unit_cost_cents": [1_001, 1_001]})
    rates = pl.DataFrame(
        {
            "currency": "USD",
            "valid_from": [NIGHT.date() + timedelta(days=day) for day in (1, -3, -9)],
            "rate": [9.0, 0.5, 7.0],
        }
    )
    priced, sellers = supply_in_currency(terms, suppliers, rates, "EUR", NIGHT)
    assert priced["unit_cost_cents"].to_list() == [501, 1_001]
    assert sellers["minimum_order_cents"].to_list() == [500, 1_000]
    assert sellers["budget_cents"].to_list() == [None, 10**7]
    assert sellers["currency"].to_list() == ["EUR", "EUR"]
    held, moved = stock(("L", "A", 0)), sales(("L", "A", 4))
    row = propose(seen(held, moved, terms=priced, suppliers=sellers)).replenishment.row(0, named=True)
    assert row["cost_cents"] == 501 * row["buy_units"]
    with pytest.raises(InputError, match=r"suppliers has money in USD, the shop's own; .*supply_in_currency first"):
        seen(held, moved, terms=terms, suppliers=suppliers)
    with pytest.raises(InputError, match="1 suppliers have no rate to EUR, such as S1 in USD on 2026-03-01"):
        supply_in_currency(terms, suppliers, rates.head(1), "EUR", NIGHT)


def test_rates_that_cannot_be_meant_are_refused():
    suppliers = pl.DataFrame({"supplier_id": ["S1"], "currency": ["USD"], "budget_cents": [10**15]})
    terms = pl.DataFrame({"supplier_id": ["S1"], "sku": ["A"], "unit_cost_cents": [10**10]})

    def rates(*values, after=0):
        day = NIGHT.date() + timedelta(days=after)
        return pl.DataFrame({"currency": "USD", "valid_from": [day] * len(values), "rate": values})

    for wrong in (0.0, -1.0, float("nan"), float("inf"), None):
        with pytest.raises(
            InputError, match=r"rates has 1 rows whose rate is not a number above 0, such as .* for USD"
        ):
            supply_in_currency(terms, suppliers, rates(1.0, wrong), "EUR", NIGHT)
    with pytest.raises(InputError, match="exchange_rates has more than one row for currency 'USD'"):
        supply_in_currency(terms, suppliers, rates(1.0, 1.1), "EUR", NIGHT)
    with pytest.raises(InputError, match="unit_cost_cents of supplier S1 comes to 20000000000 at its rate"):
        supply_in_currency(terms, suppliers, rates(2.0), "EUR", NIGHT)
    with pytest.raises(InputError, match="budget_cents of supplier S1 comes to"):
        supply_in_currency(terms.clear(), suppliers, rates(1e6), "EUR", NIGHT)
    with pytest.raises(InputError, match="1 suppliers have no rate to EUR, such as S1 in USD on 2026-03-01"):
        check_rates(suppliers, rates(1.0, after=1), "EUR", NIGHT)
    check_rates(suppliers, rates(1.0), "EUR", NIGHT)
    same = supply_in_currency(terms, suppliers.drop("currency"), rates(2.0), "EUR", NIGHT)
    assert [one.to_dicts() for one in same] == [terms.to_dicts(), suppliers.drop("currency").to_dicts()]


OF_A = {"sku": ["A"], "supplier_id": ["S1"]}
WAY = {"from_warehouse_id": ["M"], "to_warehouse_id": ["L"]}
STOCK_A = {"warehouse_id": ["L", "L"], "sku": ["A", "A"]}


@pytest.mark.parametrize(
    ("tables", "message"),
    [
        ({"terms": OF_A | {"pack_units": [0]}}, "supply_terms: pack_units must be 1 to 1e"),
        ({"terms": OF_A | {"pack_units": [2.5]}}, "pack_units must be whole numbers; 2.5 is none"),
        ({"terms": OF_A | {"unit_cost_cents": [9.99]}}, "unit_cost_cents must be whole numbers; 9.99 is none"),
        ({"terms": OF_A | {"unit_cost_cents": [-9]}}, "unit_cost_cents must be 0 to 1e.*it is -9"),
        ({"suppliers": {"supplier_id": ["S1"], "lead_days_mean": [-5.0]}}, "lead_days_mean must be 0 to 365; it is -5"),
        ({"suppliers": {"supplier_id": ["S1"], "lead_days_mean": [float("nan")]}}, "lead_days_mean must be 0 to 365"),
        ({"suppliers": {"supplier_id": ["S1"], "lead_days_sd": [-5.0]}}, "lead_days_sd must be 0 to 365"),
        ({"suppliers": {"supplier_id": ["S1", None]}}, "suppliers has 1 rows without supplier_id"),
        (
            {"suppliers": {"supplier_id": ["S1"], "minimum_order_cents": [10], "budget_cents": [5]}},
            "the least order is above the budget; nothing could be bought .S1; 1",
        ),
        ({"routes": WAY | {"cents_per_unit": [-7]}}, "transfer_routes: cents_per_unit must be 0 to"),
        ({"routes": WAY | {"cents_per_unit": ["x"]}}, "transfer_routes has values of another kind"),
        ({"routes": {name: 2 * end for name, end in WAY.items()}}, "transfer_routes has more than one row for from"),
        ({"routes": {name: ["L"] for name in WAY}}, "a route leads to another warehouse .L, L; 1"),
        ({"prices": {"sku": ["A", "A"], "unit_price_cents": [1, 2]}}, "prices has more than one row for sku 'A'"),
        ({"prices": {"sku": ["A"], "unit_price_cents": [float("nan")]}}, "unit_price_cents must be finite numbers"),
        ({"demand": STOCK_A | {"units_per_day": [1.0, 2.0]}}, "demand has more than one row for warehouse_id 'L'"),
        (
            {"demand": STOCK_A | {"units_per_day": [1.0, -2.0]}},
            "units_per_day must be finite numbers from 0 up; it is -2",
        ),
        ({"demand": STOCK_A | {"units_per_day": ["a", "b"]}}, "units_per_day must be numbers; it is String"),
        (
            {"paid": STOCK_A | {name: [1, 1] for name in PAID_COLUMNS}},
            "paid has more than one row for warehouse_id 'L'",
        ),
    ],
)
def test_values_that_no_file_could_bring_are_refused_in_frames_too(tables, message):
    """Fractions were cut off, negative times planned with, and a stock named twice stood twice in stock health."""
    frames = {name: pl.DataFrame(columns) for name, columns in tables.items()}
    held, moved = stock(("L", "A", 5), ("M", "A", 9)), sales(("L", "A", 4))
    with pytest.raises(InputError, match=message):
        stock_health(held, moved, PRODUCTS, INBOUND.empty(), NIGHT, settings=RULES, **frames)


def test_receipts_of_less_than_nothing_and_fractions_of_a_cent_are_refused():
    held, moved = stock(("L", "A", 5)), sales(("L", "A", 4))
    coming = pl.DataFrame([("L", "A", -5, NIGHT + timedelta(days=2))], schema=INBOUND.schema, orient="row")
    with pytest.raises(InputError, match=r"inbound: quantity must be 1 to .*; it is -5"):
        seen(held, moved, coming=coming)
    with pytest.raises(UsageError, match="give whole cents, or whole cents by supplier"):
        propose(seen(held, moved), budget_cents={"any": 5.5})
