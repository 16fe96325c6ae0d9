"""Reports on frames: the definitions' edges, worked by hand, and properties on random nights."""

from datetime import UTC, date, datetime, timedelta

import numpy as np
import polars as pl
import pytest

from engine.contracts import TABLES
from engine.errors import InputError, UsageError
from engine.reports.delivery import delivery_performance
from engine.reports.ledger import movement_costs, stock_ledger
from engine.reports.returned import return_summary
from engine.reports.rolling import rolling_turnover
from engine.reports.stock_health import stock_health
from engine.reports.turnover import inventory_turnover, mean_prices

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


def night(seed, size=2_000):
    rng = np.random.default_rng(seed)
    skus = [f"{one:05d}" for one in range(40)]
    kinds = np.array(["receipt", "sale", "return", "transfer_in", "transfer_out", "adjustment", "write_off"])
    kind = rng.choice(kinds, size, p=[0.1, 0.6, 0.1, 0.05, 0.05, 0.05, 0.05])
    quantity = rng.integers(1, 20, size) * np.where(kind == "receipt", 6, 1)
    movements = pl.DataFrame(
        {
            "moved_at": [NIGHT - timedelta(hours=int(h)) for h in rng.integers(0, 500 * 24, size)],
            "warehouse_id": rng.choice(["LYON", "ŁÓDŹ", "W 3"], size),
            "sku": rng.choice(skus, size),
            "quantity": np.where(np.isin(kind, ["sale", "transfer_out", "write_off"]), -quantity, quantity),
            "kind": kind,
            "unit_cost_cents": rng.integers(100, 1_000, size),
            "reference": [f"R{one}" for one in rng.integers(0, 90, size)],
        }
    )
    pairs = movements.select("warehouse_id", "sku").unique().sort("warehouse_id", "sku")
    held = pairs.head(pairs.height - 5).with_columns(on_hand=pl.Series(rng.integers(-5, 90, pairs.height - 5)))
    products = pl.DataFrame({"sku": skus, "category": ["a", "b"] * 20, "unit_cost_cents": rng.integers(1, 500, 40)})
    return held, movements, products


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
    if table.key:
        assert frame.select(table.key).is_duplicated().sum() == 0


@pytest.mark.parametrize("period_days", [1, 30, 365])
def test_ledger_chains_from_opening_to_what_is_on_hand(period_days):
    held, movements, _ = night(1)
    ledger = stock_ledger(held, movements, NIGHT, period_days=period_days)
    check_contract("stock_ledger", ledger)
    assert (ledger["opening_units"] + ledger["movement_units"] == ledger["closing_units"]).all()
    key = ["warehouse_id", "sku"]
    chained = ledger.with_columns(before=pl.col("closing_units").shift(1).over(key)).drop_nulls("before")
    assert (chained["before"] == chained["opening_units"]).all()
    last = ledger.group_by(key).last().join(held, on=key, how="left")
    assert (last["closing_units"] == last["on_hand"].fill_null(0)).all()
    first = NIGHT.date() - timedelta(days=period_days - 1)
    assert ledger.group_by(key).first()["day"].unique().to_list() == [first]
    assert held.join(ledger, on=key, how="anti").is_empty()


def test_figures_do_not_depend_on_row_order_or_threads():
    held, movements, products = night(2)
    mixed = movements.sample(fraction=1.0, shuffle=True, seed=4)
    one = inventory_turnover(held, movements, products, NIGHT, threads=1)
    two = inventory_turnover(held.reverse(), mixed, products.reverse(), NIGHT, threads=2)
    assert one.equals(two)
    assert stock_ledger(held, movements, NIGHT, period_days=90).equals(
        stock_ledger(held.reverse(), mixed, NIGHT, period_days=90)
    )
    coming = inbound(("LYON", "00003", 5, 3), ("LYON", "00003", 5, 30), ("W 3", "00001", 9, 300))
    health = stock_health(held, movements, products, coming, NIGHT, threads=1)
    again = stock_health(held.reverse(), mixed, products, coming.reverse(), NIGHT, threads=2)
    assert health.equals(again)
    check_contract("inventory_turnover", one)
    check_contract("stock_health", health)
    assert health["rank"].to_list() == list(range(1, health.height + 1))


