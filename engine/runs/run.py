"""A published run, opened for reading."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any, Final

import polars as pl

from engine.contracts import INPUTS, OUTPUTS, REPORTS, TABLES
from engine.drawing.drawing import Drawing, draw_order
from engine.errors import UsageError
from engine.inputs import Inputs
from engine.runs.explanation import Explanation, explain_order
from engine.runs.folders import SETTINGS, find_run, read_manifest

_OUTPUTS: Final = tuple(sorted(table.name for table in (*OUTPUTS, *REPORTS)))


@dataclass(frozen=True)
class Run:
    """A published run, opened for reading; every table of it is an attribute, such as `run.shipments`.

    Parameters
    ----------
    directory
        The run directory.
    """

    directory: Path

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """The manifest."""
        return read_manifest(self.directory)

    @cached_property
    def settings(self) -> dict[str, Any]:
        """The settings it was planned with, by section and name."""
        settings: dict[str, Any] = json.loads((self.directory / SETTINGS).read_text(encoding="utf-8"))
        return settings

    @property
    def run_id(self) -> str:
        """Identifier of the run."""
        return str(self.manifest["run_id"])

    @property
    def as_of(self) -> datetime:
        """The night."""
        return datetime.fromisoformat(self.manifest["as_of"])

    @property
    def summary(self) -> dict[str, Any]:
        """Counts, cost by component, bound, gap: the one row of `plan_summary`."""
        return self.table("plan_summary").row(0, named=True)

    @cached_property
    def inputs(self) -> Inputs:
        """The canonical input tables as they stood; a run of an older version lacks the newer ones."""
        folder, known = self.directory / "inputs", self.manifest["inputs"]
        return Inputs.from_frames(
            {table.name: pl.read_parquet(folder / f"{table.name}.parquet") for table in INPUTS if table.name in known}
        )

    def table(self, name: str) -> pl.DataFrame:
        """Read an output table.

        Raises
        ------
        UsageError
            When the run has no such table.
        """
        path = self.directory / f"{name}.parquet"
        if name not in _OUTPUTS or not path.is_file():
            raise UsageError(
                f"run {self.run_id} has no table {name}; it has {', '.join(sorted(self.manifest['outputs']))}."
            )
        return pl.read_parquet(path)

    def explain(self, order_id: str) -> Explanation:
        """Say why an order ships as it does, and what the alternatives cost.

        Raises
        ------
        UsageError
            When the order was not open that night.
        """
        return explain_order(self, order_id)

    def draw(self, order_id: str | None = None) -> Drawing:
        """Draw the parcels of an order, each item where it lies.

        Raises
        ------
        UsageError
            When no order is named, or no parcel of it leaves that night.
        """
        return draw_order(self, order_id)

    def __getattr__(self, name: str) -> pl.DataFrame:
        """Give the output table of that name."""
        if name not in _OUTPUTS:
            place = f"; run.inputs.{name} is the table as it was read" if name in TABLES else ""
            raise AttributeError(f"a run has no attribute {name}{place}. Its tables are {', '.join(_OUTPUTS)}.")
        return self.table(name)

    def __dir__(self) -> list[str]:
        """List what a notebook may offer to complete."""
        return sorted({*super().__dir__(), *_OUTPUTS})


def open_run(place: str | Path) -> Run:
    """Open a run directory, or the latest run of a workspace.

    Raises
    ------
    UsageError
        When there is none.
    """
    return Run(find_run(Path(place)))
