"""Runs as a notebook reads them."""

from __future__ import annotations

import copy
import json
import pickle

import polars as pl
import pytest

from engine.contracts import OUTPUTS, REPORTS
from engine.errors import UsageError
from engine.runs import Run, open_run
from engine.runs.folders import night_name, published


def workspace_of(run):
    return run.directory.parents[2]


def test_a_workspace_opens_its_latest_run_and_a_directory_itself(small_run):
    assert open_run(workspace_of(small_run)).directory == small_run.directory
    assert open_run(str(small_run.directory)).run_id == small_run.run_id
    assert small_run.directory.parent.name == night_name(small_run.as_of)


def test_every_table_is_an_attribute(small_run):
    for table in (*OUTPUTS, *REPORTS):
        assert getattr(small_run, table.name).equals(small_run.table(table.name))
        assert table.name in dir(small_run)
    assert small_run.summary == small_run.plan_summary.row(0, named=True)
    assert small_run.inputs.orders.height == small_run.summary["orders"]


def test_a_run_of_a_version_without_an_input_table_has_none_of_its_rows(small_run, monkeypatch):
    listed = {name: of for name, of in small_run.manifest["inputs"].items() if name != "exchange_rates"}
    monkeypatch.setattr(Run, "manifest", small_run.manifest | {"inputs": listed})
    older = Run(small_run.directory)
    assert small_run.inputs.exchange_rates.height > 0
    assert older.inputs.exchange_rates.is_empty()
    assert older.inputs.suppliers.equals(small_run.inputs.suppliers)


def test_a_name_that_is_no_table_is_answered_with_those_that_are(small_run):
    with pytest.raises(AttributeError, match=r"no attribute parcels.*placements.*shipments"):
        _ = small_run.parcels
    with pytest.raises(AttributeError, match=r"run\.inputs\.orders"):
        _ = small_run.orders
    with pytest.raises(UsageError, match=r"has no table parcels; it has .*shipments"):
        small_run.table("parcels")
    assert not hasattr(small_run, "orders")


def test_a_run_can_be_copied_and_pickled(small_run):
    for twin in (copy.deepcopy(small_run), pickle.loads(pickle.dumps(small_run))):
        assert twin.run_id == small_run.run_id


def test_a_place_without_runs_says_how_to_make_one(tmp_path):
    with pytest.raises(UsageError, match="ordermill run"):
        open_run(tmp_path)
    with pytest.raises(UsageError, match="ordermill run"):
        open_run(tmp_path / "nowhere")


def test_a_directory_whose_manifest_cannot_be_read_is_no_run(tmp_path):
    (tmp_path / "manifest.json").write_text("{", encoding="utf-8")
    with pytest.raises(UsageError, match="is not a published run"):
        _ = open_run(tmp_path).run_id


def test_a_staged_run_is_not_published(tmp_path):
    staged = tmp_path / "runs" / ".staging" / "next"
    staged.mkdir(parents=True)
    (staged / "manifest.json").write_text(json.dumps({"run_id": "x"}), encoding="utf-8")
    assert published(tmp_path) == []
    with pytest.raises(UsageError, match="ordermill run"):
        open_run(tmp_path)


def test_runs_are_listed_by_night_and_then_by_when_they_were_published(tmp_path):
    nights = [("2026-01-02", "09:00", "b"), ("2026-01-01", "12:00", "c"), ("2026-01-02", "08:00", "z")]
    for night, hour, run_id in nights:
        run = tmp_path / "runs" / night / run_id
        run.mkdir(parents=True)
        manifest = {
            "run_id": run_id,
            "as_of": f"{night}T22:00:00+00:00",
            "measured": {"published_at": f"2026-01-03T{hour}"},
        }
        (run / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")
    assert [run.name for run in published(tmp_path)] == ["c", "z", "b"]
    assert Run(published(tmp_path)[-1]).as_of.day == 2


def test_tables_are_polars_frames_to_filter(small_run):
    late = small_run.shipments.filter(pl.col("is_late"))
    assert late["order_id"].n_unique() == small_run.summary["orders_late"]
