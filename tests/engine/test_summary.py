"""The night in one row: sums of what is published."""

from __future__ import annotations

import polars as pl
import pytest

from engine.contracts.outputs import SHIPMENT_COSTS

PRICED = ("lateness_cents", "backorder_cents", "split_cents", "reserve_cents", "churn_cents")
COMPONENTS = [*(name for name, _ in SHIPMENT_COSTS), *PRICED]


@pytest.fixture(scope="module")
def summary(small_run):
    return small_run.summary


def test_the_cost_is_the_sum_of_its_components(summary):
    assert summary["cost_cents"] == sum(summary[name] for name in COMPONENTS)


def test_components_are_the_sums_of_the_tables(small_run, summary):
    for name, _ in SHIPMENT_COSTS:
        assert summary[name] == small_run.shipments[name].sum()
    assert summary["lateness_cents"] == small_run.shipments["lateness_cents"].sum()
    assert summary["backorder_cents"] == small_run.backorders["cost_cents"].sum()
    chosen = small_run.offers.filter("is_chosen")
    assert (summary["reserve_cents"], summary["churn_cents"]) == (chosen["reserve_cents"].sum(), 0)
    further = small_run.shipments.group_by("order_id").len().select(pl.col("len").sum() - pl.len()).item()
    assert summary["split_cents"] == further * small_run.settings["costs"]["split_cents"]


def test_the_bound_is_below_the_cost_and_the_gap_between_them(small_run, summary):
    assert 0 < summary["bound_cents"] <= summary["cost_cents"]
    assert summary["gap"] == (summary["cost_cents"] - summary["bound_cents"]) / summary["cost_cents"]
    solve = small_run.manifest["solves"][0]
    assert (solve["cost"], solve["bound"], solve["status"]) == (
        summary["cost_cents"],
        summary["bound_cents"],
        summary["status"],
    )


def test_every_order_and_unit_is_counted_once(small_run, summary):
    assert summary["orders"] == summary["orders_released"] + summary["orders_held"] == small_run.inputs.orders.height
    assert summary["units_released"] == summary["units_shipped"] + summary["units_backordered"]
    parcels = small_run.shipments.group_by("order_id").agg(pl.len(), pl.col("is_late").any())
    assert summary["orders_shipped"] == parcels.height
    assert summary["orders_split"] == parcels.filter(pl.col("len") > 1).height
    assert summary["orders_late"] == parcels.filter("is_late").height
    assert summary["orders_short"] == small_run.backorders["order_id"].n_unique()
    assert summary["shipments"] == small_run.shipments.height
    released = set(small_run.offer_pieces["order_id"])
    assert set(parcels["order_id"]) | set(small_run.backorders["order_id"]) == released
    assert len(released) == summary["orders_released"]
