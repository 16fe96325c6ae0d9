"""Pickups, reserves, restrictions, holidays and sets that ship together: on tiny nights, against the words of the contracts."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import numpy as np
import polars as pl
import pytest

from engine.assignment.limits import available_stock, capacity_limits, pickup_limits
from engine.batch import run_batch
from engine.contracts import TABLES
from engine.inputs import Inputs
from engine.runs import open_run
from engine.verify import verify_run

SEEDS = range(5)
PLACES = ("BER", "NYC", "TYO")


def frame(name: str, rows: list[dict[str, object]]) -> pl.DataFrame:
    table = TABLES[name]
    full = [{column.name: row.get(column.name, column.default) for column in table.columns} for row in rows]
    return pl.DataFrame(full, schema=table.schema, orient="row")


def ruled(tables: dict[str, pl.DataFrame], seed: int) -> dict[str, pl.DataFrame]:
    """The tables of a tiny night with every rule in them."""
    rng = np.random.default_rng(seed)
    stock, lines = tables["stock"], tables["order_lines"]
    few = stock.filter(pl.Series(rng.random(stock.height) < 0.4))
    pickups = [
        {"warehouse_id": place, "carrier": carrier, "daily_shipments": int(rng.integers(0, 4))}
        for place in PLACES
        for carrier in ("post", "speedy")
        if rng.random() < 0.6
    ]
    reserves = [
        {"warehouse_id": w, "sku": s, "quantity": int(rng.integers(0, 2)), "worth_cents": int(rng.integers(0, 300))}
        for w, s in few.select("warehouse_id", "sku").iter_rows()
    ]
    restrictions = [
        {"warehouse_id": "TYO", "dest_country": "DE"},
        {"service_id": "EXP", "hazard_class": "3", "dest_country": "US"},
    ]
    holidays = [{"country": "DE", "day": date(2026, 11, 23)}, {"country": "US", "day": date(2026, 11, 20)}]
    mark = pl.when(pl.Series(rng.random(lines.height) < 0.5)).then(pl.lit("set"))
    return tables | {
        "pickups": frame("pickups", pickups),
        "stock_reserves": frame("stock_reserves", reserves),
        "restrictions": frame("restrictions", restrictions),
        "holidays": frame("holidays", holidays),
        "order_lines": lines.with_columns(ship_together=mark),
    }


@pytest.mark.parametrize("seed", SEEDS)
def test_a_night_under_every_rule_keeps_them_all(seed, tiny_tables, tiny_workspace, tmp_path):
    """By counting, beside the verifier, which the batch has asked already."""
    tables = ruled(tiny_tables(seed, orders=10, stock=5), seed)
    run = open_run(run_batch(tiny_workspace(tmp_path / "ruled", tables)).directory)
    assert verify_run(run.directory).is_ok
    parcels = run.shipments
    handed = Counter(parcels.select("warehouse_id", "carrier").iter_rows())
    limits = {(w, c): n for w, c, n in tables["pickups"].iter_rows()}
    assert all(handed[place] <= limit for place, limit in limits.items())
    to = dict(tables["orders"].select("order_id", "ship_country").iter_rows())
    assert not any(w == "TYO" and to[o] == "DE" for w, o in parcels.select("warehouse_id", "order_id").iter_rows())
    sets = tables["order_lines"].drop_nulls("ship_together").select("order_id", "line_number")
    inside = run.shipment_lines.join(sets, on=["order_id", "line_number"])
    assert inside.group_by("order_id").agg(pl.col("shipment_id").n_unique())["shipment_id"].to_list() == [1] * (
        inside["order_id"].n_unique()
    )
    waits = run.backorders.join(sets, on=["order_id", "line_number"])
    assert not set(inside["order_id"]) & set(waits["order_id"])
    worth = {(w, s): cents for w, s, _, cents in tables["stock_reserves"].iter_rows()}
    taken = run.shipment_lines.join(parcels.select("shipment_id", "warehouse_id"), on="shipment_id")
    units = taken.select("warehouse_id", "sku", "quantity").iter_rows()
    assert run.summary["reserve_cents"] == sum(n * worth.get((w, s), 0) for w, s, n in units)


@pytest.mark.parametrize("seed", SEEDS)
def test_offers_without_a_limited_carrier_are_those_of_a_night_without_it(
    seed, tiny_tables, plan_tables, tiny_settings
):
    """Of single parcels none is missing, so no plan is lost by choosing services beforehand."""
    tables = tiny_tables(seed, orders=6, stock=6)
    limited = tables | {"pickups": frame("pickups", [{"warehouse_id": "BER", "carrier": "post", "daily_shipments": 1}])}
    ours = tables["services"].filter(carrier="post")["service_id"]
    gone = tables["zones"].filter((pl.col("warehouse_id") == "BER") & pl.col("service_id").is_in(ours.implode()))
    without = tables | {"zones": tables["zones"].join(gone, on=TABLES["zones"].key, how="anti")}
    some, none = (plan_tables(given, tiny_settings).quotes for given in (limited, without))
    if some.offer_pickups.is_empty():
        pytest.skip("the carrier is the cheapest for no parcel of this night")
    free = some.offers.join(some.offer_pickups, on=["order_id", "offer_number"], how="anti")
    key = ["order_id", "warehouse_id", "pieces", "cost_cents"]
    assert free.select(key).sort(key).equals(none.offers.select(key).sort(key))
    plain = plan_tables(tables, tiny_settings).quotes.offers.select(key)
    assert plain.join(some.offers, on=key, how="anti").is_empty()


def test_what_earlier_runs_hand_over_on_the_same_day_counts(tiny_tables):
    """On Friday evening after the cut-off and on Saturday the next hand-over is Monday's."""
    tables = tiny_tables(1) | {
        "pickups": frame("pickups", [{"warehouse_id": "BER", "carrier": "post", "daily_shipments": 3}])
    }
    friday = tables["orders"]["placed_at"].max().replace(day=20, hour=22, minute=0)
    monday = friday.replace(day=23, hour=8)
    tables["warehouses"] = tables["warehouses"].with_columns(daily_capacity_units=pl.lit(10, pl.Int64))
    parcel = {"carrier": "post", "warehouse_id": "BER", "placed_at": friday, "promised_by": friday, "order_id": "P"}
    tables["past_shipments"] = frame(
        "past_shipments",
        [
            parcel | {"shipment_id": "P-1", "tracking_number": "1", "dispatched_at": monday, "units": 4},
            parcel | {"shipment_id": "P-2", "tracking_number": "2", "dispatched_at": friday, "units": 5},
        ],
    )
    inputs = Inputs.from_frames(tables)
    for night in (friday, friday + timedelta(days=1)):
        assert pickup_limits(inputs, night)["limit"].to_list() == [2]
        assert capacity_limits(inputs, night).to_list() == [6, 10, 10]


