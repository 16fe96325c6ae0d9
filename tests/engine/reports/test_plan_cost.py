"""What the plan paid for shortages: it adds up, is charged to stocks that are short, and is nothing where stock is plentiful."""

from dataclasses import replace

import numpy as np
import polars as pl
import pytest

from engine.reports.plan_cost import PAID_COLUMNS, elsewhere_costs, shortage_costs
from solvers.assignment import UNLIMITED_UNITS, Prices, lower_bound, solve

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
    beyond = night.plan.outcome.cost - lower_bound(problem, Prices.zero(problem))
    assert found.select(pl.sum_horizontal(CENTS)).sum().item() <= beyond + waiting_whatever_is_there(night.plan)


def waiting_whatever_is_there(plan):
    """Cost of waiting for what no offer carries."""
    carried = {
        (order, bit)
        for order, mask in plan.offers.select("order_id", "pieces").iter_rows()
        for bit in range(62)
        if mask >> bit & 1
    }
    return sum(
        row["backorder_cents"]
        for row in plan.offer_pieces.iter_rows(named=True)
        if (row["order_id"], row["piece_number"]) not in carried
    )


def without_other_limits(night):
    """The plan of a night in which nothing but stock is scarce."""
    problem = replace(
        night.plan.problem,
        capacity_units=np.full_like(night.plan.problem.capacity_units, UNLIMITED_UNITS),
        resource_limit=np.full_like(night.plan.problem.resource_limit, 2**40),
    )
    found = solve(problem)
    offers = night.plan.offers.with_columns(is_chosen=pl.Series(found.option_chosen))
    return replace(night.plan, problem=problem, offers=offers, outcome=found.outcome)


@pytest.mark.parametrize("seed", range(8))
def test_what_is_charged_agrees_with_planning_again_without_the_shortage(tiny_night, seed):
    night = tiny_night(seed, orders=8, stock=2)
    plan = without_other_limits(night)
    again = solve(replace(plan.problem, stock_units=np.full_like(plan.problem.stock_units, 2**40))).outcome
    found = shortage_costs(plan, night.inputs.stock, night.inputs.warehouses)
    # What no offer carries waits in both plans, so planning again does not save it.
    charged = found.select(pl.sum_horizontal(CENTS)).sum().item()
    held = pl.col("sku").is_in(night.inputs.stock["sku"].implode())
    waits_anyway = waiting_whatever_is_there(replace(plan, offer_pieces=plan.offer_pieces.filter(held)))
    saved, gaps = plan.outcome.cost - again.cost, plan.outcome.cost - plan.outcome.bound + again.cost - again.bound
    assert saved - gaps <= charged - waits_anyway <= saved + gaps


@pytest.mark.parametrize("seed", range(4))
def test_a_price_lies_between_what_one_unit_more_saves_and_what_one_less_costs(tiny_night, seed):
    problem = tiny_night(seed, orders=8, stock=2).plan.problem
    found = solve(problem)
    # Premiums prove more than prices do, but of one unit more only the prices speak.
    gap = found.outcome.cost - lower_bound(problem, found.prices)
    priced = np.argwhere(found.prices.stock_millicents > 0)
    assert len(priced)
    for place, sku in priced[:6]:
        price = found.prices.stock_millicents[place, sku] / 1_000
        for step in (1, -1)[: 1 + (problem.stock_units[place, sku] > 0)]:
            stock = problem.stock_units.copy()
            stock[place, sku] += step
            changed = solve(replace(problem, stock_units=stock)).outcome.cost - found.outcome.cost
            # Rounding to whole cents is a cent more.
            assert (-changed <= price + gap + 1) if step == 1 else (changed >= price - gap - 1)


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
