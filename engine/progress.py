"""Progress: how long each stage took and how much memory, with bars on a terminal and nowhere else."""

from __future__ import annotations

import resource
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Final

import polars as pl

from engine.contracts.outputs import STAGE_SECONDS

STAGES: Final = ("load", "receive", "quote", "assign", "pick", "ship", "report", "verify", "publish")


def peak_memory_mib() -> int:
    """Give the highest memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


@dataclass
class StageClock:
    """Times the stages of a run.

    Parameters
    ----------
    shows_bars
        Whether to draw a bar a stage; on by default where standard error is a terminal.
    """

    shows_bars: bool = field(default_factory=sys.stderr.isatty)
    rows: list[tuple[str, float, int]] = field(default_factory=list)

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Time what happens inside."""
        started = time.perf_counter()
        with self._bar(name):
            yield
        self.rows.append((name, time.perf_counter() - started, peak_memory_mib()))

    @contextmanager
    def _bar(self, name: str) -> Iterator[None]:
        if not self.shows_bars:
            yield
            return
        # The library takes longer to import than a stage of a small night; a run without a terminal never needs it.
        from rich.console import Console  # noqa: PLC0415
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

        number = STAGES.index(name) + 1
        columns = (
            SpinnerColumn(finished_text="✓"),
            TextColumn("{task.description:<9}"),
            BarColumn(bar_width=30),
            TextColumn(f"{number}/{len(STAGES)}"),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=Console(stderr=True)) as progress:
            task = progress.add_task(name, total=None)
            yield
            progress.update(task, total=1, completed=1)

    def frame(self) -> pl.DataFrame:
        """Give the seconds and memory of the stages so far, by contract `stage_seconds`."""
        return pl.DataFrame(self.rows, schema=STAGE_SECONDS.schema, orient="row")