def test_reserves_are_kept_and_never_make_stock_negative():
    stock = frame(
        "stock",
        [
            {"warehouse_id": "BER", "sku": "A", "on_hand": 5, "safety_stock": 1},
            {"warehouse_id": "BER", "sku": "B", "on_hand": 2},
            {"warehouse_id": "NYC", "sku": "A", "on_hand": -3},
        ],
    )
    kept = [{"warehouse_id": "BER", "sku": "A", "quantity": 2}, {"warehouse_id": "BER", "sku": "B", "quantity": 9}]
    assert available_stock(stock, frame("stock_reserves", kept)).rows() == [("BER", "A", 2)]


def test_lines_that_ship_together_are_never_divided_nor_sent_apart(tiny_tables, plan_tables, tiny_settings):
    tables = tiny_tables(2, orders=6, lines=4, stock=1)
    tables["order_lines"] = tables["order_lines"].with_columns(ship_together=pl.lit("all"))
    night = plan_tables(tables, tiny_settings)
    pieces = night.quotes.pieces.group_by("order_id").len("pieces")
    lines = night.received.order_lines.group_by("order_id").len("lines")
    assert pieces.join(lines, on="order_id").filter(pl.col("pieces") != pl.col("lines")).is_empty()
    whole = night.quotes.offers.join(pieces, on="order_id")
    assert (whole["pieces"] == 2 ** whole["pieces_right"] - 1).all()
    reasons = set(night.plan.backorders["reason"])
    assert reasons
    for order, rows in night.quotes.pieces.group_by("order_id"):
        alone = night.quotes.offers.filter(order_id=order[0])["cost_cents"]
        assert rows["later_cents"].sum() == (alone.min() or 0)
        assert rows["later_cents"].max() - rows["later_cents"].min() <= 1


def test_a_set_keeps_its_parcel_where_the_order_needs_two_and_an_article_of_it_is_also_free(
    tiny_tables, plan_tables, tiny_settings
):
    """A carton holds two cubes, and packed without regard to the set its two lines would lie apart."""
    tables = tiny_tables(1, orders=1, stock=9)
    one, two = tables["products"]["sku"][:2]
    edges = [pl.lit(100).alias(f"{side}_mm") for side in ("length", "width", "height")]
    plain = {"fragility": "none", "hazard_class": None, "weight_g": 500}
    tables["products"] = (
        tables["products"]
        .with_columns(*edges, **{name: pl.lit(value) for name, value in plain.items()})
        .cast(TABLES["products"].schema)
    )
    inner = {"inner_length_mm": 200, "inner_width_mm": 100, "inner_height_mm": 100, "on_hand": None}
    tables["cartons"] = (
        tables["cartons"]
        .filter(carton_id="MEDIUM")
        .with_columns(**{name: pl.lit(value) for name, value in inner.items()})
        .cast(TABLES["cartons"].schema)
    )
    order = tables["order_lines"]["order_id"][0]
    rows = [(one, None, 1), (one, "set", 1), (two, "set", 1)]
    tables["order_lines"] = frame(
        "order_lines",
        [
            {"order_id": order, "line_number": at + 1, "sku": sku, "quantity": n, "unit_price_cents": 900}
            | {"ship_together": mark}
            for at, (sku, mark, n) in enumerate(rows)
        ],
    )
    tables["orders"] = tables["orders"].filter(order_id=order).with_columns(max_shipments=pl.lit(None, pl.Int64))
    stock = [{"warehouse_id": "BER", "sku": sku, "on_hand": 9} for sku in (one, two)]
    night = plan_tables(tables | {"stock": frame("stock", stock)}, tiny_settings)
    assert night.quotes.offers.filter(pieces=0b111)["shipments"].unique().to_list() == [2]
    sent = night.plan.parcels.shipment_lines.group_by("shipment_id").agg(pl.col("line_number").sort())
    assert sorted(sent["line_number"].to_list()) == [[1], [2, 3]]
    placed = night.plan.parcels.placements.select("shipment_id", "line_number").unique()
    assert placed.height == 3


def test_a_forbidden_order_waits_and_says_that_a_restriction_may_forbid_it(tiny_tables, plan_tables, tiny_settings):
    tables = tiny_tables(3, stock=9) | {"restrictions": frame("restrictions", [{"dest_country": "DE"}])}
    night = plan_tables(tables, tiny_settings)
    barred = night.received.orders.filter(ship_country="DE")["order_id"]
    assert len(barred)
    assert not set(night.plan.parcels.shipments["order_id"]) & set(barred)
    told = night.plan.backorders.filter(pl.col("order_id").is_in(barred.implode()))["reason"]
    assert any("a restriction forbids it" in reason for reason in told)
