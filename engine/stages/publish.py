"""Publish: a run directory that appears whole or not at all."""

from __future__ import annotations

import hashlib
import json
import os
import platform
import shutil
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final, Self

import polars as pl
import pyarrow.parquet as pq

from engine.code import code_digest
from engine.config import Settings
from engine.contracts import TABLES
from engine.errors import VerificationError
from engine.inputs import Inputs, latest_plan
from engine.runs import Run
from engine.runs.folders import DIRECTORY, MANIFEST, PAGE, SETTINGS, STAGING, night_name, run_directory
from engine.verify import VerificationReport, verify_run
from solvers.outcome import Outcome

_PACKAGES: Final = ("ordermill", "ortools", "numba", "numpy", "polars", "duckdb", "pyarrow")
_ROWS_A_GROUP: Final = 1_000_000
_REPLAYS_DIFFER: Final = ("stage_seconds",)
"""Tables of measurements: listed in the manifest, left out of what a run id stands for."""


@dataclass
class StagedRun:
    """A run being written, out of sight of readers.

    Parameters
    ----------
    workspace
        The workspace.
    as_of
        The night.
    run_id
        A function of the night, the inputs, the settings, the program's code, and the run whose place it takes.
    night_id
        The same without the run whose place it takes: equal as long as nothing new is known of the night.
    replaces
        The run of the same night whose place it takes; None for the first.
    tables
        The canonical tables as they are written.
    directory
        Where it is written.
    """

    workspace: Path
    as_of: datetime
    run_id: str
    night_id: str
    replaces: str | None
    tables: Inputs
    directory: Path
    settings: Settings
    inputs: dict[str, Any]
    outputs: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def begin(
        cls,
        workspace: Path,
        inputs: Inputs,
        settings: Settings,
        as_of: datetime,
        current: Run | None = None,
        tonights_plan: pl.DataFrame | None = None,
    ) -> Self:
        """Write the inputs and settings, and derive the run id from them.

        Parameters
        ----------
        workspace
            The workspace.
        inputs
            The canonical tables.
        settings
            The settings.
        as_of
            The night.
        current
            The current run of this very night. Where nothing new is known since, the run is that one; else what that one
            planned and may still be moved, `tonights_plan`, goes into table `earlier_plan`.
        tonights_plan
            By contract `earlier_plan`.
        """
        root = workspace / DIRECTORY / STAGING
        directory = root / "next"
        shutil.rmtree(directory, ignore_errors=True)
        (directory / "inputs").mkdir(parents=True)
        listed = {name: _write_table(directory, _input(name), frame) for name, frame in inputs.frames().items()}
        text = json.dumps(settings.model_dump(mode="json"), indent=1, sort_keys=True)
        (directory / SETTINGS).write_text(text, encoding="utf-8")
        hashes = (f"{name} {listed[name]['sha256']}" for name in sorted(listed))
        night_id = _identity(night_name(as_of), version("ordermill"), code_digest(), text, *hashes)
        replaces = None if current is None else current.run_id
        if current is not None and current.manifest.get("night_id") == night_id:
            replaces = current.manifest["replaces"]
            inputs = replace(inputs, earlier_plan=current.inputs.earlier_plan)
        elif tonights_plan is not None:
            inputs = replace(inputs, earlier_plan=latest_plan(inputs.earlier_plan, tonights_plan))
        listed["earlier_plan"] = _write_table(directory, _input("earlier_plan"), inputs.earlier_plan)
        run_id = _identity(night_id, replaces or "", listed["earlier_plan"]["sha256"])
        return cls(workspace, as_of, run_id, night_id, replaces, inputs, directory, settings, listed)

    @property
    def target(self) -> Path:
        """Where readers will find it."""
        return run_directory(self.workspace, self.as_of, self.run_id)

    def write(self, tables: dict[str, pl.DataFrame]) -> None:
        """Write output tables by their contracts."""
        for name, frame in tables.items():
            ordered = frame.select(list(TABLES[name].schema)).cast(TABLES[name].schema)
            self.outputs[name] = _write_table(self.directory, f"{name}.parquet", ordered)

    def write_page(self, html: str) -> None:
        """Write the morning page."""
        (self.directory / PAGE).write_text(html, encoding="utf-8")

    def write_manifest(self, outcome: Outcome, serials: pl.DataFrame) -> None:
        """Write what is in the run and how its solve ended. It comes last: without it there is no run."""
        settings_hash = _sha256(self.directory / SETTINGS)
        manifest = {
            "run_id": self.run_id,
            "night_id": self.night_id,
            "replaces": self.replaces,
            "as_of": self.as_of.astimezone(UTC).isoformat(),
            "versions": {name: version(name) for name in _PACKAGES} | {"python": platform.python_version()},
            "code_sha256": code_digest(),
            "seed": self.settings.night.seed,
            "settings_sha256": settings_hash,
            "settings": {"file": SETTINGS, "sha256": settings_hash},
            "inputs": self.inputs,
            "outputs": self.outputs,
            "solves": [
                {
                    "name": "assignment",
                    "status": outcome.status.value,
                    "stop": outcome.stop.value,
                    "cost": outcome.cost,
                    "bound": outcome.bound,
                }
            ],
            "tracking_serials": serials.to_dicts(),
            "replays_differ": list(_REPLAYS_DIFFER),
            "measured": {"published_at": datetime.now(UTC).isoformat()},
        }
        (self.directory / MANIFEST).write_text(json.dumps(manifest, indent=1), encoding="utf-8")

    def verify(self) -> VerificationReport:
        """Prove the invariants from the files as they stand.

        Raises
        ------
        VerificationError
            When one does not hold; the files stay in the staging folder to be looked at.
        """
        report = verify_run(self.directory)
        if not report.is_ok:
            raise VerificationError(
                f"the plan breaks an invariant; nothing was published. The files are in {self.directory}.\n{report}"
            )
        return report

    def discard(self) -> None:
        """Remove what was written; there is nothing to publish."""
        shutil.rmtree(self.directory.parent, ignore_errors=True)

    def publish(self) -> Path:
        """Make the run visible in one step.

        Returns
        -------
        Path
            The run directory; a run of the same id that is already published stays as it is.
        """
        if self.target.exists():
            self.discard()
            return self.target
        for path in (*self.directory.rglob("*"), self.directory):
            _flush(path)
        self.target.parent.mkdir(parents=True, exist_ok=True)
        self.directory.rename(self.target)
        _flush(self.target.parent)
        _flush(self.target.parent.parent)
        self.discard()
        return self.target


def _input(name: str) -> str:
    return f"inputs/{name}.parquet"


def _identity(*parts: str) -> str:
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:16]


def _write_table(directory: Path, file: str, frame: pl.DataFrame) -> dict[str, Any]:
    path = directory / file
    pq.write_table(frame.to_arrow(), path, compression="zstd", write_page_checksum=True, row_group_size=_ROWS_A_GROUP)
    return {"file": file, "rows": frame.height, "sha256": _sha256(path)}


def _sha256(path: Path) -> str:
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
