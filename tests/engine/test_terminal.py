"""What the command prints."""

from __future__ import annotations

import json

import polars as pl
import pytest

from engine.batch import BatchResult
from engine.progress import StageClock
from engine.runs.folders import PAGE
from engine.terminal import batch_json, batch_table, frame_table, order_text, proposal_lines


def result_of(run, **changes) -> BatchResult:
    given = {
        "run_id": run.run_id,
        "directory": run.directory,
        "summary": run.summary,
        "baselines": run.baselines,
        "stages": run.stage_seconds,
        "num_checks": 45,
        "is_repeat": False,
    }
    return BatchResult(**(given | changes))


@pytest.fixture(scope="module")
def text(small_run) -> str:
    return batch_table(result_of(small_run))


def test_the_table_tells_cost_bound_and_exceptions(small_run, text):
    summary = small_run.summary
    for name in ("freight_cents", "backorder_cents", "cost_cents", "bound_cents"):
        assert f"{summary[name] / 100:,.2f} EUR" in text
    assert f"gap {100 * summary['gap']:.2f} %" in text
    assert f"{summary['orders_late']} late" in text
    assert f"{summary['orders_short']} short" in text
    assert f"{summary['orders_split']} split" in text
    assert str(small_run.directory / PAGE) in text
    assert "45 checks, all hold" in text
    assert "quote" in text


def test_amounts_stand_one_below_the_other(text):
    lines = [line for line in text.splitlines() if " EUR" in line]
    assert len({line.index(" EUR") for line in lines}) == 1


def test_a_dry_run_says_that_nothing_was_published(small_run):
    assert "published nothing (dry run)" in batch_table(result_of(small_run, directory=None))


def test_a_repeat_says_that_nothing_was_done(small_run):
    repeat = result_of(small_run, is_repeat=True, stages=StageClock(shows_bars=False).frame(), num_checks=0)
    assert "Nothing was done" in batch_table(repeat)
    assert "verified" not in batch_table(repeat)
    assert batch_json(repeat)["peak_memory_mib"] == 0


def test_the_json_can_be_read_by_a_program(small_run):
    told = json.loads(json.dumps(batch_json(result_of(small_run)), default=str))
    assert told["run_id"] == small_run.run_id
    assert told["summary"]["cost_cents"] == small_run.summary["cost_cents"]
    assert told["stages"].keys() == set(small_run.stage_seconds["stage"])
    assert told["directory"] == str(small_run.directory)


def test_a_frame_is_printed_whole():
    frame = pl.DataFrame({"order_id": [f"O{number}" for number in range(300)], "detail": ["x" * 50] * 300})
    text = frame_table(frame)
    assert all(f"O{number}" in text for number in range(300))
    assert "x" * 50 in text
    assert text.endswith("300 rows")


def test_an_order_is_printed_with_all_that_is_known_of_it():
    details = {
        "order": {"order_id": "O1", "channel": "shop", "packaging": None},
        "lines": [{"line_number": 1, "sku": "00123", "quantity": 2}],
        "history": [],
        "actions": [{"action": "hold", "note": None}],
    }
    assert order_text(details).splitlines() == [
        "Order O1",
        "  channel: shop",
        "lines:",
        "  line_number 1, sku 00123, quantity 2",
        "history: none",
        "actions:",
        "  action hold",
    ]


def test_what_to_buy_and_to_move_is_told():
    row = {"purchases": 3, "transfers": 2, "purchase_cents": 12_345, "transfer_cents": 700, "baseline_cents": 9_000}
    proposals = pl.DataFrame([row | {"cost_cents": 4_000, "bound_cents": 3_900, "gap": 0.025, "status": "FEASIBLE"}])
    (line,) = proposal_lines(proposals, "EUR")
    assert line == "stock    buy 3 lines for 123.45 EUR, move 2: saves 50.00, gap 2.50 %"
    assert proposal_lines(proposals.with_columns(purchases=0, transfers=0), "EUR") == []