def test_a_log_read_from_a_file_gives_the_same(tmp_path):
    held, movements, products = night(6)
    later = movements.head(20).with_columns(pl.col("moved_at") + timedelta(days=900))
    log = pl.concat([later, movements])
    log.write_parquet(tmp_path / "movements.parquet", row_group_size=300)
    frame = inventory_turnover(held, log, products, NIGHT, period_days=90)
    assert inventory_turnover(held, tmp_path / "movements.parquet", products, NIGHT, period_days=90).equals(frame)
    bare = log.select("moved_at", "warehouse_id", "sku", "quantity", "kind").cast({"quantity": pl.Int32})
    bare.write_parquet(tmp_path / "bare.parquet")
    frame = stock_health(held, bare, products, inbound(), NIGHT)
    assert stock_health(held, tmp_path / "bare.parquet", products, inbound(), NIGHT).equals(frame)
    bare.head(0).write_parquet(tmp_path / "none.parquet")
    none = inventory_turnover(held, tmp_path / "none.parquet", products, NIGHT)
    assert none.equals(inventory_turnover(held, bare.head(0), products, NIGHT))


def test_a_file_that_cannot_be_valued_is_refused(tmp_path):
    held, movements, products = night(7, size=50)
    for change, message in (
        (pl.col("kind").replace("sale", "theft"), "kind theft"),
        (pl.lit(None, pl.String).alias("sku"), "rows without sku"),
        (pl.lit(3_000_000_000).alias("quantity"), "movement of 3000000000 units"),
    ):
        movements.with_columns(change).write_parquet(tmp_path / "bad.parquet")
        with pytest.raises(InputError, match=message):
            inventory_turnover(held, tmp_path / "bad.parquet", products, NIGHT)
    movements.drop("kind").write_parquet(tmp_path / "bad.parquet")
    with pytest.raises(InputError, match="lacks kind"):
        inventory_turnover(held, tmp_path / "bad.parquet", products, NIGHT)


def test_every_level_adds_up_to_the_company():
    held, movements, products = night(3)
    table = inventory_turnover(held, movements, products, NIGHT, period_days=90)
    names = ["sold_units", "cogs_cents", "closing_value_cents", "received_units", "stock_out_days", "stocks"]
    totals = table.group_by("level").agg(pl.col(names).sum()).drop("level")
    assert totals.unique().height == 1
    costs = movement_costs(held, movements, products, NIGHT)
    sold = costs.filter(
        pl.col("kind").is_in(["sale", "return"]) & (pl.col("moved_at").dt.date() > NIGHT.date() - timedelta(days=90))
    )
    in_period = costs.filter(pl.col("moved_at").dt.date() > NIGHT.date() - timedelta(days=90))
    traced = -sold["value_cents"].sum() + in_period["revaluation_cents"].sum()
    assert traced == table.filter(pl.col("level") == "company")["cogs_cents"].item()


def test_turns_come_from_the_daily_close():
    # Buy 300 on the first day and sell 10 a day for 30 days: the days close at 290, 280, ..., 0, on average 145.
    rows = [(-29, "L", "B", 300, "receipt", 250)] + [(-day, "L", "B", -10, "sale") for day in range(30)]
    table = inventory_turnover(stock(("L", "B", 0)), moves(*rows), PRODUCTS, NIGHT, period_days=30)
    row = table.filter(pl.col("level") == "warehouse_sku").row(0, named=True)
    assert row["average_units"] == 145
    assert row["turns"] * 30 / 365 == pytest.approx(300 / 145)
    assert row["turns"] * 30 / 365 * 12 == pytest.approx(24.8, abs=0.05)
    assert row["days_on_hand"] == pytest.approx(30 * 145 / 300)
    assert row["sell_through"] == 1
    assert row["cogs_cents"] == 300 * 250


def test_stock_without_movement_is_in_every_average():
    movements = moves((-2, "L", "B", -1, "sale"))
    table = inventory_turnover(stock(("L", "B", 9), ("L", "00123", 50)), movements, PRODUCTS, NIGHT, period_days=10)
    dead = table.filter((pl.col("level") == "warehouse_sku") & (pl.col("sku") == "00123")).row(0, named=True)
    assert (dead["turns"], dead["days_on_hand"], dead["no_sales"], dead["average_units"]) == (0, None, True, 50)
    company = table.filter(pl.col("level") == "company").row(0, named=True)
    # The sale fell on the eighth of ten days: seven days closed with ten units, three with nine.
    assert company["average_value_cents"] == pytest.approx((70 + 27) * 250 / 10 + 50 * 100)


