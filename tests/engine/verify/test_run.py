"""A good run passes every check; every way to spoil it is caught by the check that is meant to."""

from __future__ import annotations

from pathlib import Path

import polars as pl
import pytest

from engine.verify import verify_run


def test_a_good_run_passes_every_check(run_files, tmp_path: Path) -> None:
    report = verify_run(run_files.write(tmp_path / "run"))
    assert report.is_ok, report.render()
    assert all(check.num_checked > 0 for check in report.checks), report.render()
