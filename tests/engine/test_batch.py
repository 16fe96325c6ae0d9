"""The night from end to end: the same bytes again, another night otherwise, and nothing published that must not be."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from engine.batch import run_batch, the_night
from engine.book import FILE_NAME, Book
from engine.config import read_settings
from engine.contracts import INPUTS, OUTPUTS, REPORTS, TABLES
from engine.errors import LockedError, UsageError, VerificationError
from engine.locking import only_writer
from engine.runs import open_run
from engine.runs.folders import STAGING, published
from engine.stages import publish
from engine.verify import Check, VerificationReport, verify_run

DAY = timedelta(days=1)


def command(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "engine.cli", *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
        env={**os.environ, **environment},
    )


def workspace_of(run: Any) -> Path:
    return run.directory.parents[2]


def copy(workspace: Path, to: Path) -> Path:
    shutil.copytree(workspace, to)
    return to


def files_of(run: Path) -> dict[str, bytes]:
    return {str(path.relative_to(run)): path.read_bytes() for path in sorted(run.rglob("*")) if path.is_file()}


@pytest.fixture
def tiny(tmp_path, tiny_tables, tiny_workspace) -> Path:
    return tiny_workspace(tmp_path / "tiny", tiny_tables(5, orders=6))


def test_the_run_holds_every_table_and_the_verifier_agrees(small_run):
    assert verify_run(small_run.directory).is_ok
    names = {path.stem for path in small_run.directory.glob("*.parquet")}
    assert names == {table.name for table in (*OUTPUTS, *REPORTS)}
    inputs = {path.stem for path in (small_run.directory / "inputs").glob("*.parquet")}
    assert inputs == {table.name for table in INPUTS}
    for name in names:
        assert small_run.table(name).schema == pl.Schema(TABLES[name].schema), name


def test_the_same_night_again_changes_nothing(small_run):
    before = files_of(small_run.directory)
    result = run_batch(workspace_of(small_run))
    assert result.is_repeat
    assert (result.run_id, result.directory) == (small_run.run_id, small_run.directory)
    assert result.summary == small_run.summary
    assert files_of(small_run.directory) == before
    assert published(workspace_of(small_run)) == [small_run.directory]
    assert not (workspace_of(small_run) / "runs" / STAGING).exists()


def test_another_process_writes_the_same_bytes(small_run, sample_workspace, tmp_path):
    """In a fresh workspace, with another hash seed; only what was measured differs."""
    workspace = copy(sample_workspace, tmp_path / "again")
    done = command("run", str(workspace), "--json", PYTHONHASHSEED="123")
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["run_id"] == small_run.run_id
    ours, theirs = files_of(small_run.directory), files_of(Path(told["directory"]))
    assert ours.keys() == theirs.keys()
    differ = {name for name in ours if ours[name] != theirs[name]}
    assert differ <= {"manifest.json", "stage_seconds.parquet"}
    manifests = [json.loads(files["manifest.json"]) for files in (ours, theirs)]
    for manifest in manifests:
        assert manifest["replays_differ"] == ["stage_seconds"]
        del manifest["measured"], manifest["outputs"]["stage_seconds"]
    assert manifests[0] == manifests[1]


def test_the_order_of_rows_in_the_files_does_not_matter(tiny, tmp_path):
    first = run_batch(tiny)
    other = copy(tiny, tmp_path / "other")
    shutil.rmtree(other / "book")
    shutil.rmtree(other / "runs")
    for path in (other / "inbox").glob("*.csv"):
        head, *rows = path.read_text(encoding="utf-8").splitlines()
        path.write_text("\n".join([head, *reversed(rows)]) + "\n", encoding="utf-8")
    second = run_batch(other)
    assert second.run_id == first.run_id
    assert first.directory is not None
    assert second.directory is not None
    ours, theirs = files_of(first.directory), files_of(second.directory)
    assert {name for name in ours if ours[name] != theirs[name]} <= {"manifest.json", "stage_seconds.parquet"}


def test_other_inputs_settings_seeds_or_nights_are_other_runs(tiny):
    night = the_night(read_settings(tiny), None)
    ids = [
        run_batch(tiny, dry_run=True).run_id,
        run_batch(tiny, seed=1, dry_run=True).run_id,
        run_batch(tiny, as_of=night + DAY, dry_run=True).run_id,
    ]
    settings = tiny / "ordermill.toml"
    settings.write_text(settings.read_text(encoding="utf-8") + "[costs]\nsplit_cents = 151\n", encoding="utf-8")
    ids.append(run_batch(tiny, dry_run=True).run_id)
    stock = tiny / "inbox" / "stock.csv"
    frame = pl.read_csv(stock, schema_overrides={"sku": pl.String})
    stock.write_text(frame.with_columns(pl.col("on_hand") + 1).write_csv(), encoding="utf-8")
    ids.append(run_batch(tiny, dry_run=True).run_id)
    assert len(set(ids)) == len(ids)


def test_a_dry_run_plans_and_verifies_and_publishes_nothing(tiny):
    result = run_batch(tiny, dry_run=True)
    assert result.directory is None
    assert result.num_checks > 40
    assert result.summary["orders"] == 6
    assert published(tiny) == []
    assert not (tiny / "runs" / STAGING).exists()
    with Book(tiny / "book" / FILE_NAME) as book:
        assert book.known_runs() == set()
    real = run_batch(tiny)
    assert (real.run_id, real.summary) == (result.run_id, result.summary)


def test_a_plan_that_fails_verification_is_not_published(tiny, monkeypatch):
    def refuse(run: Path) -> VerificationReport:
        return VerificationReport(run, (Check("stock.available", 9, 1, ("too many",)),))

    with monkeypatch.context() as patched:
        patched.setattr(publish, "verify_run", refuse)
        with pytest.raises(VerificationError, match="nothing was published") as caught:
            run_batch(tiny)
    assert caught.value.exit_code == 6
    assert published(tiny) == []
    with pytest.raises(UsageError, match="ordermill run"):
        open_run(tiny)
    # What failed stays to be looked at, until the next run.
    assert (tiny / "runs" / STAGING / "next" / "manifest.json").is_file()
    result = run_batch(tiny)
    assert published(tiny) == [result.directory]


def test_a_run_of_the_same_night_with_other_settings_takes_its_place(tiny):
    first, second = run_batch(tiny), run_batch(tiny, seed=1)
    assert open_run(tiny).run_id == second.run_id != first.run_id
    with Book(tiny / "book" / FILE_NAME) as book:
        planned = book.planned_before(the_night(read_settings(tiny), None) + DAY)
    assert planned["quantity"].sum() == second.summary["units_shipped"]
    numbers = pl.concat([open_run(run).shipments for run in published(tiny)])["tracking_number"]
    assert numbers.is_unique().all()


def test_a_night_before_the_latest_published_one_is_refused(tiny):
    run_batch(tiny)
    with pytest.raises(UsageError, match="lies before the latest published one"):
        run_batch(tiny, as_of=the_night(read_settings(tiny), None) - DAY)


def test_a_second_writer_is_told_at_once_who_holds_the_workspace(tiny):
    with only_writer(tiny), pytest.raises(LockedError, match=str(os.getpid())) as caught:
        run_batch(tiny)
    assert caught.value.exit_code == 75
    assert run_batch(tiny).directory is not None


def test_an_empty_night_is_a_valid_run(tmp_path, tiny_tables, tiny_workspace):
    tables = tiny_tables(5)
    tables |= {name: tables[name].clear() for name in ("orders", "order_lines")}
    result = run_batch(tiny_workspace(tmp_path / "empty", tables))
    assert result.directory is not None
    assert verify_run(result.directory).is_ok
    assert result.summary["orders"] == result.summary["shipments"] == result.summary["cost_cents"] == 0
    assert result.summary["status"] == "OPTIMAL"
    assert "No orders" in (result.directory / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def nights(tmp_path_factory, tiny_tables, tiny_workspace):
    tables = tiny_tables(8, orders=8, stock=3)
    workspace = tiny_workspace(tmp_path_factory.mktemp("nights"), tables)
    first = open_run(run_batch(workspace).directory)
    second_tables = tiny_tables(9, orders=4)
    inbox = workspace / "inbox"
    for name in ("orders", "order_lines"):
        more = second_tables[name].with_columns(pl.format("N{}", "order_id").alias("order_id"))
        (inbox / f"{name}-second.csv").write_text(more.write_csv(), encoding="utf-8")
    waiting = first.backorders["order_id"].unique().sort()
    # A correction: an order that waits is cancelled now.
    cancelled = tables["orders"].filter(order_id=waiting[0]).with_columns(cancelled_at=pl.lit(first.as_of))
    (inbox / "orders-third.csv").write_text(cancelled.write_csv(), encoding="utf-8")
    # The trucks came: a new count of the stock.
    received = tables["stock"].with_columns(on_hand=pl.col("on_hand") + 4)
    (inbox / "stock.csv").write_text(received.write_csv(), encoding="utf-8")
    second = open_run(run_batch(workspace, as_of=first.as_of + 3 * DAY).directory)
    third = open_run(run_batch(workspace, as_of=first.as_of + 4 * DAY).directory)
    return workspace, tables, (first, second, third), waiting[0]


class TestSecondNight:
    """More orders and a correction arrive; what was planned is not sent again, what waited is tried again."""

    def test_each_night_verifies(self, nights):
        assert all(verify_run(run.directory).is_ok for run in nights[2])

    def test_no_unit_is_sent_twice(self, nights):
        _, tables, runs, _ = nights
        line = ["order_id", "line_number"]
        sent = pl.concat([run.shipment_lines for run in runs]).group_by(line).agg(pl.col("quantity").sum())
        asked = tables["order_lines"].select(*line, asked="quantity")
        assert sent.join(asked, on=line).filter(pl.col("quantity") > pl.col("asked")).is_empty()

    def test_what_waited_is_open_again_with_what_is_left_of_it(self, nights):
        _, _, (first, second, _), cancelled = nights
        line = ["order_id", "line_number", "sku", "quantity"]
        waited = first.backorders.select(line).sort(line)
        again = second.inputs.order_lines.select(line).join(first.inputs.orders, on="order_id", how="semi").sort(line)
        assert waited.height
        assert again.equals(waited)
        shipped = second.shipments.join(waited, on="order_id", how="semi")
        assert shipped.height
        assert cancelled not in shipped["order_id"]

    def test_a_cancelled_order_is_told_of_once(self, nights):
        _, _, (_, second, third), cancelled = nights
        assert second.holds.filter(order_id=cancelled)["reason"].to_list() == ["cancelled"]
        assert third.inputs.orders.filter(order_id=cancelled).is_empty()

    def test_no_parcel_has_the_name_or_number_of_another(self, nights):
        parcels = pl.concat([run.shipments for run in nights[2]])
        assert parcels["shipment_id"].is_unique().all()
        assert parcels["tracking_number"].is_unique().all()

    def test_parcels_of_earlier_nights_are_on_file_once(self, nights):
        _, _, (first, second, third), _ = nights
        sent = pl.concat([first.shipments, second.shipments])
        past = third.inputs.past_shipments
        assert past["shipment_id"].is_unique().all()
        both = sent.select("shipment_id", "tracking_number").join(past, on=["shipment_id", "tracking_number"])
        assert both.height == sent.height
        assert second.inputs.past_shipments["shipment_id"].sort().equals(first.shipments["shipment_id"].sort())

    def test_stock_promised_on_the_second_night_is_reserved_on_the_third(self, nights):
        _, _, (_, second, third), _ = nights
        place = ["warehouse_id", "sku"]
        taken = (
            second.shipment_lines.join(second.shipments.select("shipment_id", "warehouse_id"), on="shipment_id")
            .group_by(place)
            .agg(pl.col("quantity").sum())
        )
        before = second.inputs.stock.select(*place, before="reserved")
        after = third.inputs.stock.join(before, on=place).join(taken, on=place, how="left")
        assert (after["reserved"] - after["before"] == after["quantity"].fill_null(0)).all()
