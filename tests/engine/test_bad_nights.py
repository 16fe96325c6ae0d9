"""Bad input of one kind at a time: it is named, nothing is lost, and the rest of the night is planned."""

from __future__ import annotations

import polars as pl
import pytest

from engine.batch import run_batch
from engine.errors import NoPlanError
from engine.runs import Run, open_run
from engine.verify import verify_run

ODD = "O000"
"""The order that something is wrong with, where it is one order."""
Tables = dict[str, pl.DataFrame]


@pytest.fixture
def night(tmp_path, tiny_tables, tiny_workspace):
    """Plans a night of one's tables, stock plentiful unless changed."""

    def plan(change) -> Run:
        tables = tiny_tables(21, orders=6, stock=9)
        return open_run(run_batch(tiny_workspace(tmp_path / "night", change(tables))).directory)

    return plan


def whole(run: Run) -> None:
    """Every ordered unit ships, waits with a reason, or is of an order that is held with one."""
    assert verify_run(run.directory).is_ok
    units = run.inputs.order_lines.join(run.holds, on="order_id", how="anti")["quantity"].sum()
    assert run.shipment_lines["quantity"].sum() + run.backorders["quantity"].sum() == units
    assert run.backorders["reason"].null_count() == run.holds["detail"].null_count() == 0
    assert run.shipments.height


def of_one(name: str, **values: object):
    def change(tables: Tables) -> Tables:
        is_odd = pl.col("order_id") == ODD
        exprs = [
            pl.when(is_odd)
            .then(pl.lit(value))
            .otherwise(pl.col(column))
            .cast(tables[name].schema[column])
            .alias(column)
            for column, value in values.items()
        ]
        return tables | {name: tables[name].with_columns(exprs)}

    return change


def test_an_order_that_nobody_can_serve_waits_and_says_why(night):
    run = night(of_one("orders", ship_country="ZZ"))
    whole(run)
    assert ODD not in run.shipments["order_id"]
    told = run.backorders.filter(order_id=ODD)["reason"]
    assert set(told) <= {"no carrier's service takes it to this destination", "no warehouse has it in stock"}
    assert len(told)


def test_a_warehouse_without_capacity_sends_nothing(night):
    def shut(tables: Tables) -> Tables:
        units = pl.when(pl.col("warehouse_id") == "BER").then(0).otherwise(pl.col("daily_capacity_units"))
        return tables | {"warehouses": tables["warehouses"].with_columns(daily_capacity_units=units)}

    run = night(shut)
    whole(run)
    assert "BER" not in run.shipments["warehouse_id"]


def test_negative_stock_is_none_and_is_reported(night):
    def owe(tables: Tables) -> Tables:
        units = pl.when(pl.col("warehouse_id") == "BER").then(-7).otherwise(pl.col("on_hand"))
        return tables | {"stock": tables["stock"].with_columns(on_hand=units)}

    run = night(owe)
    whole(run)
    assert "BER" not in run.shipments["warehouse_id"]
    assert run.inputs.stock.filter(warehouse_id="BER")["on_hand"].unique().to_list() == [-7]


def test_stock_of_an_unknown_article_is_set_apart_by_row(night):
    def ghost(tables: Tables) -> Tables:
        row = tables["stock"].head(1).with_columns(sku=pl.lit("GHOST"))
        return tables | {"stock": pl.concat([tables["stock"], row])}

    run = night(ghost)
    whole(run)
    reject = run.rejects.row(0, named=True)
    assert run.rejects.height == 1
    assert (reject["table"], reject["row"], reject["value"]) == ("stock", run.inputs.stock.height + 1, "GHOST")


def test_an_order_whose_wait_cannot_be_summed_is_held_with_the_figure(night):
    run = night(lambda tables: of_one("order_lines", quantity=1_000_000)(of_one("orders", priority=1_000)(tables)))
    whole(run)
    held = run.holds.filter(order_id=ODD).row(0, named=True)
    assert held["reason"] == "cost_too_large"
    assert "correct quantity or priority" in held["detail"]


def test_a_warehouse_whose_prices_cannot_be_summed_offers_nothing(night):
    def dear(tables: Tables) -> Tables:
        # One order of very many units makes every sum large, and picking there costs the most a table may say.
        tables = of_one("order_lines", quantity=900_000)(tables)
        cents = pl.when(pl.col("warehouse_id") == "BER").then(10**10).otherwise(pl.col("pick_cents_per_unit"))
        return tables | {"warehouses": tables["warehouses"].with_columns(pick_cents_per_unit=cents)}

    run = night(dear)
    whole(run)
    assert "BER" not in run.offers["warehouse_id"]


def test_settings_whose_prices_cannot_be_summed_end_the_run_with_the_figure(tiny_tables, tiny_settings, plan_tables):
    # What a million orders reach with the dearest setting that is allowed, six reach with this one.
    costs = tiny_settings.costs.model_copy(update={"split_cents": 10**15})
    with pytest.raises(NoPlanError, match="too large to sum exactly"):
        plan_tables(tiny_tables(21, orders=6, stock=9), tiny_settings.model_copy(update={"costs": costs}))


def test_all_of_it_in_one_night_is_named_and_the_rest_is_planned(night):
    def spoil(tables: Tables) -> Tables:
        tables = of_one("orders", ship_country="ZZ")(tables)
        warehouse, other = pl.col("warehouse_id"), tables["orders"]["order_id"][1]
        ghost = tables["stock"].head(1).with_columns(sku=pl.lit("GHOST"))
        owed = tables["stock"].with_columns(on_hand=pl.when(warehouse == "NYC").then(-7).otherwise("on_hand"))
        units = pl.when(warehouse == "BER").then(0).otherwise("daily_capacity_units")
        is_odd = pl.col("order_id") == other
        return tables | {
            "warehouses": tables["warehouses"].with_columns(daily_capacity_units=units),
            "stock": pl.concat([owed, ghost]),
            "orders": tables["orders"].with_columns(priority=pl.when(is_odd).then(1_000).otherwise("priority")),
            "order_lines": tables["order_lines"].with_columns(
                quantity=pl.when(is_odd).then(1_000_000).otherwise("quantity")
            ),
        }

    run = night(spoil)
    whole(run)
    assert set(run.shipments["warehouse_id"]) == {"TYO"}
    assert run.rejects["value"].to_list() == ["GHOST"]
    assert run.holds["reason"].to_list() == ["cost_too_large"]
    assert ODD in run.backorders["order_id"]
    assert run.summary["bound_cents"] <= run.summary["cost_cents"]
