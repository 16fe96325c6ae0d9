"""A run appears whole or not at all, whenever its process dies, and the next one puts things right."""

from __future__ import annotations

import hashlib
import json
import shutil
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from engine.batch import run_batch
from engine.book import FILE_NAME, Book
from engine.runs import open_run
from engine.runs.folders import STAGING, published, read_manifest
from engine.verify import verify_run

LATER = timedelta(days=3)

HARNESS = """
import json, os, random, signal, sys, threading
import engine.batch, engine.cli
from engine.book import Book
from engine.stages import publish

POINTS = {
    "importing": (Book, "record_import", 2),
    "writing": (publish, "_write_table", 25),
    "verifying": (publish, "verify_run", 1),
    "flushing": (publish, "_flush", 7),
    "published": (engine.batch, "record", 1),
    "recording": (Book, "_insert", "order_states"),
}

def stop_at(owner, name, when, number):
    inner, calls = getattr(owner, name), []
    def stopping(*args, **kwargs):
        calls.append(args)
        if when in (len(calls), *(value for value in args if isinstance(value, str))):
            os.kill(os.getpid(), number)
        return inner(*args, **kwargs)
    setattr(owner, name, stopping)

def plan(job):
    if isinstance(job["stop"], float):
        threading.Timer(job["stop"], os.kill, (os.getpid(), job["signal"])).start()
    else:
        stop_at(*POINTS[job["stop"]], job["signal"])
    sys.argv = ["ordermill", "run", job["workspace"], "--as-of", job["as_of"]]
    engine.cli.main()

def start(job):
    child = os.fork()
    if child:
        return child
    with open(os.path.join(job["workspace"], "output"), "w") as output:
        os.dup2(output.fileno(), 1)
        os.dup2(output.fileno(), 2)
    code = 0
    try:
        plan(job)
    except SystemExit as end:
        code = end.code or 0
    finally:
        os._exit(code)

jobs, codes = json.loads(sys.argv[1]), {}
running = {}
for number, job in enumerate(jobs):
    running[start(job)] = number
    while len(running) > 1 or (number == len(jobs) - 1 and running):
        child, status = os.wait()
        codes[running.pop(child)] = os.waitstatus_to_exitcode(status)
print(json.dumps([codes[number] for number in range(len(jobs))]))
"""
POINTS = ("importing", "writing", "verifying", "flushing", "published", "recording")
MOMENTS = (0.15, 0.45, 0.8)
KILL, TERM, INTERRUPT = 9, 15, 2


@pytest.fixture(scope="module")
def first_night(tmp_path_factory, tiny_tables, tiny_workspace) -> Path:
    """A workspace with one night published, and the files of a second one in its inbox."""
    workspace = tiny_workspace(tmp_path_factory.mktemp("first_night"), tiny_tables(5, orders=6))
    run_batch(workspace)
    second = tiny_tables(6, orders=6)
    for name in ("orders", "order_lines"):
        renamed = second[name].with_columns(pl.format("N{}", "order_id").alias("order_id"))
        (workspace / "inbox" / f"{name}-second.csv").write_text(renamed.write_csv(), encoding="utf-8")
    return workspace


@pytest.fixture(scope="module")
def stopped(first_night, tmp_path_factory) -> dict[Any, tuple[Path, int]]:
    """Workspaces in which the second night was stopped, and how the process ended: by where or when it was stopped."""
    as_of = (open_run(first_night).as_of + LATER).isoformat()
    stops = [*((stop, KILL) for stop in (*POINTS, *MOMENTS)), ("writing", TERM), ("writing", INTERRUPT)]
    folder = tmp_path_factory.mktemp("stopped")
    jobs = []
    for number, (stop, signal) in enumerate(stops):
        workspace = folder / str(number)
        shutil.copytree(first_night, workspace)
        jobs.append({"workspace": str(workspace), "as_of": as_of, "stop": stop, "signal": signal})
    done = subprocess.run(
        [sys.executable, "-c", HARNESS, json.dumps(jobs)], check=True, capture_output=True, text=True, timeout=300
    )
    codes = json.loads(done.stdout)
    return {key: (Path(job["workspace"]), code) for key, job, code in zip(stops, jobs, codes, strict=True)}


def assert_whole(run: Path) -> None:
    manifest = read_manifest(run)
    for entry in [*manifest["inputs"].values(), *manifest["outputs"].values()]:
        content = (run / entry["file"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    assert (run / "report.html").is_file()


@pytest.mark.parametrize("stop", [*POINTS, *MOMENTS])
def test_a_killed_run_leaves_the_old_one_or_the_new_one_and_the_next_run_repairs(stopped, first_night, stop):
    workspace, code = stopped[stop, KILL]
    old = open_run(first_night).run_id
    if stop in POINTS:
        assert code == -KILL
    seen = published(workspace)
    assert seen[0].name == old
    assert len(seen) == 1 + (stop in {"published", "recording"}) or (stop in MOMENTS and len(seen) <= 2)
    for run in seen:
        assert_whole(run)
    night = open_run(first_night).as_of + LATER
    result = run_batch(workspace, as_of=night)
    assert result.is_repeat == (len(seen) == 2)
    assert [run.name for run in published(workspace)] == [old, result.run_id]
    assert not (workspace / "runs" / STAGING).exists()
    assert verify_run(result.directory).is_ok
    with Book(workspace / "book" / FILE_NAME) as book:
        assert book.known_runs() == {old, result.run_id}
        shipped = pl.concat([open_run(run).shipment_lines for run in published(workspace)])
        planned = book.planned_before(night + LATER)
    line = ["order_id", "line_number"]
    expected = shipped.group_by(line).agg(pl.col("quantity").sum()).sort(line)
    assert planned.sort(line).equals(expected)


def test_all_kills_end_in_the_same_run(stopped, first_night):
    """Whatever happened before, the night's plan is a function of its inputs and settings."""
    ids = {
        run_batch(workspace, as_of=open_run(first_night).as_of + LATER).run_id
        for (_, signal), (workspace, _) in stopped.items()
        if signal == KILL
    }
    assert len(ids) == 1


@pytest.mark.parametrize(("signal", "code"), [(TERM, 143), (INTERRUPT, 130)])
def test_a_signal_stops_the_run_with_its_exit_code_and_publishes_nothing(stopped, first_night, signal, code):
    workspace, ended = stopped["writing", signal]
    assert ended == code
    assert [run.name for run in published(workspace)] == [open_run(first_night).run_id]
    told = (workspace / "output").read_text(encoding="utf-8")
    assert "nothing was published" in told
    assert "Traceback" not in told
