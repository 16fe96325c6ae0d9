"""The night from end to end: the generated sample and the real Olist orders; `--help` beside a bare interpreter."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from engine.batch import BatchResult, run_batch
from engine.progress import StageClock
from engine.workspace import make_workspace

FULL = os.environ.get("ORDERMILL_BENCH") == "full"
ORDERS = 20_000 if FULL else 100


def plan_anew(workspace: Path) -> BatchResult:
    """Plan the workspace's night as if for the first time."""
    for folder in ("book", "runs"):
        shutil.rmtree(workspace / folder, ignore_errors=True)
    return run_batch(workspace, clock=StageClock(shows_bars=False))


def tell(result: BatchResult) -> None:
    summary = result.summary
    stages = ", ".join(f"{row['stage']} {row['seconds']:.1f}" for row in result.stages.to_dicts())
    print(
        f"\n{summary['orders']} orders, {summary['shipments']} parcels: {sum(result.stages['seconds'].to_list()):.1f} s ({stages}); "
        f"{max(result.stages['peak_memory_mib'].to_list())} MiB; gap {100 * summary['gap']:.3f} %"
    )


def test_sample_night(benchmark, tmp_path: Path) -> None:
    workspace = tmp_path / "shop"
    make_workspace(workspace, sample_orders=ORDERS, seed=0)
    plan_anew(workspace)  # compiles or loads the kernels
    tell(benchmark.pedantic(plan_anew, (workspace,), rounds=3 if FULL else 1))


def test_olist_night(benchmark, tmp_path: Path) -> None:
    source = next(
        (p / "shared/cases/olist" for p in Path(__file__).resolve().parents if (p / "shared/cases/olist").is_dir()),
        None,
    )
    if source is None or not FULL:
        pytest.skip("needs the Olist files beside the checkout and ORDERMILL_BENCH=full")
    workspace = tmp_path / "olist"
    make_workspace(workspace, olist=source)
    plan_anew(workspace)
    tell(benchmark.pedantic(plan_anew, (workspace,), rounds=3))


def test_help(benchmark) -> None:
    command = [sys.executable, "-m", "engine.cli", "--help"]
    benchmark.pedantic(subprocess.run, (command,), {"check": True, "capture_output": True}, rounds=10 if FULL else 1)
