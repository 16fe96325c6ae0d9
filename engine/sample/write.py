"""Writing a workspace: the inbox, one file a table, and its settings."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Final

import polars as pl

from engine.contracts import TABLES

ROWS_IN_CSV: Final = 5_000
"""Larger tables are written as Parquet."""
INBOX: Final = "inbox"


def write_inbox(workspace: Path, tables: Mapping[str, pl.DataFrame]) -> None:
    """Write each table into the workspace's inbox, in the column order and types of its contract; columns may be absent.

    Small tables become CSV, which people can read and compare; large ones Parquet. A file of the same table in the
    other format is removed, since the inbox would otherwise hold it twice.

    Parameters
    ----------
    workspace
        Folder of the workspace; made where missing.
    tables
        Frames by table name.
    """
    inbox = workspace / INBOX
    inbox.mkdir(parents=True, exist_ok=True)
    for name, frame in tables.items():
        canonical = frame.select(
            pl.col(column).cast(dtype) for column, dtype in TABLES[name].schema.items() if column in frame.columns
        )
        as_csv, as_parquet = inbox / f"{name}.csv", inbox / f"{name}.parquet"
        if len(canonical) <= ROWS_IN_CSV:
            canonical.write_csv(as_csv, datetime_format="%Y-%m-%dT%H:%M:%SZ", time_format="%H:%M:%S")
            as_parquet.unlink(missing_ok=True)
        else:
            canonical.write_parquet(as_parquet, compression="zstd")
            as_csv.unlink(missing_ok=True)
