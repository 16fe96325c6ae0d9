"""Orders of many lines: what is suggested beside the first sets brings them close to having all sets listed."""

from __future__ import annotations

import numpy as np
import polars as pl
import pytest

from engine.assignment.tables import prices_from, without_limits
from engine.verify import verify_run
from solvers.assignment import Prices, lower_bound, order_by_order

EXACT = 10


@pytest.fixture(scope="module")
def quoted(tiny_tables, plan_tables, tiny_settings):
    """Gives a night whose orders have up to six lines, with few sets listed, with suggestions, and with all sets."""

    def plan(seed: int):
        tables = tiny_tables(seed, orders=3, lines=6, skus=9, stock=9)
        nights = []
        for exact, rounds in ((2, 0), (2, 5), (EXACT, 0)):
            assign = tiny_settings.assign.model_copy(update={"exact_lines": exact, "suggestion_rounds": rounds})
            nights.append(plan_tables(tables, tiny_settings.model_copy(update={"assign": assign})))
        return nights

    return plan


def by_themselves(night) -> int:
    """What the orders would cost if each had all stock for itself."""
    problem = night.plan.problem
    orders, options = np.ones(problem.num_orders, np.bool_), np.ones(problem.num_options, np.bool_)
    return order_by_order(without_limits(problem, orders, options, problem.option_cents)).cost_cents


KEY = ["order_id", "warehouse_id", "pieces", "cost_cents"]


@pytest.mark.parametrize("seed", range(3))
def test_suggested_offers_are_further_ones_of_all_there_are(quoted, seed):
    few, suggested, every = (night.quotes.offers.select(KEY) for night in quoted(seed))
    assert few.join(suggested, on=KEY, how="anti").is_empty()
    assert suggested.join(every, on=KEY, how="anti").is_empty()
    assert suggested.select(KEY).is_unique().all()
    night = quoted(seed)[1]
    numbers = night.quotes.offers.group_by("order_id", maintain_order=True).agg("offer_number")["offer_number"]
    assert all(listed == list(range(len(listed))) for listed in numbers.to_list())
    parcels = night.quotes.offer_parcels.group_by("offer", maintain_order=True).len("parcels")
    assert parcels["offer"].to_list() == list(range(night.quotes.offers.height))
    assert (parcels["parcels"] == night.quotes.offers["shipments"]).all()


def test_they_close_most_of_what_the_first_sets_cost_more(quoted):
    few = suggested = every = 0
    for seed in range(3):
        costs = [by_themselves(night) for night in quoted(seed)]
        assert costs[2] <= costs[1] <= costs[0]
        few, suggested, every = few + costs[0], suggested + costs[1], every + costs[2]
    assert few > every
    assert suggested - every <= 0.25 * (few - every)


@pytest.mark.parametrize("seed", range(3))
def test_the_bound_is_that_of_the_offers_listed(quoted, seed):
    night = quoted(seed)[1]
    problem, outcome = night.plan.problem, night.plan.outcome
    prices = prices_from(night.plan.shadow_prices, night.inputs, night.as_of) or Prices.zero(problem)
    assert lower_bound(problem, prices) == outcome.bound <= outcome.cost


def test_a_night_with_suggestions_is_verified_and_counts_the_orders_offered_in_part(
    tiny_tables, tiny_workspace, tmp_path
):
    from engine.batch import run_batch
    from engine.runs import open_run

    workspace = tiny_workspace(tmp_path / "long", tiny_tables(1, orders=4, lines=6, skus=9, stock=3))
    path = workspace / "ordermill.toml"
    path.write_text(path.read_text(encoding="utf-8") + "[assign]\nexact_lines = 2\n", encoding="utf-8")
    run = open_run(run_batch(workspace).directory)
    assert verify_run(run.directory).is_ok
    pieces = run.offer_pieces.group_by("order_id").len("pieces")
    assert run.summary["orders_offered_in_part"] == pieces.filter(pl.col("pieces") > 2).height > 0
