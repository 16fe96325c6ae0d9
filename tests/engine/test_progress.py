"""Progress: one row a stage, and a bar only where someone sees it."""

from __future__ import annotations

import io
import sys

import polars as pl
import pytest

from engine.contracts.outputs import STAGE_SECONDS
from engine.progress import STAGES, StageClock, peak_memory_mib


def test_every_stage_gives_a_row_in_turn():
    clock = StageClock(shows_bars=False)
    for name in STAGES:
        with clock.stage(name):
            pass
    frame = clock.frame()
    assert frame.schema == pl.Schema(STAGE_SECONDS.schema)
    assert frame["stage"].to_list() == list(STAGES)
    assert (frame["seconds"] >= 0).all()
    assert frame["peak_memory_mib"].is_sorted()
    assert 0 < frame["peak_memory_mib"][0] <= peak_memory_mib()


def test_a_stage_that_fails_is_not_reported_as_done():
    clock = StageClock(shows_bars=False)
    with pytest.raises(ValueError, match="broken"), clock.stage("load"):
        raise ValueError("broken")
    assert clock.frame().is_empty()


def test_no_bars_where_standard_error_is_no_terminal(monkeypatch):
    monkeypatch.setattr(sys, "stderr", io.StringIO())
    clock = StageClock()
    assert not clock.shows_bars
    with clock.stage("load"):
        pass
    assert sys.stderr.getvalue() == ""


def test_a_terminal_sees_the_stage_and_its_place_among_all(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "100")
    clock = StageClock(shows_bars=True)
    with clock.stage("quote"):
        pass
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "quote" in shown.err
    assert f"3/{len(STAGES)}" in shown.err


def test_a_run_times_all_its_stages(small_run):
    assert small_run.stage_seconds["stage"].to_list() == list(STAGES[:-2])