def test_sales_without_stock_are_cross_dock():
    movements = moves((-2, "L", "B", 5, "receipt", 90), (-2, "L", "B", -5, "sale"))
    table = inventory_turnover(stock(("L", "B", 0)), movements, PRODUCTS, NIGHT, period_days=10, levels=["sku"])
    row = table.row(0, named=True)
    assert (row["turns"], row["cross_dock"], row["no_sales"], row["cogs_cents"]) == (None, True, False, 450)


def test_covering_a_negative_stock_is_no_sale():
    # Five units left before the period at 100 each and are covered within it at 300: that costs 1,000, and nothing was sold.
    movements = moves((-40, "L", "00123", -5, "sale"), (-5, "L", "00123", 20, "receipt", 300))
    tables = (
        inventory_turnover(stock(("L", "00123", 15)), movements, PRODUCTS, NIGHT, period_days=20, levels=["company"]),
        rolling_turnover(stock(("L", "00123", 15)), movements, PRODUCTS, NIGHT, windows=(20,), days=1),
    )
    for table in tables:
        row = table.row(0, named=True)
        assert (row["sold_units"], row["cogs_cents"], row["average_units"]) == (0, 1_000, 1)
        assert (row["turns"], row["days_on_hand"]) == (0, None)
    assert tables[0]["no_sales"].item()


def test_margin_needs_a_price_for_all_that_sold():
    movements = moves((-2, "L", "B", -5, "sale"), (-2, "L", "C", -1, "sale"))
    prices = mean_prices(pl.DataFrame({"sku": ["B", "B"], "quantity": [1, 2], "unit_price_cents": [300, 301]}))
    assert prices.row(0) == ("B", 301)
    table = inventory_turnover(stock(("L", "B", 5), ("L", "C", 1)), movements, PRODUCTS, NIGHT, prices=prices)
    margin = dict(table.filter(pl.col("level") == "sku").select("sku", "gross_margin_cents").iter_rows())
    assert margin == {"B": 5 * 301 - 5 * 250, "C": None}
    assert table.filter(pl.col("level") == "company")["gross_margin_cents"].item() is None
    assert table.filter(pl.col("sku") == "B")["gmroi"][0] > 0


def test_an_empty_night_gives_empty_tables():
    for name, table in (
        ("stock_ledger", stock_ledger(stock(), moves(), NIGHT, period_days=30)),
        ("inventory_turnover", inventory_turnover(stock(), moves(), PRODUCTS, NIGHT)),
        ("stock_health", stock_health(stock(), moves(), PRODUCTS, inbound(), NIGHT)),
        (
            "delivery_performance",
            delivery_performance(TABLES["past_shipments"].empty(), TABLES["tracking_events"].empty(), NIGHT),
        ),
        (
            "return_summary",
            return_summary(
                TABLES["returns"].empty(), TABLES["order_lines"].empty(), TABLES["past_shipments"].empty(), NIGHT
            ),
        ),
    ):
        check_contract(name, table)
        assert table.is_empty()


def test_errors_name_what_is_missing():
    with pytest.raises(InputError, match="stock_movements lacks quantity"):
        stock_ledger(stock(), moves().drop("quantity"), NIGHT, period_days=3)
    with pytest.raises(InputError, match="products lacks category"):
        inventory_turnover(stock(), moves(), PRODUCTS.drop("category"), NIGHT)
    with pytest.raises(UsageError, match="no level channel"):
        inventory_turnover(stock(), moves(), PRODUCTS, NIGHT, levels=["channel"])
    with pytest.raises(InputError, match="period_days must lie"):
        inventory_turnover(stock(), moves(), PRODUCTS, NIGHT, period_days=0)


def parcels(*rows):
    names = TABLES["past_shipments"].schema
    return pl.DataFrame(
        [
            (f"S{i}", order, "L", carrier, number, at(placed), None if sent is None else at(sent), at(promised), 1)
            for i, (order, carrier, number, placed, sent, promised) in enumerate(rows)
        ],
        schema=names,
        orient="row",
    )


