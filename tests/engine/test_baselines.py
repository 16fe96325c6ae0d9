"""Baselines: plans by rule are plans of the same night, and near is near."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from engine.baselines import baselines, nearness
from engine.contracts import TABLES
from engine.contracts.outputs import BASELINE_NAMES
from engine.terminal import savings_lines
from engine.verify.summary import check_baselines

SEEDS = range(6)


@pytest.mark.parametrize("seed", SEEDS)
def test_no_rule_beats_the_bound(tiny_night, seed):
    night = tiny_night(seed, orders=4)
    found = baselines(night.plan, night.received.orders, night.inputs.warehouses)
    assert dict(found.schema) == TABLES["baselines"].schema
    assert sorted(found["baseline"]) == sorted(BASELINE_NAMES)
    assert (found["cost_cents"] >= night.plan.outcome.bound).all()
    assert (found["plan_cost_cents"] == night.plan.outcome.cost).all()
    assert found["units_backordered"].max() <= night.received.order_lines["quantity"].sum()


def test_the_saving_is_the_difference_of_the_costs(tiny_night):
    night = tiny_night(0, orders=4)
    for row in baselines(night.plan, night.received.orders, night.inputs.warehouses).iter_rows(named=True):
        assert row["saving_share"] == pytest.approx(1 - row["plan_cost_cents"] / row["cost_cents"])


def test_nights_without_orders_have_baselines(plan_tables, tiny_tables, tiny_settings):
    tables = tiny_tables(0)
    tables["orders"], tables["order_lines"] = tables["orders"].clear(), tables["order_lines"].clear()
    night = plan_tables(tables, tiny_settings)
    found = baselines(night.plan, night.received.orders, night.inputs.warehouses)
    assert found["cost_cents"].to_list() == [0, 0, 0]
    assert savings_lines(found) == []


def test_near_is_measured_on_the_sphere(tiny_night):
    night = tiny_night(0, orders=4)
    orders = night.received.orders.sort("order_id").with_columns(
        ship_latitude=pl.lit(48.8566), ship_longitude=pl.lit(2.3522)
    )
    places = pl.DataFrame({"latitude": [48.8566, 45.764, 52.52], "longitude": [2.3522, 4.8357, 13.405]})
    rank = nearness(night.plan.problem, orders, places)
    assert rank[0] == pytest.approx([0, 392_000, 878_000], rel=0.01)


def test_an_order_without_coordinates_is_nearest_to_its_cheapest_offer(tiny_night):
    night = tiny_night(0, orders=4)
    problem = night.plan.problem
    rank = nearness(problem, night.received.orders.sort("order_id"), night.inputs.warehouses)
    cents = problem.option_cents // np.bitwise_count(problem.option_mask).astype(np.int64)
    for order in range(problem.num_orders):
        options = slice(problem.option_start[order], problem.option_start[order + 1])
        if len(cents[options]):
            best = problem.option_warehouse[options][cents[options].argmin()]
            assert rank[order].min() == rank[order, best] == cents[options].min()


def test_a_run_publishes_its_baselines(small_run):
    assert small_run.baselines.height == len(BASELINE_NAMES)
    assert (small_run.baselines["plan_cost_cents"] == small_run.summary["cost_cents"]).all()


@pytest.mark.parametrize(
    ("column", "told"), [("plan_cost_cents", "beside it, the plan costs"), ("saving_share", "is saved, recomputed")]
)
def test_the_verifier_sees_an_altered_saving(small_run, column, told):
    def check(frame: pl.DataFrame):
        tables = {"baselines": frame, "plan_summary": small_run.plan_summary}
        return check_baselines(SimpleNamespace(table=tables.__getitem__))

    assert check(small_run.baselines).num_violations == 0
    altered = check(small_run.baselines.with_columns(pl.col(column) * 2))
    assert altered.num_violations == len(BASELINE_NAMES)
    assert told in altered.examples[0]


def test_a_rule_that_does_better_is_not_told_as_a_saving():
    frame = pl.DataFrame({"baseline": ["order_by_order"], "cost_cents": [90], "saving_share": [-0.1]})
    assert savings_lines(frame) == ["loses    10.0 % to order by order"]
