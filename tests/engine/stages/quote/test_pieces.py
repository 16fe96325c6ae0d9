"""Pieces: no unit lost or doubled, nothing divided that need not be, and what waiting is set at."""

from __future__ import annotations

import math
from datetime import timedelta

import polars as pl
import pytest

from engine.assignment.limits import available_stock
from engine.config import Costs, Settings
from engine.contracts import TABLES
from engine.inputs import Inputs
from engine.stages.quote.pieces import pieces_of
from engine.stages.receive import receive
from solvers.assignment import MAX_PIECES

SEEDS = range(12)


@pytest.mark.parametrize("seed", SEEDS)
def test_the_pieces_of_a_line_are_its_open_units(tiny_night, seed):
    night = tiny_night(seed)
    line = ["order_id", "line_number", "sku"]
    summed = night.quotes.pieces.group_by(line).agg(pl.col("quantity").sum()).sort(line)
    assert summed.equals(night.received.order_lines.select(*line, "quantity").sort(line))
    assert night.quotes.pieces["quantity"].min() > 0
    numbers = night.quotes.pieces.group_by("order_id", maintain_order=True).agg("piece_number")
    assert all(listed == list(range(len(listed))) for listed in numbers["piece_number"].to_list())


@pytest.mark.parametrize("seed", SEEDS)
def test_a_line_is_divided_only_where_no_warehouse_holds_all_of_it(tiny_night, seed):
    night = tiny_night(seed)
    available = available_stock(night.inputs.stock, night.inputs.stock_reserves)
    best = dict(available.group_by("sku").agg(pl.col("available").max()).iter_rows())
    parts = night.quotes.pieces.group_by("order_id", "line_number", "sku").agg(
        pl.len().alias("parts"), pl.col("quantity").sum(), pl.col("quantity").first().alias("first")
    )
    for row in parts.iter_rows(named=True):
        held = best.get(row["sku"], 0)
        assert (row["parts"] > 1) == (0 < held < row["quantity"])
        assert row["parts"] <= 3
        if row["parts"] > 1:
            assert row["first"] == held


@pytest.mark.parametrize("seed", SEEDS)
def test_waiting_costs_a_sum_a_line_and_one_a_unit_and_day_until_the_next_receipt(tiny_night, seed):
    night = tiny_night(seed)
    costs, day = night.settings.costs, timedelta(days=1)
    priority = dict(night.received.orders.select("order_id", "priority").iter_rows())
    for row in night.quotes.pieces.iter_rows(named=True):
        coming = [
            receipt["expected_at"]
            for receipt in night.inputs.inbound.iter_rows(named=True)
            if receipt["sku"] == row["sku"] and receipt["expected_at"] > night.as_of
        ]
        assert row["expected_at"] == min(coming, default=None)
        days = math.ceil((min(coming) - night.as_of) / day) if coming else costs.backorder_horizon_days
        days = min(days, costs.backorder_horizon_days)
        base = costs.backorder_cents_per_line + row["quantity"] * days * costs.backorder_cents_per_unit_day
        factor = 1 + costs.priority_share * priority[row["order_id"]]
        assert row["waiting_cents"] == math.floor(base * factor + 0.5)


@pytest.mark.parametrize("seed", SEEDS)
def test_leaving_a_piece_costs_the_wait_and_the_parcel_that_goes_later(tiny_night, seed):
    night = tiny_night(seed)
    for row in night.quotes.pieces.iter_rows(named=True):
        alone = night.quotes.offers.filter(order_id=row["order_id"], pieces=1 << row["piece_number"])["cost_cents"]
        assert row["later_cents"] == (alone.min() or 0)
        assert row["backorder_cents"] == row["waiting_cents"] + row["later_cents"]


def test_an_order_of_many_short_lines_keeps_within_the_pieces_that_a_plan_can_tell_apart(tiny_tables, plan_tables):
    tables = tiny_tables(0, orders=1, skus=40)
    places = tables["warehouses"]["warehouse_id"].to_list()
    skus = tables["products"]["sku"].to_list()
    stock = [
        {"warehouse_id": place, "sku": sku, "on_hand": 1, "reserved": 0, "safety_stock": 0}
        for place in places
        for sku in skus
    ]
    order_id = tables["orders"]["order_id"][0]
    lines = [
        {"order_id": order_id, "line_number": number, "sku": sku, "quantity": 3, "unit_price_cents": 1}
        for number, sku in enumerate(skus)
    ]
    tables["stock"] = pl.DataFrame(stock, schema=TABLES["stock"].schema)
    tables["order_lines"] = pl.DataFrame(lines, schema=TABLES["order_lines"].schema)
    settings = Settings(costs=Costs(backorder_cents_per_line=0, backorder_cents_per_unit_day=0))
    as_of = tables["orders"]["placed_at"][0]
    inputs = Inputs.from_frames(tables)
    received = receive(inputs, TABLES["holds"].empty(), settings, as_of)
    available = available_stock(inputs.stock, inputs.stock_reserves)
    pieces = pieces_of(received.orders, received.order_lines, available, inputs, settings, as_of)
    assert pieces["quantity"].sum() == 3 * len(skus)
    assert MAX_PIECES - 2 < pieces.height <= MAX_PIECES
    assert pieces["line_number"].n_unique() == len(skus)


def test_the_order_of_rows_does_not_matter(tiny_tables, tiny_night, tiny_settings):
    night = tiny_night(3)
    tables = {name: frame.sample(fraction=1, shuffle=True, seed=9) for name, frame in tiny_tables(3).items()}
    inputs = Inputs.from_frames(tables)
    pieces = pieces_of(
        tables["orders"].sample(fraction=1, shuffle=True, seed=1),
        tables["order_lines"],
        available_stock(inputs.stock, inputs.stock_reserves),
        inputs,
        tiny_settings,
        night.as_of,
    )
    assert pieces.equals(night.quotes.pieces.select(pieces.columns))