def events(*rows):
    names = TABLES["tracking_events"].schema
    return pl.DataFrame([(n, status, at(day), None) for n, status, day in rows], schema=names, orient="row")


def test_delivery_names_its_rung_and_judges_only_what_is_due():
    sent = parcels(
        ("o1", "x", "1", -10, -9, -6),
        ("o1", "x", "2", -10, -9, -6),
        ("o2", "x", "3", -10, None, -5),
        ("o3", "y", "4", -3, -2, 2),
        ("o4", "y", "5", -40, -39, -30),
    )
    told = events(
        ("1", "delivered", -7),
        ("1", "delivered", -7),
        ("1", "delivered", -1),
        ("2", "picked_up", -9),
        ("2", "delivery_failed", -6.5),
        ("2", "delivery_failed", -6.5),
        ("2", "delivered", -5.5),
        ("3", "in_transit", -4),
        ("5", "in_transit", -38),
        ("5", "delivered", 1),
    )
    table = delivery_performance(sent, pl.concat([told, told]), NIGHT)
    check_contract("delivery_performance", table)
    rows = {(r["carrier"], r["level"], r["tolerance_days"]): r for r in table.iter_rows(named=True)}
    exact, lenient = rows["x", "parcel", 0], rows["x", "parcel", 1]
    assert [exact[name] for name in ("shipped", "delivered", "on_time", "late", "overdue", "open")] == [
        3,
        2,
        1,
        1,
        1,
        0,
    ]
    assert (lenient["on_time"], lenient["late"]) == (2, 0)
    assert exact["cycle_days_mean"] == pytest.approx((3 + 4.5) / 2)
    assert exact["transit_days_mean"] == pytest.approx((2 + 3.5) / 2)
    assert exact["failed_attempts"] == 1
    assert exact["tracked_share"] == 1
    assert rows["y", "parcel", 0]["open"] == 1
    assert rows["y", "parcel", 0]["lost_or_unknown"] == 1
    assert rows["y", "parcel", 0]["tracked_share"] == 0.5
    order = rows["x", "order", 0]
    assert (order["shipped"], order["delivered"], order["late"]) == (2, 1, 1)
    assert rows[None, "parcel", 0]["shipped"] == 5
    assert table.equals(delivery_performance(sent.reverse(), told.reverse(), NIGHT))


def test_parcels_without_any_event_are_counted():
    table = delivery_performance(parcels(("o", "x", "1", -3, -2, -1)), events(), NIGHT)
    row = table.row(0, named=True)
    assert (row["overdue"], row["tracked_share"], row["cycle_days_mean"]) == (1, 0, None)


def test_returns_stand_in_the_week_their_order_was_sent():
    lines = pl.DataFrame(
        [("o1", 1, "B", 4, 100), ("o1", 2, "C", 1, 200), ("o2", 1, "B", 5, 100)],
        schema=["order_id", "line_number", "sku", "quantity", "unit_price_cents"],
        orient="row",
    )
    sent = parcels(("o1", "x", "1", -10, -9, -6), ("o1", "x", "2", -10, -1, -6), ("o2", "x", "3", -3, -2, 0))
    back = pl.DataFrame(
        [("o1", 1, 2, at(-3), "restock", 200), ("o1", 2, 1, at(-3), "scrap", 0), ("o7", 1, 1, at(-1), "missing", 5)],
        schema=TABLES["returns"].schema,
        orient="row",
    )
    table = return_summary(back, lines, sent, NIGHT)
    check_contract("return_summary", table)
    first, second, unknown = table.iter_rows(named=True)
    assert (first["ship_week"], first["orders"], first["shipped_units"]) == (date(2026, 2, 16), 1, 5)
    assert (first["returned_units"], first["returned_cents"], first["return_rate_units"]) == (3, 400, 0.6)
    assert first["restock_yield"] == pytest.approx(2 / 3)
    assert first["refund_lag_days"] is None
    assert (second["returned_units"], second["restock_yield"]) == (0, None)
    assert (unknown["ship_week"], unknown["missing_units"], unknown["refund_cents"]) == (None, 1, 5)
