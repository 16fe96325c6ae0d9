"""The folders of runs: what they and the files in them are called, which are published, which is the latest."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from engine.errors import UsageError

DIRECTORY: Final = "runs"
STAGING: Final = ".staging"
MANIFEST: Final = "manifest.json"
SETTINGS: Final = "settings.json"
PAGE: Final = "report.html"


def night_name(as_of: datetime) -> str:
    """Give a night as a folder name: 2026-11-22T220000Z."""
    return as_of.astimezone(UTC).strftime("%Y-%m-%dT%H%M%SZ")


def run_directory(workspace: Path, as_of: datetime, run_id: str) -> Path:
    """Give where readers find a run of a workspace."""
    return workspace / DIRECTORY / night_name(as_of) / run_id


def published(workspace: Path) -> list[Path]:
    """List the run directories of a workspace, the latest last."""
    # A staged run is written, manifest and all, in a folder that begins with a dot.
    found = (path.parent for path in (workspace / DIRECTORY).glob(f"[!.]*/*/{MANIFEST}"))
    return sorted(found, key=_rank)


def _rank(run: Path) -> tuple[str, str, str]:
    manifest = read_manifest(run)
    return manifest["as_of"], manifest["measured"]["published_at"], manifest["run_id"]


def read_manifest(run: Path) -> dict[str, Any]:
    """Read the manifest of a run.

    Raises
    ------
    UsageError
        When the directory holds no readable manifest.
    """
    try:
        manifest: dict[str, Any] = json.loads((run / MANIFEST).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise UsageError(f"{run} is not a published run: {MANIFEST} cannot be read ({error}).") from error
    return manifest


def find_run(place: Path) -> Path:
    """Give a run directory: the place itself, or the latest run of the workspace there.

    Raises
    ------
    UsageError
        When there is none.
    """
    if (place / MANIFEST).is_file():
        return place
    runs = published(place)
    if not runs:
        raise UsageError(
            f"{place} is neither a run directory nor a workspace with a published run. Make one with: ordermill run {place}"
        )
    return runs[-1]
