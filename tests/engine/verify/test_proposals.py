"""The proposals and stock health of a run: each spoilt figure is seen, and named."""

from __future__ import annotations

from dataclasses import replace

import polars as pl
import pytest

from engine.verify.contract import check_contracts
from engine.verify.files import read_night
from engine.verify.proposals import check_proposals


@pytest.fixture(scope="module")
def night(small_run):
    return read_night(small_run.directory)[0]


def failed(night, **tables):
    spoilt = replace(night, outputs=night.outputs | tables)
    return {check.name: check.violations for check in check_proposals(spoilt) if not check.is_ok}


def first(frame, **values):
    """Change the first row."""
    is_first = pl.int_range(pl.len()) == 0
    return frame.with_columns(
        pl.when(is_first).then(value).otherwise(pl.col(name)).cast(frame.schema[name]).alias(name)
        for name, value in values.items()
    )


def test_the_proposals_of_a_run_hold(night):
    assert night.outputs["replenishment"].height
    assert night.outputs["transfers"].height
    assert failed(night) == {}


@pytest.mark.parametrize(
    ("table", "change", "name", "told"),
    [
        ("transfers", {"quantity": 10**6}, "proposals.transfers", "units are to leave"),
        ("transfers", {"cost_cents": pl.col("cost_cents") + 1}, "proposals.transfers", "cents"),
        ("replenishment", {"available_units": pl.col("available_units") - 1}, "proposals.purchases", "available of"),
        ("replenishment", {"inbound_units": pl.col("inbound_units") + 1}, "proposals.purchases", "firm of"),
        ("replenishment", {"units_after": pl.col("units_after") + 1}, "proposals.purchases", "after it instead of"),
        ("replenishment", {"cost_cents": pl.col("cost_cents") - 1}, "proposals.purchases", "units at"),
        ("replenishment", {"supplier_id": pl.lit("NOBODY")}, "supply.orders", "bought from NOBODY"),
        ("supplier_orders", {"lines": pl.col("lines") + 1}, "supply.orders", "its lines say"),
        ("supplier_orders", {"budget_cents": 1}, "supply.orders", "from"),
        ("supplier_orders", {"order_cents": 77}, "supply.orders", "suppliers say"),
        ("proposal_summary", {"purchases": 0}, "proposals.summary", "purchases is 0"),
        ("proposal_summary", {"bound_cents": 10**12}, "proposals.summary", "do not rise"),
        ("proposal_summary", {"gap": 0.5}, "proposals.summary", "gap is 0.5"),
        ("proposal_summary", {"baseline_cents": pl.col("baseline_cents") + 10**6}, "proposals.summary", "are saved"),
        ("stock_health", {"buy_units": pl.col("buy_units") + 1}, "proposals.health", "stock_health buys"),
        ("stock_health", {"transfer_units": 77}, "proposals.health", "moves 77"),
        ("stock_health", {"plan_cost_cents": pl.col("plan_cost_cents") + 1}, "proposals.health", "in parts"),
        ("stock_health", {"rank": 2}, "proposals.health", "rank 2"),
    ],
)
def test_a_spoilt_figure_is_seen(night, table, change, name, told):
    found = failed(night, **{table: first(night.outputs[table], **change)})
    assert name in found
    assert told in " ".join(found[name])


def spoilt_input(night, table, **values):
    return {
        check.name: " ".join(check.violations)
        for check in check_proposals(
            replace(night, inputs=night.inputs | {table: night.inputs[table].with_columns(**values)})
        )
    }


def test_conditions_that_a_run_does_not_keep_are_seen(night):
    assert "suppliers say" in spoilt_input(night, "suppliers", minimum_order_cents=pl.lit(10**12))["supply.orders"]
    assert "units at" in spoilt_input(night, "exchange_rates", rate=pl.col("rate") * 2)["proposals.purchases"]
    later = spoilt_input(night, "exchange_rates", valid_from=pl.col("valid_from").dt.offset_by("9y"))
    assert {"proposals.purchases", "supply.orders"} <= set(later)
    assert "in packs of 1009" in spoilt_input(night, "supply_terms", pack_units=pl.lit(1009))["supply.orders"]
    assert (
        "the way is closed"
        in spoilt_input(night, "transfer_routes", is_open=pl.lit(value=False))["proposals.transfers"]
    )
    assert (
        "it can send 0" in spoilt_input(night, "warehouses", transfer_capacity_units=pl.lit(0))["proposals.transfers"]
    )
    orders = night.outputs["supplier_orders"]
    assert "which is not in supplier_orders" in " ".join(
        failed(night, supplier_orders=orders.tail(-1))["supply.orders"]
    )


def test_a_supplier_in_a_currency_without_a_rate_is_seen(night):
    def unknown(currency):
        suppliers = night.inputs["suppliers"].with_columns(currency=pl.lit(currency))
        changed = replace(night, inputs=night.inputs | {"suppliers": suppliers})
        return [line for check in check_contracts(changed) for line in check.violations]

    assert "currency GBP is not in exchange_rates" in " ".join(unknown("GBP"))
    assert unknown("EUR") == []


def test_a_missing_row_is_seen(night):
    summary, health = night.outputs["proposal_summary"], night.outputs["stock_health"]
    assert "0 rows" in failed(night, proposal_summary=summary.clear())["proposals.summary"][0]
    bought = night.outputs["replenishment"].select("warehouse_id", "sku")
    fewer = health.join(bought.head(1), on=["warehouse_id", "sku"], how="anti", maintain_order="left")
    fewer = fewer.with_columns(rank=pl.int_range(1, pl.len() + 1))
    assert "not in stock_health" in " ".join(failed(night, stock_health=fewer)["proposals.health"])


def test_a_passed_budget_is_seen(night):
    rules = night.settings.inventory.model_copy(update={"purchase_budget_cents": 1})
    tight = replace(night, settings=night.settings.model_copy(update={"inventory": rules}))
    assert "the budget is 1" in " ".join(failed(tight)["proposals.purchases"])
