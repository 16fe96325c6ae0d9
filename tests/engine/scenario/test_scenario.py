"""What-ifs: the same night when nothing matters, never a gain from less, and shadow prices that hold what they claim."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from engine import what_if
from engine.contracts import TABLES
from engine.errors import InputError, UsageError
from engine.runs import Run
from engine.scenario.changes import read_tariff, with_stock
from solvers.assignment import MILLICENTS, solve


def first_warehouse(run: Run) -> dict:
    return run.inputs.warehouses.row(0, named=True)


def test_a_change_to_what_is_already_so_changes_nothing(small_run):
    place = first_warehouse(small_run)
    found = what_if(small_run, capacity={place["warehouse_id"]: place["daily_capacity_units"]}).compare(small_run)
    assert found.difference_cents == 0
    assert found.orders.is_empty()


def test_closing_a_warehouse_takes_it_out_of_the_plan_and_saves_nothing_beyond_the_gap(small_run):
    busiest = small_run.shipments["warehouse_id"].mode().sort()[0]
    answer = what_if(small_run, close=[busiest])
    found = answer.compare(small_run)
    assert busiest not in answer.table("shipments")["warehouse_id"]
    assert found.most_difference_cents >= 0
    assert found.orders["difference_cents"].sum() == found.difference_cents
    moved = small_run.shipments.filter(pl.col("warehouse_id") == busiest)["order_id"].unique()
    assert set(moved) <= set(found.orders["order_id"])


def test_all_closed_means_all_waits_and_nothing_is_written(small_run):
    def files() -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in small_run.directory.parents[2].rglob("*") if path.is_file()}

    before = files()
    answer = what_if(small_run, close=small_run.inputs.warehouses["warehouse_id"].to_list())
    assert answer.summary["shipments"] == 0
    assert answer.summary["units_backordered"] == answer.summary["units_released"]
    assert answer.compare(small_run).difference_cents > 0
    assert files() == before


def test_stock_where_it_is_dearest_never_costs_more_beyond_the_gap(small_run):
    dearest = (
        small_run.shadow_prices.drop_nulls("sku").sort("millicents_per_unit", "warehouse_id", "sku").row(-1, named=True)
    )
    stock = small_run.inputs.stock.filter(
        (pl.col("warehouse_id") == dearest["warehouse_id"]) & (pl.col("sku") == dearest["sku"])
    ).select("warehouse_id", "sku", pl.col("on_hand") + 1)
    found = what_if(small_run, stock=stock).compare(small_run)
    assert found.least_difference_cents <= 0
    assert "stock of 1 places" in found.after.run_id


def test_stock_replaces_what_it_names_and_nothing_else(small_run):
    before = small_run.inputs.stock.with_columns(reserved=pl.lit(2, pl.Int64))
    inputs = replace(small_run.inputs, stock=before)
    changed = before.head(2).select("warehouse_id", "sku", on_hand=pl.lit(77, pl.Int64))
    after, places = with_stock(inputs, changed, "UTC")
    assert places == 2
    assert after.stock.head(2)["on_hand"].to_list() == [77, 77]
    assert after.stock.drop("on_hand").equals(before.drop("on_hand"))
    assert after.stock.tail(-2).equals(before.tail(-2))
    freed, _ = with_stock(inputs, changed.with_columns(reserved=pl.lit(0, pl.Int64)), "UTC")
    assert freed.stock.head(2)["reserved"].to_list() == [0, 0]


def test_a_tariff_twice_as_dear_costs_more(small_run, tmp_path):
    rates = small_run.inputs.rates.with_columns(pl.col("price_cents") * 2)
    rates.write_csv(tmp_path / "rates.csv")
    found = what_if(small_run, tariff=tmp_path).compare(small_run)
    assert found.is_proven
    assert found.difference_cents > 0
    for form in (tmp_path, [tmp_path / "rates.csv"], {"rates": rates}):
        assert read_tariff(form, small_run.inputs, "UTC")["rates"].equals(rates.sort(TABLES["rates"].key))


def test_bad_questions_are_refused(small_run, tmp_path):
    with pytest.raises(UsageError, match="nothing changes"):
        what_if(small_run)
    with pytest.raises(UsageError, match="no warehouse is called NOWHERE; the run has "):
        what_if(small_run, close=["NOWHERE"])
    with pytest.raises(UsageError, match="below 0"):
        what_if(small_run, capacity={first_warehouse(small_run)["warehouse_id"]: -1})
    with pytest.raises(UsageError, match="no table of the tariff"):
        what_if(small_run, tariff={"orders": small_run.inputs.orders})
    with pytest.raises(UsageError, match="neither a table of the tariff"):
        what_if(small_run, tariff=tmp_path)
    with pytest.raises(InputError, match=r"stock\.csv cannot be read"):
        what_if(small_run, stock=tmp_path / "stock.csv")
    with pytest.raises(UsageError, match=r"neither \.csv nor \.parquet"):
        what_if(small_run, stock=tmp_path / "stock.txt")


def test_a_run_of_another_version_is_refused(small_run):
    other = Run(small_run.directory)
    other.__dict__["manifest"] = small_run.manifest | {"versions": {"ordermill": "0.0.1"}}
    with pytest.raises(UsageError, match=r"planned by version 0\.0\.1"):
        what_if(other, close=[first_warehouse(other)["warehouse_id"]])
    other.__dict__["manifest"] = small_run.manifest | {"code_sha256": "another"}
    with pytest.raises(UsageError, match="other sources of the same version"):
        what_if(other, close=[first_warehouse(other)["warehouse_id"]])


def test_one_bad_row_refuses_the_file(small_run, tmp_path):
    path = tmp_path / "stock.csv"
    path.write_text("warehouse_id,sku,on_hand\nNOWHERE,00000,3\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"(?s)takes all rows or none.*NOWHERE"):
        what_if(small_run, stock=path)


@pytest.mark.parametrize("seed", range(8))
def test_one_more_of_the_priciest_unit_saves_no_more_than_its_price_and_never_costs(tiny_night, seed):
    night = tiny_night(seed, orders=8, stock=2)
    problem, outcome = night.plan.problem, night.plan.outcome
    prices = night.plan.shadow_prices.drop_nulls("sku").sort("millicents_per_unit", "warehouse_id", "sku")
    if prices.is_empty():
        pytest.skip("no stock has a price on this night")
    priciest = prices.row(-1, named=True)
    units = problem.stock_units.copy()
    warehouse = night.inputs.warehouses["warehouse_id"].to_list().index(priciest["warehouse_id"])
    units[warehouse, night.inputs.products["sku"].to_list().index(priciest["sku"])] += 1
    more = solve(replace(problem, stock_units=units))
    assert outcome.cost is not None
    assert outcome.bound is not None
    assert more.outcome.cost is not None
    assert more.outcome.bound is not None
    # The price proves this: at the same prices the bound of the richer night lies one price lower.
    assert more.outcome.cost * MILLICENTS >= (outcome.bound - 1) * MILLICENTS - priciest["millicents_per_unit"]
    assert more.outcome.bound <= outcome.cost
    assert not more.violations(replace(problem, stock_units=units))
    assert np.array_equal(more.order_cents >= 0, np.ones(problem.num_orders, np.bool_))


def test_the_command_answers_for_people_and_programs(small_run):
    from typer.testing import CliRunner

    from engine.cli import app

    place, run = first_warehouse(small_run)["warehouse_id"], str(small_run.directory)
    told = CliRunner().invoke(app, ["what-if", run, "--close", place, "--capacity", f"{place}=none", "--json"])
    assert told.exit_code == 0
    found = json.loads(told.stdout)
    assert found["after"]["run_id"].endswith(f"{place} closed")
    assert found["difference_cents"] == found["after"]["cost_cents"] - found["before"]["cost_cents"]
    text = CliRunner().invoke(app, ["compare", run, run]).stdout
    assert "proven necessary" in text
    assert json.loads(CliRunner().invoke(app, ["compare", run, run, "--json"]).stdout)["is_proven"] is False


@pytest.mark.parametrize("limit", ["LYON", "=5", "LYON=-1", "LYON=many", "LYON=²"])
def test_a_capacity_that_is_no_number_is_refused(small_run, limit):
    from typer.testing import CliRunner

    from engine.cli import app

    result = CliRunner().invoke(app, ["what-if", str(small_run.directory), "--capacity", limit])
    assert isinstance(result.exception, UsageError)
