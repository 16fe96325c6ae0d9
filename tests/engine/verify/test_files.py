"""What is wrong with the files themselves is a violation, never a crash."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

import polars as pl
import pytest

from engine.verify import verify_run


def rewrite_hash(run: Path, kind: str, name: str) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    entry = manifest[kind][name]
    entry["sha256"] = hashlib.sha256((run / entry["file"]).read_bytes()).hexdigest()
    (run / "manifest.json").write_text(json.dumps(manifest))


def flip(path: Path, at: int) -> None:
    content = bytearray(path.read_bytes())
    content[at] ^= 0xFF
    path.write_bytes(content)


@pytest.fixture
def run(run_files, tmp_path: Path) -> Path:
    return run_files.write(tmp_path / "run")


def failed(run: Path) -> dict[str, str]:
    return {check.name: " / ".join(check.violations) for check in verify_run(run).failed}


def test_a_flipped_byte_is_caught_by_the_hash(run: Path) -> None:
    flip(run / "shipments.parquet", 200)
    found = failed(run)
    assert "shipments.parquet was altered" in found["files.content"]
    assert "cannot be checked: table shipments" in found["packing"]


def test_a_flipped_byte_is_caught_by_the_page_checksum_when_the_hash_was_forged(run: Path) -> None:
    flip(run / "placements.parquet", 60)
    rewrite_hash(run, "outputs", "placements")
    assert "placements.parquet is not readable Parquet" in failed(run)["files.content"]


@pytest.mark.parametrize("size", [0, 3, 500])
def test_a_file_cut_off_is_caught(run: Path, size: int) -> None:
    os.truncate(run / "offers.parquet", size)
    assert "offers.parquet was altered or cut off" in failed(run)["files.content"]
    rewrite_hash(run, "outputs", "offers")
    assert "offers.parquet is not readable Parquet" in failed(run)["files.content"]


def test_a_missing_file_is_caught(run: Path) -> None:
    (run / "inputs" / "stock.parquet").unlink()
    assert "inputs/stock.parquet cannot be opened" in failed(run)["files.content"]


def test_a_file_nobody_listed_is_caught(run: Path) -> None:
    pl.DataFrame({"a": [1]}).write_parquet(run / "inputs" / "extra.parquet")
    assert "inputs/extra.parquet is not in the manifest" in failed(run)["files.manifest"]


def test_a_row_count_that_is_not_the_manifests_is_caught(run: Path) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["outputs"]["shipments"]["rows"] += 1
    (run / "manifest.json").write_text(json.dumps(manifest))
    assert "has 7 rows, the manifest says 8" in failed(run)["files.content"]


def test_a_table_missing_from_the_manifest_is_caught(run: Path) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    del manifest["outputs"]["manifests"]
    (run / "manifest.json").write_text(json.dumps(manifest))
    found = failed(run)["files.manifest"]
    assert "output table manifests is not in the manifest" in found
    assert "manifests.parquet is not in the manifest" in found


def test_a_column_of_another_type_is_caught(run_files, tmp_path: Path) -> None:
    run_files.tables["shipments"] = run_files.tables["shipments"].with_columns(pl.col("weight_g").cast(pl.Float64))
    assert "weight_g: Float64 instead of Int64" in failed(run_files.write(tmp_path / "run"))["files.content"]


def test_a_missing_column_is_caught(run_files, tmp_path: Path) -> None:
    run_files.tables["shipments"] = run_files.tables["shipments"].drop("is_late")
    assert "is_late: None instead of Boolean" in failed(run_files.write(tmp_path / "run"))["files.content"]


def test_a_file_outside_the_run_is_refused(run: Path) -> None:
    manifest = json.loads((run / "manifest.json").read_text())
    manifest["outputs"]["shipments"]["file"] = "../shipments.parquet"
    (run / "manifest.json").write_text(json.dumps(manifest))
    assert "lies outside the run directory" in failed(run)["files.content"]


def test_a_missing_manifest_is_a_clear_error(tmp_path: Path) -> None:
    assert "holds no manifest.json" in failed(tmp_path)["files.manifest"]


@pytest.mark.parametrize("content", ["", "{", "[]", '{"run_id": "x"}', "\xff"])
def test_a_garbled_manifest_is_a_violation(run: Path, content: str) -> None:
    (run / "manifest.json").write_text(content, encoding="latin-1")
    assert "manifest.json cannot be read" in failed(run)["files.manifest"]


def test_altered_settings_are_caught(run: Path) -> None:
    settings = json.loads((run / "settings.json").read_text())
    settings["costs"]["split_cents"] = 0
    (run / "settings.json").write_text(json.dumps(settings))
    assert "settings.json was altered" in failed(run)["files.manifest"]


def test_settings_that_cannot_be_read_are_a_violation(run: Path) -> None:
    (run / "settings.json").write_text('{"night": 5}')
    assert "settings.json cannot be read" in failed(run)["files.manifest"]


def test_a_solve_with_its_bound_above_its_cost_is_caught(run_files, tmp_path: Path) -> None:
    run_files.manifest_changes = {
        "solves": [{"name": "assign", "status": "FEASIBLE", "stop": "PROOF", "cost": 8, "bound": 9}]
    }
    assert "bound 9 lies above cost 8" in failed(run_files.write(tmp_path / "run"))["files.manifest"]
