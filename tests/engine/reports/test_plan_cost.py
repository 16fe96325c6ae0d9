"""What the plan paid for shortages: it adds up, is charged to stocks that are short, and is nothing where stock is plentiful."""

import numpy as np
import polars as pl
import pytest

from engine.reports.plan_cost import PAID_COLUMNS, elsewhere_costs, shortage_costs
from solvers.assignment import lower_bound
from solvers.assignment.prices import Prices

PAIR = ["warehouse_id", "sku"]
CENTS = [name for name in PAID_COLUMNS if name.endswith("_cents")]


def paid(night):
    return shortage_costs(night.plan, night.inputs.stock, night.inputs.warehouses)


@pytest.mark.parametrize("seed", range(6))
def test_what_is_charged_is_what_the_plan_costs_beyond_plentiful_stock(tiny_night, seed):
    night = tiny_night(seed, orders=8, stock=2)
    found, problem = paid(night), night.plan.problem
    assert (found.select(PAID_COLUMNS).min_horizontal() >= 0).all()
    assert found.select(PAIR).is_duplicated().sum() == 0
    assert found.join(night.inputs.stock, on=PAIR, how="anti").is_empty()
    free = Prices(
        *(np.zeros_like(one) for one in (problem.stock_units, problem.capacity_units, problem.resource_limit))
    )
    carried = {
        (order, bit)
        for order, mask in night.plan.offers.select("order_id", "pieces").iter_rows()
        for bit in range(62)
        if mask >> bit & 1
    }
    pieces = night.plan.offer_pieces
    nowhere = sum(
        row["backorder_cents"]
        for row in pieces.iter_rows(named=True)
        if (row["order_id"], row["piece_number"]) not in carried
    )
    beyond = night.plan.outcome.cost - lower_bound(problem, free)
    assert found.select(pl.sum_horizontal(CENTS)).sum().item() <= beyond + nowhere


def test_some_tight_night_charges_waiting(tiny_night):
    found = [paid(tiny_night(seed, orders=8, stock=2)) for seed in range(6)]
    assert sum(int(frame["waiting_units"].sum()) for frame in found) > 0
    assert sum(int(frame["waiting_cents"].sum()) for frame in found) > 0


def test_plentiful_stock_is_charged_nothing(tiny_night):
    night = tiny_night(3, orders=6, stock=500)
    held = night.inputs.stock.select("sku").unique()
    ordered = night.plan.offer_pieces.select("sku").unique()
    found = paid(night).join(ordered.join(held, on="sku", how="semi"), on="sku", how="semi")
    assert found.select(pl.sum_horizontal("split_cents", "farther_cents")).sum().item() == 0


def test_elsewhere_costs_more_than_the_best_place(tiny_night):
    night = tiny_night(1, orders=8)
    found = elsewhere_costs(night.plan)
    assert found["sku"].is_unique().all()
    assert (found["elsewhere_cents"] >= 0).all()
