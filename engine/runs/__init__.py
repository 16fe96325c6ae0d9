"""Published runs: where they are, one opened for reading, what it decided and why, two set side by side."""

from __future__ import annotations

from engine.runs.run import Run, open_run

__all__ = ["Run", "open_run"]
