"""The same night again with something new: what may move moves at a price, what the floor has stays, and all of it is told."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from engine.batch import run_batch
from engine.runs import Run, open_run
from engine.verify import verify_run

LINE = ["order_id", "line_number"]


@pytest.fixture
def workspace(tmp_path, tiny_tables, tiny_workspace) -> Path:
    return tiny_workspace(tmp_path / "night", tiny_tables(11, orders=14, skus=6, stock=7))


def run(workspace: Path, **options: object) -> Run:
    return open_run(run_batch(workspace, **options).directory)


def settings(workspace: Path, text: str) -> None:
    path = workspace / "ordermill.toml"
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")


def take_stock_away(workspace: Path, run: Run) -> None:
    """A new count: the place that sends most has lost a unit of everything."""
    place = run.shipments["warehouse_id"].mode().sort()[0]
    path = workspace / "inbox" / "stock.csv"
    stock = pl.read_csv(path, schema_overrides={"sku": pl.String})
    fewer = pl.when(pl.col("warehouse_id") == place).then(pl.col("on_hand") - 2).otherwise(pl.col("on_hand"))
    path.write_text(stock.with_columns(on_hand=fewer).write_csv(), encoding="utf-8")


def origins(run: Run) -> dict[tuple[str, int], set[str]]:
    sent = run.shipment_lines.join(run.shipments.select("shipment_id", "warehouse_id"), on="shipment_id")
    return {
        (order, line): set(rows["warehouse_id"]) for (order, line), rows in sent.group_by(LINE, maintain_order=True)
    }


def moved(before: Run, after: Run) -> set[tuple[str, int]]:
    was, now = origins(before), origins(after)
    return {line for line, places in was.items() if now.get(line, set()) - places}


def test_nothing_new_is_the_same_run_again(workspace):
    first = run(workspace)
    assert run_batch(workspace).is_repeat
    assert run_batch(workspace).run_id == first.run_id
    assert first.inputs.earlier_plan.is_empty()
    assert first.manifest["replaces"] is None
    assert run_batch(workspace, dry_run=True).run_id == first.run_id


def test_a_small_change_moves_few_lines_and_a_higher_price_fewer(workspace, tmp_path, tiny_tables, tiny_workspace):
    counts = {}
    for cents in (0, 5_000):
        own = tiny_workspace(tmp_path / str(cents), tiny_tables(11, orders=14, skus=6, stock=7))
        settings(own, f"[costs]\nchurn_cents_per_line = {cents}\n")
        first = run(own)
        take_stock_away(own, first)
        second = run(own)
        assert second.run_id != first.run_id
        assert second.manifest["replaces"] == first.run_id
        assert verify_run(second.directory).is_ok
        told = set(second.moves.drop_nulls("now_from").select(LINE).iter_rows())
        assert moved(first, second) <= told
        assert second.summary["lines_moved"] == second.moves.height
        assert second.summary["orders_moved"] == second.moves["order_id"].n_unique()
        assert second.summary["churn_cents"] <= cents * second.moves.height
        counts[cents] = second.moves.height
        again = run_batch(own)
        assert again.is_repeat
        assert again.run_id == second.run_id
    assert counts[5_000] <= counts[0]


def test_another_seed_and_back_again_answers_with_a_current_run(workspace):
    first, second = run(workspace), run(workspace, seed=1)
    third = run(workspace)
    assert len({first.run_id, second.run_id, third.run_id}) == 3
    assert open_run(workspace).run_id == third.run_id
    assert third.manifest["replaces"] == second.run_id
    assert run_batch(workspace).is_repeat
    # Nothing new is known of the stock, so nothing is worth a move.
    assert third.moves.is_empty()


def test_what_the_floor_has_stays_and_is_not_sent_again(workspace):
    first = run(workspace)
    floor = first.shipments.head(3).select("tracking_number")
    floor = floor.with_columns(released_at=pl.lit(first.as_of).dt.strftime("%Y-%m-%dT%H:%M:%SZ"))
    (workspace / "inbox" / "floor_releases.csv").write_text(floor.write_csv(), encoding="utf-8")
    take_stock_away(workspace, first)
    second = run(workspace)
    assert verify_run(second.directory).is_ok
    kept = first.shipments.head(3)
    assert not set(second.shipments["tracking_number"]) & set(first.shipments["tracking_number"])
    assert not set(kept["shipment_id"]) & set(second.shipments["shipment_id"])
    assert set(kept["shipment_id"]) <= set(second.inputs.past_shipments["shipment_id"])
    settled = first.shipment_lines.join(kept.select("shipment_id"), on="shipment_id", how="semi")
    asked = first.inputs.order_lines.select(*LINE, asked="quantity")
    sent = pl.concat([settled, second.shipment_lines]).group_by(LINE).agg(pl.col("quantity").sum())
    assert sent.join(asked, on=LINE).filter(pl.col("quantity") > pl.col("asked")).is_empty()
    left = second.inputs.order_lines.join(settled.select(*LINE, gone="quantity"), on=LINE).join(asked, on=LINE)
    assert (left["quantity"] == left["asked"] - left["gone"]).all()
    reserved = second.inputs.stock["reserved"].sum() - first.inputs.stock["reserved"].sum()
    assert reserved == settled["quantity"].sum()
    lines = second.inputs.earlier_plan.select(LINE)
    still = first.shipment_lines.join(kept.select("shipment_id"), on="shipment_id", how="anti").select(LINE)
    assert set(lines.iter_rows()) == set(still.iter_rows())
    # A later night counts what the floor has of the first run and all of the second.
    third = run(workspace, as_of=first.as_of.replace(day=24))
    names = set(third.inputs.past_shipments["shipment_id"])
    assert names == set(kept["shipment_id"]) | set(second.shipments["shipment_id"])


def test_with_reports_from_the_floor_earlier_nights_may_move_too(workspace):
    settings(workspace, '[assign]\nmovable = "unreleased"\n')
    first = run(workspace)
    parcel = first.shipments.row(0, named=True)
    events = f"tracking_number,status,occurred_at\n{parcel['tracking_number']},picked_up,2026-11-21T08:00:00Z\n"
    (workspace / "inbox" / "tracking_events.csv").write_text(events, encoding="utf-8")
    second = run(workspace, as_of=first.as_of.replace(day=21, hour=20))
    assert verify_run(second.directory).is_ok
    assert second.inputs.past_shipments["shipment_id"].to_list() == [parcel["shipment_id"]]
    others = first.shipment_lines.filter(pl.col("shipment_id") != parcel["shipment_id"])
    again = second.inputs.order_lines.join(others.select(LINE), on=LINE, how="semi")
    assert again.height == others.select(LINE).n_unique()
    assert set(second.inputs.earlier_plan.select(LINE).iter_rows()) == set(others.select(LINE).iter_rows())


def test_last_nights_prices_are_tonights_start_and_an_input_of_the_run(workspace):
    first = run(workspace)
    assert first.inputs.past_prices.is_empty()
    second = run(workspace, as_of=first.as_of.replace(day=24))
    names = second.inputs.past_prices.columns
    assert second.inputs.past_prices.sort(names).equals(first.shadow_prices.select(names).sort(names))
    assert second.manifest["inputs"]["past_prices"]["rows"] == first.shadow_prices.height


def test_cartons_that_earlier_nights_use_are_gone_until_they_are_counted_again(workspace):
    first = run(workspace)
    second = run(workspace, as_of=first.as_of.replace(day=24))
    used = dict(first.shipments.group_by("carton_id").len().iter_rows())
    before = dict(first.inputs.cartons.drop_nulls("on_hand").select("carton_id", "on_hand").iter_rows())
    after = dict(second.inputs.cartons.drop_nulls("on_hand").select("carton_id", "on_hand").iter_rows())
    assert after == {name: count - used.get(name, 0) for name, count in before.items()}
    assert used
