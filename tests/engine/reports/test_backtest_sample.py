"""Two nights of the sample, and what became of the first one's proposals by the second."""

import shutil
from datetime import timedelta

import polars as pl
import pytest

from engine.batch import run_batch
from engine.errors import UsageError
from engine.reports.backtest import backtest, latest_two
from engine.runs import open_run
from engine.sample.later import pass_days

DAYS = 21
PAIR = ["warehouse_id", "sku"]


@pytest.fixture(scope="module")
def two_nights(small_run, tmp_path_factory):
    workspace = tmp_path_factory.mktemp("later") / "workspace"
    shutil.copytree(small_run.directory.parents[2], workspace)
    night = pass_days(workspace, DAYS, seed=3)
    return workspace, night, open_run(run_batch(workspace, as_of=night).directory)


def test_the_days_between_follow_from_stock_to_stock(two_nights, small_run):
    workspace, night, second = two_nights
    assert night == small_run.as_of + timedelta(days=DAYS)
    later = pl.read_parquet(next((workspace / "inbox").glob("stock_movements-*.parquet")))
    assert later["moved_at"].is_between(small_run.as_of, night).all()
    assert set(later["kind"]) == {"sale", "receipt", "transfer_in", "transfer_out"}
    moved = later.group_by(PAIR).agg(pl.col("quantity").sum())
    both = small_run.inputs.stock.select(*PAIR, before="on_hand").join(
        second.inputs.stock.select(*PAIR, "on_hand"), on=PAIR
    )
    both = both.join(moved, on=PAIR, how="left").with_columns(pl.col("quantity").fill_null(0))
    assert (both["before"] + both["quantity"] == both["on_hand"]).all()


def test_what_was_on_its_way_comes_and_is_on_its_way_no_longer(two_nights, small_run):
    """The days passed without it: half of the stock-outs that nothing had been proposed for were of goods on their way."""
    workspace, night, second = two_nights
    due = small_run.inputs.inbound.filter(pl.col("expected_at").is_between(small_run.as_of, night, closed="right"))
    later = pl.read_parquet(next((workspace / "inbox").glob("stock_movements-*.parquet")))
    came = later.filter(pl.col("kind") == "receipt").group_by(PAIR).agg(came=pl.col("quantity").sum())
    both = due.group_by(PAIR).agg(pl.col("quantity").sum()).join(came, on=PAIR, how="left")
    assert both.height > 0
    assert (both["came"] >= both["quantity"]).all()
    assert (second.inputs.inbound["expected_at"] > night).all()


def test_what_was_proposed_came_was_sold_and_was_missed(two_nights):
    workspace, _, _ = two_nights
    first, second = latest_two(workspace)
    tested = backtest(first, second)
    found = tested.stocks
    # What ran out without a proposal is what the forecast expected: others serve it where that costs less than stock.
    unforeseen = found.filter(verdict="unforeseen").height
    assert unforeseen == pytest.approx(tested.expected_unforeseen, rel=0.35, abs=10)
    assert tested.as_dict()["expected_unforeseen"] == tested.expected_unforeseen
    assert "the forecast expected" in str(tested)
    proposed = first.replenishment["buy_units"].sum() + first.transfers["quantity"].sum()
    assert found["proposed_units"].sum() == proposed
    assert 0.4 * proposed < found["followed_units"].sum() < proposed
    assert (found["avoided_units"] <= found["followed_units"]).all()
    verdicts = set(found["verdict"])
    assert {"avoided", "in_stock"} <= verdicts
    # Suppliers with a lead time beyond the days between may still deliver.
    slow = first.inputs.suppliers.filter(pl.col("lead_days_mean") > DAYS)["supplier_id"].implode()
    late = first.replenishment.filter(pl.col("supplier_id").is_in(slow)).join(
        first.transfers, left_on=PAIR, right_on=["to_warehouse_id", "sku"], how="anti"
    )
    told = found.join(late.select(PAIR), on=PAIR, how="semi")["verdict"]
    assert set(told) <= {"open", "short_before_arrival"}


def test_days_out_of_range_are_refused(tmp_path):
    with pytest.raises(UsageError, match="days: 0"):
        pass_days(tmp_path, 0)
